"""Who takes part in an offer through a channel, on which days, with which reported uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from services.contracts.chain.contract import BINDING
from services.contracts.chain.days import OPEN, Interval, day_after, shown
from services.contracts.costs.follow import USAGES
from services.contracts.costs.reference import Json
from services.contracts.repository import CONTRACTS
from shared.calendar import day_of
from shared.messages.contracts import Leg
from shared.messages.values import Channel
from shared.store.paging import documents_of
from shared.store.port import Document, Query, Store

_PAGE: Final = 1000
_TERM: Final = ("leg", "state", "customer_id", "order_id", "concluded_at", "valid_from", "valid_to", "ends_on")


@dataclass
class TakingPart:
    """A body with the days on which it takes part, and all entries of its uses."""

    organisation: str
    days: list[Interval] = field(default_factory=list)
    uses: list[Json] = field(default_factory=list)


class Participants:
    """Participants by the contracts and usages in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, channel: Channel, offering_id: str) -> dict[str, TakingPart]:
        """Return who takes or took part in an offer, by id: a body's participations are the terms of its contracts."""
        where = {"channel": channel.value, "offering_id": offering_id}
        usages = Query("offer", where, limit=_PAGE)
        used = {document["organisation"]: document async for document in documents_of(self._store, USAGES, usages)}
        found: dict[str, TakingPart] = {}
        contracts = Query("offering", where, limit=_PAGE, only=(*_TERM, *where))
        async for document in documents_of(self._store, CONTRACTS, contracts):
            organisation = document["customer_id"]
            term = term_of(document, used.get(organisation, {}))
            if term is not None and not term.empty:
                found.setdefault(organisation, TakingPart(organisation)).days.append(term)
        for organisation, body in found.items():
            body.days = united(body.days)
            body.uses = [_entry(entry) for entry in used.get(organisation, {}).get("entries", ())]
        return dict(sorted(found.items()))

    async def offerings(self, channel: Channel) -> list[str]:
        """Return the offers that a channel has contracts for, by id."""
        query = Query("channel", {"channel": channel.value}, limit=_PAGE, only=("offering_id", "concluded_at", "recorded_at"))
        documents = documents_of(self._store, CONTRACTS, query)
        return sorted({document["offering_id"] async for document in documents if document["concluded_at"] is not None})


def term_of(contract: Document, usage: Mapping[str, Any]) -> Interval | None:
    """Return the days of a stored Nachnutzungsvertrag, None for one that is not binding and for those below it.

    It ends with the earliest of its agreed last day, that after a notice, and the last day of use that ordering has told.
    """
    if contract["leg"] != Leg.NACHNUTZUNG or contract["state"] not in BINDING or contract["concluded_at"] is None:
        return None
    first = contract.get("valid_from") or day_of(contract["concluded_at"])
    ends = (contract.get("ends_on"), contract.get("valid_to"), usage.get("ends", {}).get(contract["order_id"]))
    return Interval(_text(first), min((_text(end) for end in ends if end is not None), default=OPEN))


def united(days: Iterable[Interval]) -> list[Interval]:
    """Return intervals without a common day, in order, that hold the same days."""
    found: list[Interval] = []
    for interval in sorted(days):
        if found and (found[-1].last == OPEN or interval.first <= day_after(found[-1].last)):
            found[-1] = Interval(found[-1].first, max(found[-1].last, interval.last))
        else:
            found.append(interval)
    return found


def participations_in(days: Iterable[Interval], period: Interval) -> list[Json]:
    """Return participations as a statement on a period takes them: what happens after it is left out.

    So the input of a year stays the same, whatever becomes of a contract in later years.
    """
    known = (interval for interval in days if interval.first <= period.last)
    return [{"from": first, "to": None if last >= period.last else shown(last)} for first, last in known]


def uses_in(uses: Iterable[Json], period: Interval) -> list[Json]:
    """Return the entries of uses that share a day with a period."""
    return [entry for entry in uses if entry["from"] <= period.last and period.first <= entry["to"]]


def instant(at: datetime) -> str:
    """Return an instant as statements write it: UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(day: str | date) -> str:
    return day if isinstance(day, str) else day.isoformat()


def _entry(stored: Document) -> Json:
    return {
        "from": stored["first"],
        "to": stored["last"],
        "count": stored["count"],
        "rev": stored["rev"],
        "recorded_at": instant(stored["recorded_at"]),
    }
