"""What a service shows and lets its operator do about itself: its process, its consumer groups, their dead letters."""
