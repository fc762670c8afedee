"""Binding cost information of an offer in a channel (IT-Planungsrat 2022/21): versions, never retroactive, never changed.

There is one per offer and channel, because there is a Bereitstellungsvertrag per offer and channel: what it costs there is split
among those who take part there, and no Anbieter learns who takes part at another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import JsonValue

from services.contracts.costs.reference import NEWEST_KOENIGSTEIN, Json, ReferenceData
from services.contracts.domain.offer import ChannelOffer
from services.contracts.pricing.checks import check
from services.contracts.pricing.given import read
from services.contracts.pricing.keys import OWN_KEYS
from services.contracts.pricing.refusal import RefusedError
from shared.errors import ConflictError, InvalidError
from shared.ids import derived_id
from shared.messages.base import Value
from shared.messages.values import Channel, CostKind, DistributionKey, EntityId, Period, PriceItem

MOST_VERSIONS: Final = 200
EUR: Final = "EUR"


class CostVersion(Value):
    """A version as it was issued. ``items`` have the form of a cost statement's input (``pricing.given.Item``)."""

    version: int
    issued_on: date
    effective_from: date
    items: tuple[dict[str, JsonValue], ...]
    request: EntityId | None = None
    """The request that issued it: a repeat of it issues no second version."""

    def given(self) -> Json:
        """Return it as the input of a cost statement takes it."""
        return self.model_dump(mode="json", exclude={"request"})


def information_id(channel: Channel, offering_id: str) -> str:
    """Return the id of the cost information of an offer in a channel."""
    return derived_id("cost information", channel.value, offering_id)


@dataclass(frozen=True, slots=True)
class Issue:
    """What a Bereitsteller issues: items from a day on, by a request."""

    items: Sequence[Json]
    effective_from: date
    request: str


class CostInformation(Value):
    """The cost information that a Bereitsteller has issued for an offer in a channel.

    The first ``published`` versions are the price sheets of the offer before it. Those after the first ``announced`` ones have
    waited to be announced at contracts since ``unannounced_on``, None if none does.
    """

    id: EntityId
    rev: int = 0
    offering_id: EntityId
    channel: Channel
    versions: tuple[CostVersion, ...]
    published: int
    announced: int = 0
    unannounced_on: date | None = None

    @classmethod
    def begin(cls, offer: ChannelOffer) -> CostInformation:
        """Return the cost information of an offer for which only price sheets were published so far."""
        id_, sheets = information_id(offer.channel, offer.offering_id), versions_of_sheets(offer)
        return cls(id=id_, offering_id=offer.offering_id, channel=offer.channel, versions=sheets, published=len(sheets))

    def issued(self, added: Issue, today: date, reference: ReferenceData) -> CostInformation:
        """Return it with a further version.

        Raises InvalidError (``cost_information_refused``) with the code of the check that fails, ConflictError
        (``too_many_versions``).
        """
        if len(self.versions) >= MOST_VERSIONS:
            raise ConflictError(f"There are {MOST_VERSIONS} versions, which is the most.", code="too_many_versions")
        number = self.versions[-1].version + 1 if self.versions else 1
        version = CostVersion(
            version=number,
            issued_on=today,
            effective_from=added.effective_from,
            items=tuple(added.items),
            request=added.request,
        )
        versions = (*self.versions, version)
        try:
            check_versions(versions, reference)
        except RefusedError as refused:
            raise refusal_of(refused) from refused
        waits = self.unannounced_on is not None
        announced, since = (self.announced, self.unannounced_on) if waits else (len(self.versions), today)
        return self.model_copy(update={"versions": versions, "announced": announced, "unannounced_on": since})


def refusal_of(refused: RefusedError) -> InvalidError:
    """Return a refusal of the price rules as the error of a request."""
    return InvalidError(
        f"The cost information breaks a rule of prices: {refused}.",
        code="cost_information_refused",
        rule=refused.code,
        version=refused.version,
        item=refused.item,
        participant=refused.participant,
    )


def check_versions(versions: Iterable[CostVersion], reference: ReferenceData) -> None:
    """Check versions by the rules of cost statements, for known bodies. Raises RefusedError.

    One whose price sheet was published before the catalogue asked for what a statement needs is checked when it is stated.
    """
    given = [version.given() for version in versions]
    newest = given[-1]
    before = [version | {"items": []} for version in given[:-1]]
    named = {participant for participant in named_in(newest["items"]) if participant in reference.bodies}
    data = {
        "currency": EUR,
        "period": {"from": newest["effective_from"], "to": newest["effective_from"]},
        **reference_parts(given, reference),
        "cost_information": [*before, newest],
        "participants": [participant(reference, id_, [], []) for id_ in sorted(named)],
    }
    check(read(data), None)


def reference_parts(versions: Iterable[Mapping[str, Any]], reference: ReferenceData) -> Json:
    """Return the funding rules and tables that versions name, as far as there are such."""
    items = [item for version in versions for item in version["items"]]
    rules = [reference.funding_rules[id_] for id_ in sorted({it["funding"] for it in items}) if id_ in reference.funding_rules]
    keys = [key for item in items for key in (item["key"], item["fallback_key"])]
    keys += [pool["key"] for rule in rules for pool in rule["pools"]]
    tables = sorted({table for key in keys for table in _tables(key)})
    return {"tables": {name: dict(reference.tables[name]) for name in tables if name in reference.tables}, "funding_rules": rules}


def participant(reference: ReferenceData, id_: str, participations: Sequence[Json], uses: Sequence[Json]) -> Json:
    """Return a body as the input of a cost statement takes it; its target group is not known."""
    body = reference.body(id_)
    return {
        "id": id_,
        "type": body.type,
        "ars": body.ars,
        "population": body.population,
        "target_group": None,
        "participations": list(participations),
        "uses": list(uses),
    }


def named_in(items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the bodies that keys name."""
    for item in items:
        if item["key"]["type"] == "DIREKT":
            yield item["key"]["participant"]


def _tables(key: object) -> Iterator[str]:
    if isinstance(key, Mapping):
        if "table" in key:
            yield key["table"]
        for part in key.get("parts", ()):
            yield from _tables(part["key"])


def versions_of_sheets(offer: ChannelOffer) -> tuple[CostVersion, ...]:
    """Return the price sheets of an offer as versions of its cost information: what was published was binding."""
    return tuple(
        CostVersion(
            version=number,
            issued_on=sheet.issued_on,
            effective_from=sheet.issued_on,
            items=tuple(item_of(line, place) for place, line in enumerate(sheet.items, start=1)),
        )
        for number, sheet in enumerate(offer.sheets, start=1)
    )


def require_statable(offer: ChannelOffer, information: CostInformation | None) -> None:
    """Return if what an offer costs can be told from what was published.

    Raises ConflictError: ``cost_information_needed`` if a cost is to be shared out, the offer has several channels and nobody has
    stated how much of it belongs to this one; ``currency_not_supported`` for a price sheet in another currency than the euro.
    """
    if information is not None:
        return
    lines = [line for sheet in offer.sheets for line in sheet.items]
    if any(line.amount.currency != EUR for line in lines):
        raise ConflictError("Cost statements are made in euro only.", code="currency_not_supported")
    if len(offer.channels) > 1 and any(line.key.value not in OWN_KEYS for line in lines):
        raise ConflictError(
            f"{offer.title} is offered through {', '.join(offer.channels)} and shares a cost out: its Bereitsteller issues cost "
            "information for each, so that nothing is paid twice.",
            code="cost_information_needed",
            channels=[str(channel) for channel in offer.channels],
        )


def item_of(line: PriceItem, place: int) -> Json:
    """Return a line of a price sheet as an item of cost information."""
    key: Json = {"type": line.key.value}
    if line.key is DistributionKey.KOENIGSTEIN:
        key["table"] = NEWEST_KOENIGSTEIN
    first, last = line.valid_from.isoformat(), None if line.valid_to is None else line.valid_to.isoformat()
    once = line.period is Period.EINMALIG and line.key is not DistributionKey.FEST
    return {
        "id": f"{place:03d}",
        "kind": line.kind.value,
        "label": line.label,
        "amount_cents": line.amount.cents,
        "period": line.period.value,
        "valid_from": None if once else first,
        "valid_to": None if once else last,
        "due_on": first if once else None,
        "key": key,
        "decision": "UNANIMOUS",
        "fallback_key": None,
        "funding": "PARTICIPANTS",
        "efa_share_bp": 10_000 if line.kind is CostKind.PLATTFORMNUTZUNG else None,
        "cost_object": None,
    }
