"""The audit of the whole store of contracts: numbers, contracts, archive. It reads a portion at a time."""
