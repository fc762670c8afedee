"""The work of each command: run it and print the result."""
