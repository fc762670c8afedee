"""Partner systems on a real broker. A package, so that what its tests share ends with the last of them."""
