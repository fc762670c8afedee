"""Reasons on the wire: a stable code and typed facts. Sentences are made of them where somebody reads (``shared.reasons``)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Value
from shared.messages.values import Code, Line, Text


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


RefusalCode = Annotated[Code, Field(description="Stable code of the reason. Not personal.")]
RefusalReason = Annotated[Text, Field(description="The reason in a German sentence, made from code and facts. Not personal.")]
RefusalRemedy = Annotated[
    Text | None,
    Field(description="What would help, in a German sentence; null or absent: nothing is known to. Not personal."),
]
RefusalFacts = Annotated[
    tuple[Fact, ...] | None,
    Field(description="What the sentences are made of; null or absent: nothing. Not personal."),
]
RefusalFactsIfStated = Annotated[
    tuple[Fact, ...] | None,
    Field(description="What the sentences are made of; null or absent in events of a version without it. Not personal."),
]
"""Facts of a refusal that version 0.1.0 told without."""
