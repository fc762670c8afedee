"""The bus: events over Kafka as CloudEvents, consumers with their dead letters, topics as the registry declares them."""
