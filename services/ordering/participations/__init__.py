"""Klienten of Vorgänge: what the Bündler asks of them, and what each of them reads and answers."""
