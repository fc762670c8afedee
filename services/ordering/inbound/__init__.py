"""Signed order events of partner systems: verified, handed to the same commands as HTTP, each answered by one receipt."""
