"""Pods against the Pod Security Standards, and what is asked of them beyond."""
