"""What a party is shown of chains: the contracts around its own as a tree, and what it still lacks for a use."""
