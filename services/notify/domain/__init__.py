"""Who is told what, by which way, and what has become of it. Pure."""
