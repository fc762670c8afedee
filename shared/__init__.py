"""What all services share: messages, topics, store, bus and HTTP mechanics. Imports no service."""
