"""The lists of an Anbieter: what waits for it, who is accredited with it, what has ended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from services.eligibility.domain.accreditation import AccreditationRecord
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.organisation_state import closed_at, granted_at, waiting_at
from services.eligibility.domain.transitions import CLOSED, OPEN
from shared.errors import InvalidError
from shared.messages.values import AccreditationState, Channel
from shared.search.contains import contain
from shared.store.port import Scalar

ERTEILT = AccreditationState.ERTEILT


@dataclass(frozen=True, slots=True)
class AccreditationList:
    """Accreditations at the Anbieter of a channel in these states, in the order of an index.

    Of granted ones, which come by their end, those may be asked for that end before a day; of all those of organisations whose
    name or key holds all ``words``.
    """

    channel: Channel
    states: Collection[AccreditationState]
    index: str
    ends_before: date | None = None
    words: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, channel: Channel, state: AccreditationState | None, ends_before: date | None, words: tuple[str, ...] = ()
    ) -> AccreditationList:
        """Return the list that is asked for. Raises InvalidError (``filter_contradicts``) for the end of what is not granted."""
        if ends_before is not None and state not in (None, ERTEILT):
            raise InvalidError(
                f"Only granted accreditations have an end; ask for ends_before without state, or with {ERTEILT}.",
                code="filter_contradicts",
                state=state.value if state else None,
            )
        if state is ERTEILT or ends_before is not None:
            return cls(channel, (ERTEILT,), granted_at(channel), ends_before, words)
        if state in CLOSED:
            return cls(channel, (state,), closed_at(channel), words=words)
        return cls(channel, OPEN if state is None else (state,), waiting_at(channel), words=words)

    @property
    def cursor(self) -> tuple[type, ...]:
        """The kinds of values by which the list goes on."""
        return (str if self.index == granted_at(self.channel) else datetime, str)

    def includes(self, organisation: Organisation) -> bool:
        """Return whether an organisation's name or key holds all words."""
        return contain((organisation.name, organisation.id), self.words)

    def shows(self, record: AccreditationRecord) -> bool:
        """Return whether an accreditation belongs on the list."""
        in_time = self.ends_before is None or (record.valid_to is not None and record.valid_to < self.ends_before)
        return record.channel is self.channel and record.state in self.states and in_time

    def position(self, organisation: Organisation) -> tuple[Scalar, ...]:
        """Return the place of an organisation on the list."""
        if self.index == granted_at(self.channel):
            end = organisation.first_end(self.channel)
            return "" if end is None else end.isoformat(), organisation.id
        waiting = self.index == waiting_at(self.channel)
        since = organisation.waiting_since(self.channel) if waiting else organisation.closed_since(self.channel)
        assert since is not None  # noqa: S101 - for the type checker: it was found by it
        return since, organisation.id
