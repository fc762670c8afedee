"""Text in requests that somebody reads: it holds a letter or digit.

What is stored or travels keeps the wider type: texts of before must stay readable.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from shared.messages.partner import Remark
from shared.messages.values import Line, Party, Text


def is_written(text: str) -> bool:
    """Return whether a text says something: blanks, invisible characters and punctuation alone do not."""
    return any(character.isalnum() for character in text)


def _written(text: str) -> str:
    if not is_written(text):
        raise ValueError("the text holds no letter and no digit")
    return text


def _named(party: Party) -> Party:
    _written(party.name)
    return party


Written = Annotated[Text, AfterValidator(_written)]
"""Text of several lines that says something."""

Grounds = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=20), AfterValidator(_written)]
"""On what grounds somebody decides: at least twenty characters that say something, without the blanks around them."""

WrittenLine = Annotated[Line, AfterValidator(_written)]
"""One line of text that says something."""

NamedParty = Annotated[Party, AfterValidator(_named)]
"""A public body whose name says something."""

WrittenRemark = Annotated[Remark, AfterValidator(_written)]
"""Why something is done, or a remark on it: a text that says something."""
