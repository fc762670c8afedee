"""Checks of what the project declares, locks and ships."""
