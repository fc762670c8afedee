"""Brings an overlay into a cluster step by step: needs Python and kubectl, and nothing else of this project."""
