"""The contract as a record: how it comes into being, what it holds, why it is refused. Pure."""
