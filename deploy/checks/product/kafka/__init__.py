"""Kafka in the manifests: the cluster, the topics, the users and their rights."""
