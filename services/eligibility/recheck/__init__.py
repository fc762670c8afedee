"""Re-check: open orders and running contracts get a new verdict when facts, the calendar or the rules change it.

Read in this order: ``watched``, ``events``, ``touched``, ``judgement``, ``progress``, ``runner``.
"""
