"""The kits as people outside use them: from their wheels, in environments of their own, against a running marketplace."""
