"""Inputs of cost statements: of a year that was, and of one that a body would take part in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

from services.contracts.chain.days import OPEN, Interval, day_after, day_before, days_between, plus_months
from services.contracts.costs.information import (
    EUR,
    CostInformation,
    CostVersion,
    Issue,
    information_id,
    named_in,
    participant,
    reference_parts,
    require_statable,
    versions_of_sheets,
)
from services.contracts.costs.participants import Participants, TakingPart, participations_in, uses_in
from services.contracts.costs.reference import Json, ReferenceData, reference_data
from services.contracts.domain.offer import ChannelOffer
from services.contracts.offers.follow import ChannelOffers
from shared.aggregate.condition import Condition
from shared.messages.open_enum import READING
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.contention import Contention
from shared.store.port import Collection, Document, Index, Query, Save

INFORMATION = Collection("cost_information", (Index("unannounced", ("channel", "unannounced_on")),))
_YEAR_OF_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class Priced:
    """An offer in a channel with the versions of what it costs."""

    offer: ChannelOffer
    versions: tuple[CostVersion, ...]


class Costs:
    """What the inputs of cost statements are made of: offers, cost information, participants, reference data."""

    def __init__(self, resources: Resources, offers: ChannelOffers) -> None:
        self.offers = offers
        self.store = resources.store
        self.participants = Participants(resources.store)
        self._folder = resources.data_dir

    async def reference(self) -> ReferenceData:
        """Return the reference data. Raises InvalidError, FileNotFoundError."""
        return await asyncio.to_thread(reference_data, self._folder)

    async def priced(self, offering_id: str, channel: Channel) -> Priced:
        """Return an offer with the versions of its cost information, without any with those of its price sheets.

        Raises NotFoundError, ConflictError (``require_statable``).
        """
        offer, issued = await self.offers.get(offering_id, channel), await self.issued(offering_id, channel)
        require_statable(offer, issued)
        return Priced(offer, versions_of_sheets(offer) if issued is None else issued.versions)

    async def issued(self, offering_id: str, channel: Channel) -> CostInformation | None:
        """Return the cost information that was issued for an offer in a channel, None if none was."""
        document = await self.store.get(INFORMATION, information_id(channel, offering_id))
        return None if document is None else _information(document)

    async def issue(
        self, offer: ChannelOffer, added: Issue, today: date, condition: Condition | None = None
    ) -> tuple[CostVersion, int]:
        """Issue a version and return it with the new revision of the cost information; a repeat of the request changes nothing.

        Raises PreconditionFailedError, WriteConflictError, and as ``CostInformation.issued``.
        """
        contention, reference = Contention("the cost information"), await self.reference()
        while True:
            found = await self.issued(offer.offering_id, offer.channel) or CostInformation.begin(offer)
            repeated = next((version for version in found.versions if version.request == added.request), None)
            if repeated is not None:
                return repeated, found.rev
            if condition is not None:
                condition.require("The cost information", found.rev or None)
            after = found.issued(added, today, reference).model_copy(update={"rev": found.rev + 1})
            if await self._save(after):
                return after.versions[-1], after.rev
            await contention.overtaken()

    async def unannounced(self, channel: Channel, limit: int) -> list[CostInformation]:
        """Return cost information of a channel with versions that were not announced at contracts yet, oldest first."""
        query = Query("unannounced", {"channel": channel.value}, limit=limit)
        return [_information(document) for document in await self.store.find(INFORMATION, query)]

    async def announced(self, information: CostInformation) -> None:
        """Record that all versions of cost information were announced, unless it was changed since it was read."""
        done = information.model_copy(update={"announced": len(information.versions), "unannounced_on": None})
        # The revision stays: whoever issues the next version under it is not disturbed.
        await self.store.save_many(INFORMATION, [Save(_document(done), expected_rev=information.rev)])

    async def _save(self, information: CostInformation) -> bool:
        document = _document(information)
        if information.rev == 1:
            return bool(await self.store.insert_many(INFORMATION, [document]))
        return not await self.store.save_many(INFORMATION, [Save(document, expected_rev=information.rev - 1)])

    async def of_year(self, priced: Priced, year: int, known_at: str, target_groups: Mapping[str, int]) -> Json:
        """Return the input of the statement of a calendar year, with the uses that were known at an instant.

        ``target_groups`` are the figures of bodies, where a cost is shared out by them.
        """
        period = Interval(f"{year}-01-01", f"{year}-12-31")
        reference = await self.reference()
        found = await self.participants.of(priced.offer.channel, priced.offer.offering_id)
        bodies = []
        for body in found.values():
            if any(not days.common(period).empty for days in body.days):
                shown = participations_in(body.days, period), uses_in(body.uses, period)
                bodies.append(_with_target_group(participant(reference, body.organisation, *shown), target_groups))
        return statement_input(period, priced.versions, bodies, reference) | {"known_at": known_at}


def _document(information: CostInformation) -> Document:
    day = information.unannounced_on
    stored = information.model_dump(exclude={"id"})
    return {"_id": information.id, **stored, "unannounced_on": None if day is None else day.isoformat()}


def _information(document: Document) -> CostInformation:
    fields = {"id": document["_id"], **{name: value for name, value in document.items() if name != "_id"}}
    return CostInformation.model_validate(fields, context=READING)


def statement_input(period: Interval, versions: Iterable[CostVersion], bodies: Sequence[Json], reference: ReferenceData) -> Json:
    """Return an input; versions that take effect later are left out, bodies that a key names are there."""
    given = [version.given() for version in versions if version.effective_from.isoformat() <= period.last]
    known = {body["id"] for body in bodies}
    named = {id_ for version in given for id_ in named_in(version["items"])} - known
    return {
        "currency": EUR,
        "period": {"from": period.first, "to": period.last},
        **reference_parts(given, reference),
        "cost_information": given,
        "participants": [*bodies, *(participant(reference, id_, [], []) for id_ in sorted(named))],
    }


@dataclass(frozen=True, slots=True)
class Joining:
    """A body that would take part from a day on, with the uses and the target group that it expects."""

    organisation: str
    first: str
    uses_per_year: int
    target_group: int | None


def forecast(
    period: Interval, priced: Priced, found: Mapping[str, TakingPart], joining: Joining, reference: ReferenceData
) -> Json:
    """Return the input of a period to come: those who take part on the day on which the body joins, and itself.

    Uses of the others are those of the twelve months before that day, spread over the days of the period.
    """
    segments = _segments(period, priced.versions, joining.first) if needs_uses(priced.versions) else []
    bodies = []
    for id_, body in found.items():
        if id_ != joining.organisation and any(first <= joining.first <= last for first, last in body.days):
            expected = _last_year(body.uses, joining.first) if segments else 0
            days = [interval for interval in body.days if interval.last >= joining.first]
            bodies.append(participant(reference, id_, participations_in(days, period), _spread(expected, segments, days)))
    days = [Interval(joining.first, OPEN)]
    uses = _spread(joining.uses_per_year, segments, days)
    own = participant(reference, joining.organisation, participations_in(days, period), uses)
    bodies.append(own | {"target_group": joining.target_group})
    return statement_input(period, priced.versions, sorted(bodies, key=lambda body: str(body["id"])), reference)


def needs_uses(versions: Iterable[CostVersion]) -> bool:
    """Return whether some item goes by uses."""
    return any(_by_uses(item) for version in versions for item in version.items)


def _by_uses(item: Mapping[str, Any]) -> bool:
    keys = [item["key"], *(part["key"] for part in item["key"].get("parts", ()))]
    not_agreed = item["decision"] == "NOT_UNANIMOUS" and item["key"]["type"] not in {"FEST", "DIREKT"}
    return item["period"] == "JE_NUTZUNG" or not_agreed or any(key["type"] == "NUTZUNG" for key in keys)


def _segments(period: Interval, versions: Sequence[CostVersion], joins: str) -> list[Interval]:
    """Return the period, cut wherever the window of an item may begin or end: a report must lie inside it."""
    cuts = {period.first, day_after(period.last), joins}
    for version in versions:
        cuts.add(version.effective_from.isoformat())
        for item in version.items:
            first, last = item["valid_from"], item["valid_to"]
            cuts |= {str(first)} if first else set()
            cuts |= {day_after(str(last))} if last else set()
    inside = sorted(cut for cut in cuts if period.first <= cut <= day_after(period.last))
    return [Interval(first, day_before(after)) for first, after in pairwise(inside)]


def _spread(per_year: int, segments: Iterable[Interval], days: Sequence[Interval]) -> list[Json]:
    return [
        {"from": first, "to": last, "count": per_year * days_between(first, day_after(last)) // _YEAR_OF_DAYS}
        for first, last in segments
        if any(not Interval(first, last).common(taking_part).empty for taking_part in days)
    ]


def _last_year(uses: Iterable[Json], day: str) -> int:
    """Return the uses that were reported for the twelve months before a day, by the newest entries."""
    newest: dict[tuple[str, str], Json] = {}
    for entry in uses:
        place = entry["from"], entry["to"]
        if plus_months(day, -12) <= entry["from"] < day and (place not in newest or newest[place]["rev"] < entry["rev"]):
            newest[place] = entry
    return sum(entry["count"] for entry in newest.values())


def _with_target_group(body: Json, target_groups: Mapping[str, int]) -> Json:
    return body | {"target_group": target_groups.get(body["id"])}
