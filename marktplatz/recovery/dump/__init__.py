"""Backups: written, listed, verified, sealed and put back."""
