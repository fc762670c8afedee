"""Examples and guides beside a running marketplace. A package, so that what its tests share ends with the last of them."""
