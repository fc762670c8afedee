"""Storage: one small port, an adapter for SQLite and one for MongoDB, chosen by URL."""
