"""Reasons on the wire: a stable code and typed facts. Sentences are made of them where somebody reads (``shared.reasons``)."""

from __future__ import annotations

from datetime import date

from shared.messages.base import Value
from shared.messages.values import Code, Line


class Fact(Value):
    """A named value that a reason rests on: a text that is shown as it is, or a calendar day in Germany."""

    name: Code
    text: Line | None = None
    day: date | None = None
