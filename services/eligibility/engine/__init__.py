"""The in-house pre-check (§ 108 GWB) as a pure function: facts, evidence, request and rule set in, answer out.

Nothing here reads a clock, a store or a file other than the rule sets that are part of the program. Read in this order:
``verdicts``, ``facts``, ``request``, ``rule_sets``, ``faults``, ``world``, ``day``, ``bodies``, ``paths``, ``routes``,
``portal``, ``leg``, ``evaluate``.
"""
