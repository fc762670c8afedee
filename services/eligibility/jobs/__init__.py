"""Pre-checks of many orders at once: the matrix of a day, and what would change if a fact ended; computed in the worker."""
