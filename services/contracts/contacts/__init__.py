"""Contact persons of contracts: each party and the Anbieter names its own; the parties read who was named when."""
