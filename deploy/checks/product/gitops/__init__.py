"""Rules about what Argo CD and Flux are told to apply."""
