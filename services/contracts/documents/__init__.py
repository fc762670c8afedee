"""Contracts, annexes and statements as PDF/A-3, and statements as XRechnung: made of stored JSON alone.

``templates/`` and ``fonts/`` are data. ``typst``, which typesets, is only imported where a document is made: it comes with the
extra ``documents`` and is in an image of its own.
"""
