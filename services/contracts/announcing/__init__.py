"""New prices in running contracts: announced at one contract, passed on by those below it by their own terms."""
