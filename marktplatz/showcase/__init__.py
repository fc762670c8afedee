"""The Schaufenster as a portal of others shows it: from the topics for portals, followed by the kit that they use too."""
