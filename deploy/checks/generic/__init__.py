"""Checks that any project with kustomizations could use: nothing here knows this product."""
