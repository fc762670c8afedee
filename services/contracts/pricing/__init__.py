"""Prices of one offering as pure functions: cost information, participants and their uses in, the cost statement out.

Nothing here reads a clock, a store or a file, and nothing is computed with floating point. Sources: Preismodell of the
IT-Planungsrat (2021/24), binding cost information (2022/21), EfA-finanziert (2023/35). Read in this order: ``given``, ``keys``,
``checks``, ``uses``, ``slices``, ``weights``, ``apportioning``, ``pools``, ``statement``; ``answers`` puts them together.
"""
