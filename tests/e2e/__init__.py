"""The whole marketplace as running processes. A package, so that what its tests share ends with the last of them."""
