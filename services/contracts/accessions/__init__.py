"""Accessions (Beitritte): one body declares that it uses what the contract of its Land or Kreis passes on."""
