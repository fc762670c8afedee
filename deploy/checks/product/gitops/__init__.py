"""Rules about what Argo CD and Flux apply."""
