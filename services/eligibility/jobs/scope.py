"""Which customers, offerings and channels a matrix is computed of, and which orders a change of a fact concerns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.eligibility.engine.matrix import Cells, Column
from services.eligibility.engine.rule_sets import RuleSet
from services.eligibility.engine.verdicts import Verdict
from services.eligibility.engine.view import View
from services.eligibility.engine.world import World
from services.eligibility.recheck.watched import Phase
from services.eligibility.repository import VERDICTS, WATCHED
from shared.errors import InvalidError
from shared.ids import contract_id
from shared.messages.eligibility import Stage
from shared.store.paging import scanned
from shared.store.port import Document, Store

TERRITORIAL: Final = ("BUND", "LAND", "KREIS", "KOMMUNE")
PROVIDING: Final = ("BUND", "LAND", "VERBAND", "IT_PROVIDER")


@dataclass(frozen=True, slots=True)
class Order:
    """A Vorgang on which there is a verdict. ``channel`` is the id of the Anbieter, as everywhere but in rule sets.

    ``contract`` is the id of its contract, or of the one that it leads to, None until it is placed.
    """

    id: str
    customer: str
    provider: str
    channel: str
    stage: str
    contract: str | None

    @classmethod
    def of(cls, document: Document, watched: Document | None) -> Order:
        """Return the order of a stored verdict; ``watched`` is what is followed of it, if it is."""
        id_, channel, stage = document["_id"], document["channel"], document["checks"][-1]["stage"]
        contract = None if watched is None else watched.get("contract_id")
        if contract is None and stage == Stage.BESTELLUNG:
            contract = contract_id(channel, id_)
        return cls(id_, document["customer"]["id"], document["provider"]["id"], channel, stage, contract)


@dataclass(frozen=True, slots=True)
class Concerned:
    """An order whose verdict on the day would be another. None stands for an invalid chain."""

    order: Order
    before: Verdict | None
    after: Verdict | None


def channels_of(rules: RuleSet, world: World) -> Mapping[str, str]:
    """Return the channels whose Anbieter is among the facts: their name in the rule set, by the id of the Anbieter."""
    found = {it.anbieter: channel for channel, it in sorted(rules.channels.items()) if it.anbieter in world.organisations}
    if not found:
        raise InvalidError("None of the Anbieter is among the facts; load the reference data first.", code="UNKNOWN_ORGANISATION")
    return found


def bodies_of(view: View, on: str, types: Iterable[str]) -> tuple[str, ...]:
    """Return the bodies of some types that exist on a day."""
    chosen = frozenset(types)
    return tuple(sorted(id_ for id_, body in view.organisations.items() if body.type in chosen and body.on(on)))


def provider_columns(view: View, on: str) -> tuple[Column, ...]:
    """Return a column for each body that is accredited to provide on a day; for each that could provide, if none is."""
    accredited = {
        org
        for (org, _, role), facts in view.accreditations.items()
        if role == "BEREITSTELLER"
        for fact in facts
        if fact.state == "ERTEILT" and view.valid(fact, on)
    }
    providers = sorted(accredited) or bodies_of(view, on, PROVIDING)
    return tuple(Column(provider, provider) for provider in providers)


async def orders_in(store: Store) -> AsyncIterator[list[Order]]:
    """Yield all orders on which there is a verdict and that have not ended, page by page, in the order of their ids."""
    async for page in scanned(store, VERDICTS):
        yield await orders_of(store, page)


async def orders_of(store: Store, verdicts: Sequence[Document]) -> list[Order]:
    """Return the orders of stored verdicts, without those that have ended: a fact changes nothing for them any more."""
    watched = await store.get_many(WATCHED, [document["_id"] for document in verdicts])
    ended = {order_id for order_id, document in watched.items() if document["phase"] == Phase.ENDED}
    return [Order.of(it, watched.get(it["_id"])) for it in verdicts if it["_id"] not in ended]


def concerned(
    orders: Iterable[Order], before: Cells, after: Cells, names: Mapping[str, str], known: frozenset[str]
) -> Iterator[Concerned]:
    """Yield the orders whose verdict on the day would be another.

    ``names`` gives the channels that are asked for by the ids of their Anbieter, see ``channels_of``; ``known`` are the bodies of
    which there are facts. Orders of other channels and bodies are passed over.
    """
    for order in orders:
        channel = names.get(order.channel)
        if channel is None or not {order.customer, order.provider} <= known:
            continue
        first, second = (cells.cell(order.customer, order.provider, channel) for cells in (before, after))
        if first is not second:
            yield Concerned(order, first, second)


def name_of(verdict: Verdict | None) -> str:
    """Return how a cell is written: the name of its verdict, ``-`` for an invalid chain."""
    return "-" if verdict is None else verdict.name


def entry_of(found: Concerned) -> dict[str, Any]:
    """Return an order with both verdicts, as it is stored and shown."""
    order = found.order
    return {
        "order_id": order.id,
        "customer": order.customer,
        "provider": order.provider,
        "channel": order.channel,
        "stage": order.stage,
        "contract_id": order.contract,
        "before": name_of(found.before),
        "after": name_of(found.after),
    }
