"""Routes of the pages, one module per noun."""
