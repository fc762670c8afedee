"""Backups: written, listed, verified, encrypted and restored."""
