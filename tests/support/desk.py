"""The groups and dead letters of a service in memory, as a broker would have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from shared.bus.dead_letters.letter import DeadLetter, Reason, unknown_letter
from shared.errors import BusUnavailableError
from shared.operations.desk import FoundLetter, GroupState
from shared.release import ClientName

AT = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)


def letter(
    offset: int = 0,
    *,
    group: str = "ordering.verdicts",
    code: str = "schema",
    text: str = "verdict: missing",
    key: bytes | None = b"o-1",
    value: bytes | None = b"{}",
    headers: tuple[tuple[str, bytes | None], ...] = (("ce_type", b"eligibility.verdict.reached.v1"),),
    died_at: datetime = AT,
) -> DeadLetter:
    """Return a dead letter of partition 0, whose record stood at the same offset of its topic."""
    reason = Reason(code, text, "eligibility.verdict.v1", 0, offset, group, died_at)
    return DeadLetter(0, offset, reason, key, value, headers)


@dataclass
class MemoryDesk:
    """A desk whose broker is ``away`` or answers. ``sent`` and ``discarded`` name what was done, by group and id."""

    found: list[FoundLetter] = field(default_factory=list)
    members: tuple[ClientName, ...] = (ClientName("worker", "0.2.0", AT),)
    lag: int = 0
    away: bool = False
    sent: list[tuple[str, str]] = field(default_factory=list)
    discarded: list[tuple[str, str]] = field(default_factory=list)

    def bury(self, *letters: DeadLetter, attempts: int = 1) -> None:
        """Add dead letters."""
        self.found += [FoundLetter(it, settled=False, attempts=attempts) for it in letters]

    async def groups(self, names: Sequence[str]) -> list[GroupState]:
        self._require_broker()
        return [GroupState(name, "Stable", self.members, self.lag, len(await self._open(name))) for name in names]

    async def letters(self, group: str) -> list[FoundLetter]:
        self._require_broker()
        return sorted((it for it in self.found if it.letter.reason.group == group), key=lambda it: it.position)

    async def letter(self, group: str, letter_id: str) -> FoundLetter | None:
        return next((it for it in await self.letters(group) if it.letter.id == letter_id), None)

    async def replay(self, group: str, letter_id: str) -> None:
        await self._settle(group, letter_id)
        self.sent.append((group, letter_id))

    async def discard(self, group: str, letter_id: str) -> None:
        await self._settle(group, letter_id)
        self.discarded.append((group, letter_id))

    async def _open(self, group: str) -> list[FoundLetter]:
        return [it for it in await self.letters(group) if not it.settled]

    async def _settle(self, group: str, letter_id: str) -> None:
        found = await self.letter(group, letter_id)
        if found is None:
            raise unknown_letter(group, letter_id)
        self.found[self.found.index(found)] = replace(found, settled=True)

    def _require_broker(self) -> None:
        if self.away:
            raise BusUnavailableError("The broker does not answer.")
