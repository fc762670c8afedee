"""Human words for the values of enumerations, by language."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from shared.channels import channel_labels
from shared.messages.open_enum import OpenEnum
from shared.messages.values import Channel

LANGUAGES: Final[tuple[Literal["de", "en"], ...]] = ("de", "en")


@dataclass(frozen=True, slots=True)
class Labels:
    """Human words for the values of enumerations, in one language."""

    language: str
    words: dict[str, dict[str, str]]

    def of(self, value: StrEnum) -> str:
        """Return the label of an enumeration's value, of one that this version does not know the value itself.

        Raises KeyError if the data have none.
        """
        if isinstance(value, OpenEnum) and not value.known:
            return value.value
        return self.words[type(value).__name__][value.value]


def read_labels(data_dir: Path, language: Literal["de", "en"]) -> Labels:
    """Return the labels of one language: ``labels/<language>.json``, and those of the channels from their own files."""
    words = json.loads((data_dir / "labels" / f"{language}.json").read_text(encoding="utf-8"))
    return Labels(language, words | {Channel.__name__: channel_labels(language)})


def labels_by_language(data_dir: Path) -> dict[str, Labels]:
    """Return the labels of both languages."""
    return {language: read_labels(data_dir, language) for language in LANGUAGES}
