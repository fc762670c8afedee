"""The archive at work: its log in the store, who writes it, what is exported, erased and audited."""
