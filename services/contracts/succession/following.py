"""Use case of succession: one side signs a contract that follows a running one; the rules of the chain are asked (WRITE)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from services.contracts.chain.contract import Side
from services.contracts.days import LAST_DAY
from services.contracts.domain import prices
from services.contracts.domain.agreed import Countersignature, Signature
from services.contracts.domain.amending import party_of, signs_by_two, text_of
from services.contracts.domain.announcing import lines_on
from services.contracts.domain.contract import Contract
from services.contracts.domain.rules import Terms
from services.contracts.domain.text import PARTS, AgreedText
from services.contracts.domain.transitions import TRANSITIONS, Actor, Command, ContractState
from services.contracts.inhouse.asking import with_awards
from services.contracts.neighbourhood import above, line_of, require_possible, world_of
from services.contracts.repository import Contracts
from shared.aggregate.change import Change
from shared.calendar import day_of
from shared.errors import ConflictError, InvalidError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts import Leg
from shared.messages.contracts_chain import ContractSigned
from shared.messages.contracts_changes import SuccessionOffered
from shared.messages.values import Line, PriceItem
from shared.price_sheets import require_plausible

MOST_SUCCESSORS: Final = 50
"""How often a contract that follows another one is offered, those counted that came to nothing."""
_OPEN = ContractState.ANGEBOTEN


@dataclass(frozen=True, slots=True)
class Following:
    """Who signs a contract that follows another one, and what both sides agree in it.

    ``first`` None: from the day after the last one of the former contract. ``price_items`` None: the lines of the former contract
    that are valid on the first day, or those of a new price that counts by then.
    """

    side: Side
    actor: Actor
    person: str
    at: datetime
    text: AgreedText
    first: date | None = None
    price_items: tuple[PriceItem, ...] | None = None
    order_reference: Line | None = None


def successor_id(contract_id: str, attempt: int) -> str:
    """Return the id of the contract that follows another one in time, or of a further attempt at one.

    Both sides come to the same one when they ask at the same time, so one of them is first.
    """
    return derived_id("successor", contract_id, str(attempt))


def draft(following: Following, former: Contract, terms: Terms, attempt: int = 1) -> Contract:
    """Return the contract that follows ``former`` as one side has signed it: parties, leg and parent stay.

    Of the Anbieter one person has signed it, and it is signed when another one has released it. Raises ConflictError
    (``contract_without_end``, ``no_agb_in_force``), InvalidError (``contract_date_invalid``, ``price_without_charge``,
    ``price_sheet_invalid``), IllegalMoveError.
    """
    TRANSITIONS.check(Command.PROPOSE_CHANGE, former.state, following.actor)
    if former.last_day is None:
        raise ConflictError("The contract goes on without an end.", code="contract_without_end", id=former.id)
    first, today = following.first or former.last_day + timedelta(days=1), day_of(following.at)
    if not today <= first <= LAST_DAY:
        raise InvalidError(f"No contract begins on {first.isoformat()}.", code="contract_date_invalid", day=first.isoformat())
    text, leg = following.text, former.leg
    agb = terms.agb.on(today, leg.value)
    if agb is None and leg is not Leg.BEREITSTELLUNG:
        raise ConflictError(f"No general terms are in force for this leg on {today.isoformat()}.", code="no_agb_in_force")
    lines = following.price_items
    if lines is None:
        lines = lines_on(former, first) if text.charge == "ENTGELTLICH" else ()
    else:
        require_plausible(lines, first)
    if lines and text.charge == "ENTGELTFREI":
        raise InvalidError("What is passed on free of charge has no prices.", code="price_without_charge")
    former_agb = None if former.agb is None else former.agb.name
    fields = {name: getattr(text, name) for name in PARTS.values()} | {"agb": agb}
    by_two = signs_by_two(former, following.side)
    return Contract(
        id=successor_id(former.id, attempt),
        state=_OPEN,
        leg=leg,
        title=former.title,
        channel=former.channel,
        offering_id=former.offering_id,
        offering_title=former.offering_title,
        offering_version=former.offering_version,
        anbieter=former.anbieter,
        customer=former.customer,
        provider=former.provider,
        documents=tuple(agb.name if agb is not None and it == former_agb else it for it in former.documents),
        conditions=former.conditions,
        price_items=lines,
        totals=prices.totals(lines),
        leitweg_id=former.leitweg_id,
        order_reference=following.order_reference,
        requested_at=following.at,
        recorded_at=following.at,
        grantor=former.grantor,
        parent=former.parent,
        continues=former.id,
        valid_from=first,
        order_continued=former.vorgang,
        former_last_day=former.last_day,
        signatures=() if by_two else (Signature(side=following.side, by=following.person, on=today),),
        countersignature=Countersignature(by=following.person, at=following.at) if by_two else None,
        **fields,
    )


def text_without_end(former: Contract, terms: Terms) -> AgreedText:
    """Return the agreed text of a contract without its last day: it is not that of what follows."""
    return text_of(former, terms).model_copy(update={"valid_to": None})


async def follow(following: Following, former: Contract, terms: Terms, contracts: Contracts) -> Change[Contract]:
    """Return the change by which one side signs a contract that follows ``former``.

    Raises ConflictError (``successor_exists``, ``too_many_successors``; with the code of the first rule that it would break), and
    as ``draft``.
    """
    line = await line_of(former, contracts)
    known = [it for it in line.values() if it.continues == former.id]
    drafted = draft(following, former, terms, 1 + sum(it.refusal is not None for it in known))
    if live := [it for it in known if it.refusal is None]:
        # That knows the request which has made it: a repeat gets it, anybody else the error.
        return Change(live[0].id, partial(_taken, live[0]))
    if len(known) >= MOST_SUCCESSORS:
        raise ConflictError(
            f"{MOST_SUCCESSORS} contracts were offered that came to nothing.", code="too_many_successors", id=former.id
        )
    around = line | await above(contracts, {it.parent for it in line.values() if it.parent is not None})
    drafted = with_awards(drafted, around, terms)
    require_possible(drafted, world_of(around.values(), terms), terms)
    by = party_of(drafted, following.side)
    offered: Message = SuccessionOffered(contract=drafted.head(), at=following.at, continues=former.id, offered_by=by)
    if not drafted.signatures:
        # The other side learns of it when a second person of the Anbieter has released it.
        offered = ContractSigned(contract=drafted.head(), at=following.at)

    def decide(stored: Contract | None) -> tuple[Contract, Sequence[Message]]:
        if stored is not None:
            return _taken(stored, stored)
        return drafted, [offered, *drafted.ask_check(following.at)]

    return Change(drafted.id, decide)


def _taken(live: Contract, _stored: Contract | None) -> tuple[Contract, Sequence[Message]]:
    """Refuse another contract beside one that follows already; of what is not released yet no id is named."""
    named = {"id": live.id} if live.signatures else {}
    raise ConflictError("Another contract follows it, or is offered.", code="successor_exists", **named)
