"""Changes of a running contract's agreed text: proposed by one side, agreed by both, a new version then."""
