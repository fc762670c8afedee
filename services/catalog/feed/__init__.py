"""The change feed: the catalog topics over HTTP, for portals without Kafka."""
