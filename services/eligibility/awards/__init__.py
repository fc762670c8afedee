"""Awards between two bodies, judged for contracts that rest on their in-house relation."""
