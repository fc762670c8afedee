"""Yearly statements (Abrechnungen): made by jobs of an Anbieter, stored with their inputs, never changed, archived."""
