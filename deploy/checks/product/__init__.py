"""Checks of what this product's processes need from Kubernetes, Kafka and the GitOps tools."""
