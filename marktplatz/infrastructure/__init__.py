"""The broker that a run on one machine needs: found, or started and ended with the run."""
