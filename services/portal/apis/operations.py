"""What the operator's pages read of every service about itself: its process, its consumer groups, their dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.portal.apis.client import Access, Api, Parameters, Reply, segment
from shared.errors import NotFoundError


class Check(Reply):
    """Something that a process needs to be ready."""

    name: str
    holds: bool


class Member(Reply):
    """A process in a consumer group."""

    process: str
    version: str | None
    started_at: datetime | None


class Group(Reply):
    """A consumer group by what the broker says."""

    group: str
    state: str
    members: tuple[Member, ...]
    lag: int
    open_letters: int

    @property
    def versions(self) -> list[str]:
        """The versions that its members run, that of most members first; none of those that state none."""
        return [version for version, _ in Counter(it.version for it in self.members if it.version is not None).most_common()]

    @property
    def since(self) -> datetime | None:
        """Since when the member runs that was started last."""
        return max((it.started_at for it in self.members if it.started_at is not None), default=None)


class ServiceState(Reply):
    """A service: the process of its API that has answered, and its groups, None while the broker is away."""

    service: str
    version: str
    started_at: datetime
    ready: bool
    checks: tuple[Check, ...]
    groups: tuple[Group, ...] | None

    @property
    def lacking(self) -> list[str]:
        """What the process lacks to be ready."""
        return [it.name for it in self.checks if not it.holds]


class Letter(Reply):
    """A dead letter in the list of its group."""

    id: str
    group: str
    topic: str
    partition: int
    offset: int
    died_at: datetime
    code: str
    reason: str
    attempts: int
    key: str | None
    type: str | None
    settled: bool
    replayable: bool


class Letters(Reply):
    """A page of dead letters."""

    items: tuple[Letter, ...]
    next: str | None


class LetterHeader(Reply):
    """A header of the record; its content is None where it is not for operators."""

    name: str
    size: int
    content: str | None


class LetterField(Reply):
    """A field of the record's body, without its value."""

    pointer: str
    kind: str
    size: int | None


class LetterValue(Reply):
    """What the record's value is like."""

    size: int
    sha256: str
    fields: tuple[LetterField, ...]
    cut: bool


class LetterDecision(Reply):
    """What an operator has decided about a dead letter."""

    action: str
    by: str
    at: datetime
    reason: str


class WholeLetter(Letter):
    """One dead letter."""

    headers: tuple[LetterHeader, ...]
    value: LetterValue | None
    decisions: tuple[LetterDecision, ...]


class Operations:
    """Reads of each service what it says of itself, and has its dead letters replayed or discarded."""

    def __init__(self, apis: Iterable[Api]) -> None:
        self._apis = {it.name: it for it in apis}

    @property
    def services(self) -> list[str]:
        """The names of the services."""
        return list(self._apis)

    async def state(self, access: Access, service: str) -> ServiceState:
        """Return how a service stands. Raises as ``Api.get``."""
        return await self._apis[service].get(f"/v1/operations/{service}", ServiceState, access=access)

    async def letters(self, access: Access, group: str, parameters: Parameters) -> Letters:
        """Return a page of a group's dead letters. Raises as ``Api.get``."""
        return await self._of(group).get(_letters(group), Letters, parameters, access=access)

    async def letter(self, access: Access, group: str, letter_id: str) -> WholeLetter:
        """Return one dead letter. Raises as ``Api.get``."""
        return await self._of(group).get(f"{_letters(group)}/{segment(letter_id)}", WholeLetter, access=access)

    async def decide(self, access: Access, group: str, letter_id: str, step: str, *, key: str, body: dict[str, Any]) -> None:
        """Have a dead letter replayed or discarded. Raises as ``Api.post``."""
        path = f"{_letters(group)}/{segment(letter_id)}/{segment(step)}"
        await self._of(group).post(path, key=key, access=access, body=body)

    def _of(self, group: str) -> Api:
        found = self._apis.get(_service(group))
        if found is None:
            raise NotFoundError(f"No service has a consumer group {group}.", code="group_not_found", group=group)
        return found


def _service(group: str) -> str:
    return group.partition(".")[0]


def _letters(group: str) -> str:
    return f"/v1/operations/{_service(group)}/groups/{segment(group)}/dead-letters"
