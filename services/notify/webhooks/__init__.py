"""Webhooks: an organisation has its own systems called about what lies in its inbox (Standard Webhooks 1.0)."""
