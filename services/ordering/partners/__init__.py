"""The partner registry: where partners and their quarantine lie, what is done with them, and the keys of our receipts."""
