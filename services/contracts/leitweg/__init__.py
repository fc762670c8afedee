"""Leitweg-IDs that organisations register: followed, so that their next invoice is addressed by the one of today."""
