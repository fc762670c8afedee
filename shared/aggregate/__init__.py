"""Aggregates: a state, its events and what was applied before lie in one document and are saved in one write."""
