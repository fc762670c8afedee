"""The channels there are: one file ``<channel>.json`` each, beside this module.

A file holds what the whole marketplace knows of an Anbieter (names, labels), and under the name of a service what that service
alone reads: ``eligibility`` the ``excluded_types`` of bodies of a channel that no rule set names, ``contracts`` the versions of
the AGB, what contracts of a chain must keep to, and what is agreed in them where nothing else is recorded (``terms``),
and up to which sum the processor countersigns by itself (``signing.automatic_up_to_cents``, null: always).
"""

from __future__ import annotations

import json
import keyword
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.errors import InvalidError

FOLDER: Final = Path(__file__).parent
RESERVED: Final = frozenset({"api", "worker", "all", "migrate", "store", "contract"})
"""Names that the processes, secrets and topics of the contracts service have already."""

_ID: Final = re.compile(r"[a-z][a-z0-9]{0,30}")
_Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class ChannelFile(BaseModel):
    """One channel: ``short_name`` of the Anbieter for sentences, its legal ``name`` for contracts, ``labels`` by language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str
    short_name: _Text
    name: _Text
    labels: Annotated[dict[Literal["de", "en"], _Text], Field(min_length=2)]
    eligibility: dict[str, Any] = {}
    contracts: dict[str, Any]


def channel_ids(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the ids of all channels in a fixed order: the names of the files. Raises InvalidError for a name that is no id.

    An id is part of topics, Kubernetes objects, index fields and modules, so it is a word of lower-case letters and digits.
    """
    ids = sorted(path.stem for path in folder.glob("*.json"))
    for found in ids:
        if not _ID.fullmatch(found) or keyword.iskeyword(found) or found in RESERVED:
            raise InvalidError(
                f"{found}.json names no channel: an id is a word of at most 31 lower-case letters and digits that begins with a "
                f"letter, no keyword of Python and none of {', '.join(sorted(RESERVED))}. Rename the file.",
                code="channel_id_invalid",
                channel=found,
            )
    if not ids:
        raise InvalidError(f"{folder} holds no file of a channel.", code="channel_file_invalid", folder=str(folder))
    return tuple(ids)


@lru_cache
def channel_file(channel: str, folder: Path = FOLDER) -> ChannelFile:
    """Return the file of a channel. Raises InvalidError if it is missing, malformed or speaks of another channel."""
    path = folder / f"{channel}.json"
    try:
        found = ChannelFile.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise InvalidError(f"{path.name}: {error}", code="channel_file_invalid", channel=channel) from error
    if found.channel != channel:
        raise InvalidError(
            f"{path.name} speaks of the channel {found.channel}. File name and 'channel' must be the same.",
            code="channel_file_invalid",
            channel=channel,
        )
    return found


def channel_labels(language: Literal["de", "en"]) -> dict[str, str]:
    """Return the label of each channel in a language, by id. Raises InvalidError as ``channel_file``."""
    return {channel: channel_file(channel).labels[language] for channel in channel_ids()}
