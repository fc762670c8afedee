"""Entries: what the log says of one effect, without personal data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from shared.canonical_json import canonical

FORMAT: Final = "marktplatz-archive-entry/1"
LARGEST: Final = 2**53 - 1
"""Integers beyond this are not the same in every language."""

NonEmpty = Annotated[str, StringConstraints(min_length=1)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Count = Annotated[int, Field(ge=0, le=LARGEST)]


def _second(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Second = Annotated[AwareDatetime, PlainSerializer(_second)]
"""An instant, written in UTC and whole seconds."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Subject(_Part):
    """What an effect happened to: a contract, an accession, a statement, in the version that the effect made of it."""

    id: Uuid
    kind: NonEmpty
    version: Count


class Effect(_Part):
    """An effect to be archived. ``documents`` maps names to SHA-256, ``commitments`` roles to HMAC, both lower-case hex.

    ``effect`` is the type of its event, ``effect_id`` the id of it. Raises ValidationError for what no entry can hold.
    """

    effect: NonEmpty
    effect_id: Uuid
    subject: Subject
    time: Second
    number: NonEmpty | None = None
    state: NonEmpty | None = None
    documents: dict[NonEmpty, Digest] = Field(default_factory=dict)
    commitments: dict[NonEmpty, Digest] = Field(default_factory=dict)

    def entry(self, log: str, seq: int) -> bytes:
        """Return the bytes of its entry at place ``seq`` of the log. Raises ValueError for a place that no entry can have."""
        if not 0 <= seq <= LARGEST:
            raise ValueError(f"{seq} is no place in a log")
        return canonical(
            {
                **self.model_dump(),
                "commitments": [{"role": role, "hmac": code} for role, code in sorted(self.commitments.items())],
                "documents": [{"name": name, "sha256": digest} for name, digest in sorted(self.documents.items())],
                "format": FORMAT,
                "log": log,
                "seq": seq,
            }
        )


class Named(_Part):
    """A document that an entry names by its SHA-256."""

    name: NonEmpty
    sha256: Digest


class _Commitment(_Part):
    role: NonEmpty
    hmac: Digest


class Entry(_Part):
    """An entry as it is read back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commitments: tuple[_Commitment, ...]
    documents: tuple[Named, ...]
    effect: NonEmpty
    effect_id: Uuid
    format: Literal["marktplatz-archive-entry/1"]
    log: NonEmpty
    number: NonEmpty | None
    seq: Count
    state: NonEmpty | None
    subject: Subject
    time: Second

    @classmethod
    def read(cls, raw: bytes) -> Entry:
        """Return the entry in its bytes. Raises ValidationError."""
        return cls.model_validate_json(raw)
