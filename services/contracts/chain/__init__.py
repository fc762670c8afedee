"""The chain of contracts behind an offering as pure functions: channels, bodies, contracts and a question in, the answer out.

Nothing here reads a clock, a store or a file. Read in this order: ``days``, ``contract``, ``given``, ``world``, ``links``,
``violations``; then one module for each question: ``write``, ``completeness`` (with ``plans``), ``notice``, ``price_change``,
``agb_change``; ``answers`` puts them together.
"""
