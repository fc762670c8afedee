"""Reasons on the wire: a stable code and typed facts. Sentences are made of them where somebody reads (``shared.reasons``)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Value
from shared.messages.values import Code, Line


class Fact(Value):
    """A named value that a reason rests on: a text that is shown as it is, or a calendar day in Germany."""

    name: Annotated[Code, Field(description="Name of the fact, stable for its code. Not personal.", examples=["offering_title"])]
    text: Annotated[
        Line | None,
        Field(
            description="The value, if it is a text that is shown as it is; names of organisations and services. Not personal.",
            examples=["Sozialplattform"],
        ),
    ] = None
    day: Annotated[
        date | None, Field(description="The value, if it is a calendar day in Germany. Not personal.", examples=["2026-12-31"])
    ] = None
