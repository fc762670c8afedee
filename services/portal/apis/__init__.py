"""Typed clients of the services: of each only the fields that the pages use, unknown ones are ignored."""
