"""Contracts that follow others in time: agreed by the same sides, numbered and told like every contract."""
