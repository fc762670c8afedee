"""What the pages read of ordering: the Vorgänge of the caller's organisation."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from services.portal.apis.catalog import Party, PriceItem
from services.portal.apis.client import Access, Api, Parameters, Reply, Stored, Table, segment
from services.portal.apis.remembered import Remembered
from services.portal.language import Language
from shared.calendar import last_day_before
from shared.messages.reasons import Fact

HOLD = "hold"
"""Kind of the deadline of a Vorgang that is held."""


class Waiting(Reply):
    """Who holds the ball, since when; ``what`` is to be done, ``planned_on`` which day if one is set."""

    party: str
    since: datetime
    what: str
    planned_on: date | None = None


class OfferingRef(Reply):
    """The offer, at the version that the Vorgang has pinned."""

    id: str
    title: str
    version: int


class Summary(Reply):
    """A Vorgang in a list. ``your_party`` is the side of the caller."""

    id: str
    number: str
    state: str
    state_since: datetime
    channel: str
    offering: OfferingRef
    customer: Party
    provider: Party
    declared_at: datetime
    your_party: str
    waiting: Waiting | None


class Summaries(Reply):
    """A page of Vorgänge, newest first."""

    items: tuple[Summary, ...]
    next: str | None


class Count(Reply):
    """How many Vorgänge a list has; ``more``: there may be more than were counted."""

    count: int
    more: bool


class StateCount(Reply):
    """How many Vorgänge are in a state; ``may_end``: a withdrawal of their offer can end them."""

    state: str
    count: int
    may_end: bool


class OfferingCounts(Reply):
    """Open Vorgänge of an offer that lie with the caller, by state. ``your_party`` is the side of the caller."""

    your_party: str
    states: tuple[StateCount, ...]

    def number(self, *, may_end: bool) -> int:
        """Return how many there are that a withdrawal can end, or that it cannot."""
        return sum(it.count for it in self.states if it.may_end is may_end)


class Refusal(Reply):
    """Why a Vorgang was refused, and what may help; ``facts`` are what the sentences are made of."""

    code: str | None = None
    facts: tuple[Fact, ...] | None = None
    reason: str
    remedy: str | None


class Deadline(Reply):
    """What happens by itself at a moment; of the ``kind`` hold: the Vorgang ends for what nobody has mended."""

    kind: str
    at: datetime


class LaterVerdict(Reply):
    """What was found since the last pre-check, without one, as far as it is for the side that asks."""

    verdict: str
    at: datetime
    code: str | None = None
    reason: str | None = None
    remedy: str | None = None


class KlientLater(LaterVerdict):
    """The same of the chain down to a Klient. ``open``: somebody has to act; ``anbieter_decides``: that is the Anbieter."""

    open: bool
    anbieter_decides: bool


class Verdict(Reply):
    """The in-house pre-check, as far as it is for the side that asks."""

    pending: bool
    verdict: str | None
    as_of: date | None
    code: str | None = None
    reason: str | None
    remedy: str | None
    later: LaterVerdict | None = None


class Point(Reply):
    """An open or settled point."""

    id: str
    label: str
    label_en: str | None
    owner: str
    since: datetime
    mandatory: bool
    example: str
    settled: bool
    settled_at: datetime | None
    value: str | None
    note: str | None


class ContractRef(Reply):
    """The contract in the register of its channel."""

    id: str
    number: str


class Question(Reply):
    """A question of one side to the other."""

    id: str
    text: str
    asked_by: str
    asked_of: str
    asked_at: datetime
    answer: str | None
    answered_at: datetime | None


class Condition(Reply):
    """A condition of the reuse."""

    text: str


class Milestone(Reply):
    """A step of the Anbindung; ``overdue``: the day by which its owner planned to reach it has passed."""

    code: str
    label: str
    label_en: str | None
    owner: str
    reached_at: datetime | None
    planned_on: date | None = None
    overdue: bool = False


class Klient(Reply):
    """A Klient for whom the Kunde orders; ``free``: its pre-check leaves the way free."""

    klient: Party
    state: str
    pending: bool
    verdict: str | None
    free: bool | None
    later: KlientLater | None = None


class FollowingContract(ContractRef):
    """The contract that follows though the Vorgang ends, and its first day."""

    valid_from: date


class Step(Reply):
    """An entry of the timeline: who did what, and the state after it."""

    at: datetime
    command: str
    party: str
    state: str
    note: str | None


class BlockedMove(Reply):
    """A step that is the reader's to take once what is in its way is gone, by its code."""

    command: str
    code: str


class Order(Summary):
    """A Vorgang in full."""

    allowed_moves: tuple[str, ...]
    blocked_moves: tuple[BlockedMove, ...] = ()
    message: str | None
    anbindungsart: str | None
    anbindungsarten: tuple[str, ...]
    verdict: Verdict
    refusal: Refusal | None
    contract_refusal: Refusal | None = None
    deadline: Deadline | None = None
    points: tuple[Point, ...]
    questions: tuple[Question, ...]
    conditions: tuple[Condition, ...]
    price_items: tuple[PriceItem, ...]
    price_sheet: tuple[PriceItem, ...] = ()
    valid_until: date | None
    offer_number: int | None = None
    placed_at: datetime | None
    order_reference: str | None
    agb_version: str | None = None
    placement_id: str | None = None
    contract: ContractRef | None
    former_contracts: tuple[ContractRef, ...] = ()
    following_contract: FollowingContract | None = None
    bundled: bool = False
    klienten: tuple[Klient, ...] = ()
    milestones: tuple[Milestone, ...]
    ends_on: date | None
    timeline: tuple[Step, ...]
    timeline_omitted: int

    @property
    def held_until(self) -> date | None:
        """Last day on which it can be mended what the Vorgang is held for, None if it is not held."""
        deadline = self.deadline
        return None if deadline is None or deadline.kind != HOLD else last_day_before(deadline.at)


class PlacementProblem(Reply):
    """Why a Vorgang was not ordered; ``detail`` is English."""

    code: str
    detail: str


class PlacementResult(Reply):
    """What became of a Vorgang that was ordered with others: it is ordered unless there is a ``problem``."""

    order_id: str
    problem: PlacementProblem | None


class Placement(Reply):
    """An act in which several Vorgänge were to be ordered."""

    id: str
    results: tuple[PlacementResult, ...]


class Together(Reply):
    """The Vorgänge that were ordered in one act, of those of whoever reads."""

    id: str
    orders: tuple[Summary, ...]


class ParticipationCheck(Reply):
    """The pre-check of the chain down to a Klient; ``free``: nothing stands in the way."""

    pending: bool
    verdict: str | None
    code: str | None = None
    reason: str | None
    remedy: str | None
    free: bool
    later: KlientLater | None = None


class Participation(Reply):
    """The part of a Klient in a Vorgang of a Bündler. ``allowed``: confirm, decline, recheck."""

    order_id: str
    number: str
    state: str
    channel: str
    offering: OfferingRef
    bundler: Party
    provider: Party
    named_at: datetime
    answer: str
    reason: str | None
    waiting: bool
    payment: bool
    return_duty: bool
    check: ParticipationCheck
    allowed: tuple[str, ...]


class Participations(Reply):
    """A page of parts, newest first."""

    items: tuple[Participation, ...]
    next: str | None


class Begun(Reply):
    """A Vorgang that has just begun."""

    id: str


class PartnerSystem(Reply):
    """A partner system that the caller's organisation runs."""

    id: str
    name: str


class PartnerSystems(Reply):
    """A page of them."""

    items: tuple[PartnerSystem, ...]


class Wording(Reply):
    """A sentence in both languages of the portal."""

    de: str
    en: str


class Quarantined(Reply):
    """A record of a partner that could not be taken, why, what helps, and what became of it; ``size`` in bytes."""

    reference: str
    partner: str
    topic: str
    partition: int
    offset: int
    size: int
    sha256: str
    shortened: bool
    code: str
    wording: Wording
    remedy: Wording | None
    state: str
    reason: str | None
    quarantined_at: datetime
    purge_at: datetime


class Quarantine(Reply):
    """A page of them, newest first."""

    items: tuple[Quarantined, ...]
    next: str | None


class Receipt(Reply):
    """What an event that went its way got for an answer."""

    status: str
    code: str | None
    wording: Wording | None
    remedy: Wording | None


class Decided(Reply):
    """A record after another event went its way for it, or the same once more, and the receipt of that event."""

    record: Quarantined
    receipt: Receipt


class Label(Reply):
    """A word in both languages."""

    de: str
    en: str


class Vocabulary(Reply):
    """Words for what is to be done and what was done."""

    tasks: dict[str, Label]
    commands: dict[str, Label]

    def task(self, value: str, language: Language) -> str:
        """Return the word for a task, its name where there is none."""
        return self._word(self.tasks, value, language)

    def command(self, value: str, language: Language) -> str:
        """Return the word for a step, its name where there is none."""
        return self._word(self.commands, value, language)

    @staticmethod
    def _word(words: dict[str, Label], value: str, language: Language) -> str:
        found = words.get(value)
        return value if found is None else str(getattr(found, language.value))


class Ordering:
    """Ordering as the pages ask it, with the token of whoever is logged in. Its words are asked for once in five minutes."""

    def __init__(self, api: Api, steady: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._words = Remembered(lambda: api.get("/v1/order-vocabulary", Vocabulary), steady)

    async def words(self) -> Vocabulary:
        """Return the words. Raises as ``Api.get``."""
        return await self._words()

    async def partners(self, access: Access, parameters: Parameters) -> PartnerSystems:
        """Return a page of the partner systems that the caller's organisation runs. Raises as ``Api.get``."""
        return await self._api.get("/v1/partners", PartnerSystems, parameters, access=access)

    async def quarantine(self, access: Access, parameters: Parameters) -> Quarantine:
        """Return a page of records in quarantine, for the operator of all partners, else of one. Raises as ``Api.get``."""
        return await self._api.get("/v1/partner-quarantine", Quarantine, parameters, access=access)

    async def quarantined(self, access: Access, reference: str) -> Stored[Quarantined]:
        """Return one record with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/partner-quarantine/{segment(reference)}", Quarantined, access=access)

    async def quarantined_value(self, access: Access, reference: str) -> bytes:
        """Return the bytes of a record as they came. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.content(f"/v1/partner-quarantine/{segment(reference)}/value", access=access)

    async def discard(self, access: Access, reference: str, *, key: str, body: dict[str, Any], match: str | None) -> None:
        """State that nothing is to come of a record. Raises as ``Api.post``."""
        path = f"/v1/partner-quarantine/{segment(reference)}/discard"
        await self._api.post(path, key=key, access=access, body=body, match=match)

    async def go_its_way(
        self, access: Access, reference: str, step: str, *, key: str, body: dict[str, Any] | None, match: str | None
    ) -> Decided:
        """Have a record (``replay``) or a corrected event (``resubmit``) go its way. Raises as ``Api.post``."""
        path = f"/v1/partner-quarantine/{segment(reference)}/{step}"
        return await self._api.make(path, Decided, key=key, access=access, body=body, match=match)

    async def orders(self, access: Access, parameters: Parameters) -> Summaries:
        """Return a page of Vorgänge. Raises as ``Api.get``."""
        return await self._api.get("/v1/orders", Summaries, parameters, access=access)

    async def table(self, access: Access, parameters: Parameters) -> Table:
        """Return a whole list of Vorgänge as a table. Raises as ``Api.get``."""
        return await self._api.table("/v1/orders", parameters, access=access)

    async def count(self, access: Access, parameters: Parameters) -> Count:
        """Return how many Vorgänge a list has, all pages together. Raises as ``Api.get``."""
        return await self._api.get("/v1/orders/counts", Count, parameters, access=access)

    async def place_together(self, access: Access, *, key: str, body: dict[str, Any]) -> Placement:
        """Order several Vorgänge in one act and return what became of each. Raises as ``Api.post``."""
        return await self._api.make("/v1/orders/placements", Placement, key=key, access=access, body=body)

    async def together(self, access: Access, placement_id: str) -> Together:
        """Return what was ordered in one act. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/orders/placements/{segment(placement_id)}", Together, access=access)

    async def counts(self, access: Access, offering_id: str) -> OfferingCounts:
        """Return what a withdrawal of an offer touches, for who may withdraw it. Raises as ``Api.get``."""
        return await self._api.get(f"/v1/orders/counts/{segment(offering_id)}", OfferingCounts, access=access)

    async def order(self, access: Access, order_id: str) -> Order:
        """Return one Vorgang. Raises NotFoundError, and as ``Api.get``."""
        return (await self.stored(access, order_id)).content

    async def stored(self, access: Access, order_id: str) -> Stored[Order]:
        """Return one Vorgang with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/orders/{segment(order_id)}", Order, access=access)

    async def participations(self, access: Access, parameters: Parameters) -> Participations:
        """Return a page of the Vorgänge in which a Bündler has named the caller. Raises as ``Api.get``."""
        return await self._api.get("/v1/participations", Participations, parameters, access=access)

    async def participation(self, access: Access, order_id: str) -> Stored[Participation]:
        """Return the caller's part in a Vorgang, with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/participations/{segment(order_id)}", Participation, access=access)

    async def answer(
        self, access: Access, order_id: str, step: str, *, key: str, body: dict[str, Any] | None, match: str | None
    ) -> None:
        """Have a step of a Klient taken. Raises as ``Api.post``."""
        await self._api.post(f"/v1/participations/{segment(order_id)}/{step}", key=key, access=access, body=body, match=match)

    async def declare(self, access: Access, key: str, body: dict[str, Any]) -> str:
        """Declare interest and return the id of the Vorgang. Raises as ``Api.post``."""
        return (await self._api.make("/v1/orders", Begun, key=key, access=access, body=body)).id

    async def take(
        self, access: Access, order_id: str, step: str, *, key: str, body: dict[str, Any] | None, match: str | None
    ) -> None:
        """Have a step taken, named by its path below the Vorgang. Raises as ``Api.post``."""
        await self._api.post(f"/v1/orders/{segment(order_id)}/{step}", key=key, access=access, body=body, match=match)
