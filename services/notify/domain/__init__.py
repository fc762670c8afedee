"""Who is notified of what, by which way, and what has become of it. Pure."""
