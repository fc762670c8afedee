"""Typed offers and known services. What this version does not know of them stays readable as it was received."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, PrivateAttr, ValidationError


@dataclass(frozen=True, slots=True)
class Origin:
    """The record that a state came with: its type and time, and where it stands on the topic."""

    type: str
    time: str
    partition: int
    offset: int


class _Known(BaseModel):
    """Values of lists stay plain texts, so that one of a later version can be read."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Party(_Known):
    """A body that takes part, by id and name."""

    id: str = ""
    name: str = ""


class Listing(_Known):
    """An Anbieter through whom an offer can be ordered."""

    channel: str = ""


class _State(_Known):
    """A public state of the catalog. Fields that a record lacks, or holds in another form, are empty; ``raw`` has them all."""

    id: str = ""
    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    _origin: Origin = PrivateAttr(default=Origin("", "", 0, 0))
    _unreadable: tuple[str, ...] = PrivateAttr(default=())

    @property
    def raw(self) -> dict[str, Any]:
        """The state as received, unknown members included."""
        return self._raw

    @property
    def origin(self) -> Origin:
        """The record that it came with."""
        return self._origin

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Names of fields whose values have another form than this version knows."""
        return self._unreadable

    @classmethod
    def read(cls, raw: dict[str, Any], key: str, origin: Origin) -> Self:
        """Return the typed form of a state; fields of another form are left out and named in ``unreadable``."""
        fields = dict(raw)
        unreadable: list[str] = []
        found: Self | None = None
        while found is None:
            try:
                found = cls.model_validate_json(json.dumps({"id": key, **fields}))
            except ValidationError as error:
                wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]} & fields.keys() or set(fields)
                unreadable += sorted(wrong)
                fields = {name: value for name, value in fields.items() if name not in wrong}
        found._raw, found._origin, found._unreadable = raw, origin, tuple(unreadable)  # noqa: SLF001 - its own
        return found


class Offer(_State):
    """An offer in its public state. ``state`` is the marketplace's word for it, one of a later version too."""

    state: str = ""
    version: int | None = None
    title: str = ""
    summary: str = ""
    provider: Party | None = None
    topic_id: str | None = None
    ozg_ids: tuple[str, ...] = ()
    leika_keys: tuple[str, ...] = ()
    anbindungsarten: tuple[str, ...] = ()
    channels: tuple[Listing, ...] = ()
    reifegrad: int | None = None
    published_at: AwareDatetime | None = None
    changed_at: AwareDatetime | None = None


class KnownService(_State):
    """An EfA service that is known to exist and that nobody offers here yet."""

    title: str = ""
