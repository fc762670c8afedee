"""The local store: a SQLite file with the catalog, the offsets that it was read up to, and seals over both."""
