"""What needs a real broker or running processes, part by part."""
