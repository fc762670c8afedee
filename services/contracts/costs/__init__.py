"""Costs of an offer in a channel: binding cost information, who takes part, reported uses, what a body will pay."""
