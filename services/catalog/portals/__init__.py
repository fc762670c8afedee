"""Federated portals: what they report, and how that compares with the catalog's own checkpoints."""
