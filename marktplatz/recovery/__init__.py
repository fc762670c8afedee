"""Backup and restore of all stores, reconciliation of stores and topics, rebuilding of topics, drills."""
