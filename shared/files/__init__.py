"""Files of people, such as evidence documents: a small port, and where they lie."""
