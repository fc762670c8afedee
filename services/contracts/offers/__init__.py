"""Offers of the catalogue as contracts follows them: who provides them, through which Anbieter, with which price sheets."""
