"""The demo: plays the main flow over the public interfaces with real reference data and checks every step."""
