"""Vorgänge that a Kunde orders in one act: each is ordered or refused by itself, and those ordered name the act."""
