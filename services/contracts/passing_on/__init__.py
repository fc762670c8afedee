"""Sub- and Sub-Sub-Nachnutzungsverträge: a Kunde passes on what it uses to a further body."""
