"""What the Schaufenster searches: offers and known EfA services, each with what filters compare and what stands in its texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from services.catalog.catalogue import Snapshot, sort_title
from services.catalog.domain.offering import Offering
from services.catalog.rows import Kind, KnownOffering
from shared.messages.values import Channel, Party, Period, PriceItem
from shared.search.index import Zone

MONTHS = 12
CURRENCY = "EUR"


class Filter(StrEnum):
    """What a search can be narrowed by."""

    KIND = "kind"
    TOPIC = "topic_id"
    PROVIDER = "provider"
    STATE = "state"
    STATUS = "status"
    CHANNEL = "channel"
    ANBINDUNGSART = "anbindungsart"
    REIFEGRAD = "reifegrad"
    LEIKA = "leika_key"
    OZG = "ozg_id"
    ORDERABLE = "orderable"
    USED_IN = "used_in"


@dataclass(frozen=True, slots=True)
class InUse:
    """How many bodies reuse an offer by running contracts, and in which Länder; a body whose key names none is in no Land."""

    bodies: int
    laender: tuple[str, ...]

    @classmethod
    def of(cls, numbers: Mapping[str | None, int]) -> InUse | None:
        """Return the sum over the numbers of bodies by Land, None if there are none: a body is in one Land at most."""
        bodies = sum(numbers.values())
        laender = tuple(sorted(land for land, number in numbers.items() if land is not None and number))
        return cls(bodies, laender) if bodies else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One offer or known service in the index. ``values`` holds what each filter compares with.

    ``in_use`` None: no body is known to reuse it.
    """

    id: str
    kind: Kind
    title: str
    sort_title: str
    providers: tuple[Party, ...]
    values: Mapping[Filter, frozenset[str]]
    source: Offering | KnownOffering
    prices: tuple[YearlyPrice, ...] = ()
    in_use: InUse | None = None

    def used(self, in_use: InUse | None) -> Entry:
        """Return the entry with who reuses it."""
        laender = frozenset(() if in_use is None else in_use.laender)
        return replace(self, values={**self.values, Filter.USED_IN: laender}, in_use=in_use)

    @property
    def orderable(self) -> bool:
        """Whether interest can be declared now."""
        return "true" in self.values[Filter.ORDERABLE]

    @property
    def published_at(self) -> datetime | None:
        """When the offer was published, None for a known service."""
        return self.source.published_at if isinstance(self.source, Offering) else None

    @property
    def reifegrad(self) -> int | None:
        """The Reifegrad that the offer states, None for a known service."""
        return self.source.form.reifegrad if isinstance(self.source, Offering) else None

    def yearly_cents(self, on: date) -> int | None:
        """Return what the price sheet charges per year on a day, in cents; None for one that names no such price."""
        amounts = [price.cents for price in self.prices if price.holds(on)]
        return sum(amounts) if amounts else None


@dataclass(frozen=True, slots=True)
class YearlyPrice:
    """What a line of a price sheet charges for a year, in euro cents, net, from its first day to its last."""

    cents: int
    valid_from: date
    valid_to: date | None

    def holds(self, on: date) -> bool:
        """Return whether the price is charged on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def yearly_prices(items: Sequence[PriceItem]) -> tuple[YearlyPrice, ...]:
    """Return the prices per month and year of a sheet, each for a year; what is charged once or per use is left out."""
    times = {Period.MONAT: MONTHS, Period.JAHR: 1}
    return tuple(
        YearlyPrice(item.amount.cents * times[item.period], item.valid_from, item.valid_to)
        for item in items
        if item.period in times and item.amount.currency == CURRENCY
    )


def offering_entry(offering: Offering) -> Entry:
    """Return the entry of a public offer."""
    form = offering.form
    values = {
        Filter.KIND: frozenset((Kind.OFFERING.value,)),
        Filter.TOPIC: frozenset((form.topic_id,) if form.topic_id else ()),
        Filter.PROVIDER: frozenset((offering.provider.id,)),
        Filter.STATE: frozenset((offering.state.value,)),
        Filter.STATUS: frozenset[str](),
        # Of an offer that takes interest, the channels that do: so a channel and "orderable" together mean through that channel.
        Filter.CHANNEL: frozenset(channel.value for channel in offering.orderable_channels or offering.open_channels),
        Filter.ANBINDUNGSART: frozenset(kind.value for kind in form.anbindungsarten),
        Filter.REIFEGRAD: frozenset((str(form.reifegrad),)),
        Filter.LEIKA: frozenset(form.leika_keys),
        Filter.OZG: frozenset(form.ozg_ids),
        Filter.ORDERABLE: frozenset(("true" if offering.orderable_channels else "false",)),
        Filter.USED_IN: frozenset[str](),
    }
    # The long texts are searched, not shown, and of the price sheet only sums are: they are dropped.
    left_out = {"technical_concept": None, "nachnutzung": None, "price_items": ()}
    shown = offering.model_copy(update={"form": form.model_copy(update=left_out)})
    prices = yearly_prices(form.price_items)
    return Entry(offering.id, Kind.OFFERING, form.title, sort_title(form.title), (offering.provider,), values, shown, prices)


def offering_texts(offering: Offering, snapshot: Snapshot) -> Sequence[tuple[Zone, str]]:
    """Return what an offer is found by: also the official names of its keys and of the known service whose place it takes."""
    form = offering.form
    keys = " ".join((*form.leika_keys, *form.ozg_ids, offering.provider.id, offering.provider.name))
    body = " ".join(filter(None, (form.summary, form.nachnutzung, form.technical_concept)))
    names = _names(snapshot, form.ozg_ids, form.leika_keys)
    known = next((row.name for row in snapshot.known if row.id == form.known_listing), "")
    return ((Zone.TITLE, form.title), (Zone.NAMES, f"{known} {names}"), (Zone.KEYS, keys), (Zone.TEXT, body))


def providers_of(row: KnownOffering) -> tuple[Party, ...]:
    """Return the Länder that provide a known service by its source."""
    states = zip(row.provider_states, row.provider_state_names, strict=True)
    return tuple(Party(id=f"DE-{code}", name=name) for code, name in states)


def channels_of(row: KnownOffering) -> tuple[Channel, ...]:
    """Return the Anbieter that the source names, as far as they are known here."""
    return tuple(channel for channel in Channel if (row.channels or "").casefold() == channel.value)


def known_entry(row: KnownOffering) -> Entry:
    """Return the entry of a known EfA service. Its providers are the Länder named in the source."""
    providers = providers_of(row)
    values: dict[Filter, frozenset[str]] = {name: frozenset() for name in Filter}
    values[Filter.KIND] = frozenset((Kind.KNOWN.value,))
    values[Filter.TOPIC] = frozenset((row.topic_id,) if row.topic_id else ())
    values[Filter.PROVIDER] = frozenset(party.id for party in providers)
    values[Filter.STATUS] = frozenset((row.status,))
    values[Filter.CHANNEL] = frozenset(channel.value for channel in channels_of(row))
    values[Filter.OZG] = frozenset(row.ozg_ids)
    values[Filter.ORDERABLE] = frozenset(("false",))
    return Entry(row.id, Kind.KNOWN, row.name, sort_title(row.name), providers, values, row)


def known_texts(row: KnownOffering, snapshot: Snapshot) -> Sequence[tuple[Zone, str]]:
    """Return what a known service is found by."""
    keys = " ".join(
        (row.provider_organisation or "", *row.it_provider, *row.provider_states, *row.provider_state_names, *row.ozg_ids)
    )
    return ((Zone.TITLE, row.name), (Zone.NAMES, _names(snapshot, row.ozg_ids, ())), (Zone.KEYS, keys))


def _names(snapshot: Snapshot, ozg_ids: Sequence[str], leika_keys: Sequence[str]) -> str:
    services = [snapshot.ozg.get(key) for key in ozg_ids]
    entries = [snapshot.leika.get(key) for key in leika_keys]
    return " ".join(row.name for row in (*services, *entries) if row is not None)
