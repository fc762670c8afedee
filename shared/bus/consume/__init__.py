"""Reading: workers, batches, one commit per batch, broken batches in quarantine."""
