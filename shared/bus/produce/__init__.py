"""Sending: one idempotent producer per line, results per record."""
