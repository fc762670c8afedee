"""A compacted topic, folded in memory: read from the beginning without a group, and followed."""
