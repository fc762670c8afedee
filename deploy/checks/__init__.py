"""Checks of the Kubernetes manifests that need no cluster: ``python -m deploy.checks`` renders every overlay and judges it."""
