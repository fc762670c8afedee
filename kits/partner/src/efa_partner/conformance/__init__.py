"""The conformance run: a partner system and a test environment of the marketplace, tried with good and bad records."""
