"""Contracts: one API for reading, and one separate processor per Anbieter that forms and numbers contracts."""
