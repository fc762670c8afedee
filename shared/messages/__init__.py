"""Wire models. Each module belongs to the service that produces its messages."""
