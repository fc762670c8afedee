"""The archive of contracts as pure functions: entries, the Merkle tree over them, signed checkpoints, bundles for verifiers.

Nothing here reads a clock, a store or a file, and only salts and new keys come from chance.
Sources: RFC 6962 and RFC 9162 for the tree, C2SP
tlog-checkpoint and signed-note for checkpoints. Read in this order: ``entry``, ``commitment``, ``tree``, ``keys``,
``checkpoint``, ``bundle``, ``receipt``.
"""
