"""Begins an epoch of the stores and republishes on the topics what readers must know."""
