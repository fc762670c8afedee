"""The Vorgang: who may take which step when, what it asks of whom, and what it publishes. Pure."""
