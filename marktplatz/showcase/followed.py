"""What the portal kit has followed, as offers and known services of the catalog: read again where it has changed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ValidationError

from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import DESCRIPTION, Offering
from services.catalog.rows import KnownOffering
from shared.errors import RetryableError
from shared.http.caller import Caller
from shared.messages import catalog as messages
from shared.messages.open_enum import READING
from shared.messages.values import OfferingState

if TYPE_CHECKING:
    from efa_portal import Catalog

LOOK_SECONDS = 1.0

log = structlog.get_logger()


class CatalogNotFollowedError(RetryableError):
    """The store of the portal kit holds no whole catalog yet, or cannot be read now."""

    code = "catalog_not_followed"


@dataclass(frozen=True, slots=True)
class _Read:
    """What one look at the kit's store found; None for what is gone. ``whole``: everything, not only what has changed."""

    cursor: str
    offers: Mapping[str, dict[str, Any] | None]
    known: Mapping[str, dict[str, Any] | None]
    whole: bool


class Followed:
    """Offers and known services in memory, beside the kit's follower, which may be another process.

    The store is looked at once a second at most. While it cannot be read, what was read before is shown: a portal is never empty
    because its follower builds a new state.
    """

    def __init__(self, store: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Read the kit's store at a path. Raises ModuleNotFoundError without the kit (``pip install ./kits/portal``)."""
        from efa_portal import Catalog  # noqa: PLC0415 - the product is whole without the kit; only this needs it

        self._catalog: Catalog = Catalog(store)
        self._monotonic = monotonic
        self._cursor: str | None = None
        self._offers: dict[str, tuple[Offering, int]] = {}
        self._known: dict[str, KnownOffering] = {}
        self._rev = 0
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self.known_rev = 0
        """Rises when another known service is on the list, or another one's place is taken."""

    async def refresh(self) -> None:
        """Read what has changed. Raises CatalogNotFollowedError until there is a whole catalog."""
        async with self._looking:
            if self._monotonic() - self._looked_at < LOOK_SECONDS:
                return
            try:
                self._take(await asyncio.to_thread(self._look))
            except CatalogNotFollowedError as error:
                if self._cursor is None:
                    raise
                log.warning("showcase_not_refreshed", detail=error.detail)
            self._looked_at = self._monotonic()

    async def find(self, offering_id: str, caller: Caller | None) -> tuple[Offering, int] | None:
        """Return a public offer with its revision, or None: nobody is known here who could see more."""
        del caller
        await self.refresh()
        found = self._offers.get(offering_id)
        return found if found is not None and found[0].is_public else None

    async def changes_since(self, since: datetime | None) -> AsyncIterator[tuple[str, int, datetime]]:
        """Yield id, revision and time of all offers: they are in memory, and revisions tell which have changed."""
        del since
        await self.refresh()
        for offering_id, (offering, rev) in list(self._offers.items()):
            yield offering_id, rev, offering.changed_at

    async def searched(self, ids: Sequence[str]) -> AsyncIterator[list[tuple[Offering, int]]]:
        """Yield offers by id."""
        yield [self._offers[offering_id] for offering_id in ids]

    def known(self, stated: Sequence[KnownOffering]) -> tuple[KnownOffering, ...]:
        """Return the known services: those on the topic, and of those in the reference data the ones that an offer replaces.

        A replaced one has left the topic; its name still leads to the offer, and its page stays.
        """
        replaced = self._replaced()
        rows = {row.id: row for row in stated if row.id in replaced} | self._known
        return tuple(rows[key] for key in sorted(rows))

    def _replaced(self) -> frozenset[str]:
        return frozenset(it.form.known_listing for it, _ in self._offers.values() if it.is_public and it.form.known_listing)

    def _look(self) -> _Read:
        from efa_portal import PortalError  # noqa: PLC0415 - as above

        try:
            if self._cursor is not None:
                found = self._catalog.changes(self._cursor)
                if not found.reset:
                    changed = {(change.kind, change.id) for change in found.items}
                    offers = {key: self._catalog.find_offer(key) for kind, key in changed if kind == "offer"}
                    services = {key: self._catalog.find_known_service(key) for kind, key in changed if kind != "offer"}
                    return _Read(
                        found.cursor,
                        {key: None if it is None else it.raw for key, it in offers.items()},
                        {key: None if it is None else it.raw for key, it in services.items()},
                        whole=False,
                    )
            # Before reading: what changes meanwhile is read twice rather than never.
            cursor = self._catalog.cursor()
            return _Read(
                cursor,
                {it.id: it.raw for it in self._catalog.offers()},
                {it.id: it.raw for it in self._catalog.known_services()},
                whole=True,
            )
        except PortalError as error:
            raise CatalogNotFollowedError(f"The catalog is not here: {error}") from error

    def _take(self, read: _Read) -> None:
        known, replaced = dict(self._known), self._replaced()
        for offering_id, raw in read.offers.items():
            self._put(offering_id, None if raw is None else offering_of(raw))
        for service_id, raw in read.known.items():
            row = None if raw is None else known_of(raw)
            if row is None:
                self._known.pop(service_id, None)
            else:
                self._known[service_id] = row
        if read.whole:
            for offering_id in self._offers.keys() - read.offers.keys():
                self._put(offering_id, None)
            for service_id in self._known.keys() - read.known.keys():
                del self._known[service_id]
        self._cursor = read.cursor
        if (known, replaced) != (self._known, self._replaced()):
            self.known_rev += 1

    def _put(self, offering_id: str, offering: Offering | None) -> None:
        """Hold an offer in a new revision; one that is gone as withdrawn, so that the search drops it."""
        if offering is None:
            held = self._offers.get(offering_id)
            if held is None or not held[0].is_public:
                return
            offering = held[0].model_copy(update={"state": OfferingState.ZURUECKGEZOGEN})
        self._rev += 1
        self._offers[offering_id] = offering, self._rev


def offering_of(raw: Mapping[str, Any]) -> Offering | None:
    """Return an offer from its public state (``catalog.offering.v1``), None if this version cannot read it."""
    try:
        state = messages.Offering.model_validate_json(json.dumps(raw), extra="ignore", context=READING)
        described = {name: getattr(state, name) for name in DESCRIPTION}
        listed = tuple(listing.channel for listing in state.channels)
        # While an offer is suspended no channel is orderable, so that closed ones cannot be told from open ones.
        asked = state.state is OfferingState.VEROEFFENTLICHT and state.orderable_channels is not None
        open_or_suspended = {*(state.orderable_channels or ()), *(it.channel for it in state.channel_suspensions)}
        open_or_suspended |= {it.channel for it in state.channel_withdrawals}
        closed = tuple(channel for channel in listed if channel not in open_or_suspended) if asked else ()
        return Offering(
            id=state.id,
            provider=state.provider,
            state=state.state,
            version=state.version,
            form=OfferingForm(**described, channels=listed),
            listings=state.channels,
            suspension=state.suspension,
            channel_suspensions=state.channel_suspensions,
            channel_withdrawals=state.channel_withdrawals,
            channel_ends=state.channel_ends,
            withdrawal_reason=state.withdrawal_reason,
            withdrawn_at=state.withdrawn_at,
            closed_channels=closed,
            history=state.history,
            created_at=state.published_at,
            submitted_at=state.published_at,
            published_at=state.published_at,
            changed_at=state.changed_at,
        )
    except ValidationError as error:
        _left_out("offer", raw, error)
        return None


def known_of(raw: Mapping[str, Any]) -> KnownOffering | None:
    """Return a known service from its state (``catalog.known-service.v1``), None if this version cannot read it."""
    try:
        state = messages.KnownService.model_validate_json(json.dumps(raw), extra="ignore", context=READING)
    except ValidationError as error:
        _left_out("known service", raw, error)
        return None
    return KnownOffering(
        id=state.id,
        name=state.title,
        provider_states=tuple(party.id.removeprefix("DE-") for party in state.providers),
        provider_state_names=tuple(party.name for party in state.providers),
        provider_organisation=state.provider_organisation,
        it_provider=state.it_provider,
        channels=next((channel.value for channel in state.channels), None),
        status=state.status.value,
        topic_id=state.topic_id,
        ozg_ids=state.ozg_ids,
        ozg_match=None,
        source=state.source,
        as_of=state.as_of,
        note=None,
    )


def _left_out(kind: str, raw: Mapping[str, Any], error: ValidationError) -> None:
    fields = sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]})
    log.warning("showcase_left_out", kind=kind, id=str(raw.get("id"))[:64], fields=fields)
