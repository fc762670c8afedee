"""Texts in pieces, so that a page can show where the words of a query stand without reading marks out of the text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text. ``hit``: it is what was searched for."""

    text: str
    hit: bool


def cut(text: str, hits: list[tuple[int, int]]) -> tuple[Piece, ...]:
    """Return a text in pieces by the places, first and after the last character, that are hits, in order."""
    pieces: list[Piece] = []
    at = 0
    for start, end in hits:
        if start > at:
            pieces.append(Piece(text[at:start], hit=False))
        pieces.append(Piece(text[start:end], hit=True))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:], hit=False))
    return tuple(pieces)
