"""One process: what a service is to it, its settings, logs, metrics, and how it runs and drains."""
