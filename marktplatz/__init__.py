"""The product: assembles the services, runs them, and is the one command line."""
