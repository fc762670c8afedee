"""Compares stores among each other and with the topics, and names every difference."""
