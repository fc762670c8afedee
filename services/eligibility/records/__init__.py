"""Verdicts of record: an answer of the engine with the facts and documents used, stored for ever and replayed at any time.

Read in this order: ``judge``, ``assessment``, ``record``, ``api``.
"""
