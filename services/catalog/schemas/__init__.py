"""Requests and answers of the catalog's API."""
