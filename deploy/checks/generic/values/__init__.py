"""What single values must look like: the API server's own rules for them, which its published schemas do not hold."""
