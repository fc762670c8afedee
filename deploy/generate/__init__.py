"""What the Kubernetes manifests hold about Kafka, made from the topic registry."""
