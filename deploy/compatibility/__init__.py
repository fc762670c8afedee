"""The compatibility gate: what a version changes on the messages of the one released before it."""
