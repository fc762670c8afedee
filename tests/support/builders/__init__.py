"""Messages and aggregates as tests of every level need them."""
