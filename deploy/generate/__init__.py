"""What the Kubernetes manifests have to say about Kafka, made from the topic registry."""
