"""What every API has: problems, callers, idempotency, paging, ETags, probes, documentation."""
