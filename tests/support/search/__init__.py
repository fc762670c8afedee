"""Judged queries for search, and what is computed from them."""
