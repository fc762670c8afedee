"""The product: assembles the services, runs them, and is the one command line."""

VERSION = "0.1.0"
"""The product's version, as in pyproject.toml: the image runs the sources and has no package metadata to ask."""
