"""Dead letters: the original record with its reason, listed, shown and replayed to the group that refused it."""
