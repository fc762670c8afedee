"""Use cases of accessions: who may accede to which contract, and what an accession loses with that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.contracts.access import viewer_of
from services.contracts.accessions.repository import Accessions
from services.contracts.chain.notice import new_end
from services.contracts.chain.violations import of_accession
from services.contracts.chain.world import Chain, World, inside
from services.contracts.domain.accession import Accession
from services.contracts.domain.bodies import body_of
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import Contract
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import BINDING
from services.contracts.domain.violation_codes import SELF_CONTRACT, TERM_INVALID, TERRITORY_NOT_GRANTED
from services.contracts.neighbourhood import world_of
from services.contracts.repository import Contracts
from shared.aggregate.change import Change
from shared.calendar import day_of
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.http.auth import Caller
from shared.messages.base import Message
from shared.messages.contracts import Leg
from shared.messages.values import Channel, Party
from shared.store.port import Document

_PASSES_ON = frozenset({Leg.NACHNUTZUNG, Leg.SUB_NACHNUTZUNG})


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a body declares: to use what a contract passes on, from a first to a last day (None: without an end)."""

    body: Party
    first: date
    last: date | None
    person: str
    at: datetime


def passes_on_to(document: Document, terms: Terms, organisation: str) -> bool:
    """Return whether a stored contract is binding and passes the use on to a body: only then it is known to the body.

    It is decided on the document: a body that may not know of it must not have it read.
    """
    leg = Leg(document.get("leg") or Leg.NACHNUTZUNG)
    if document["state"] not in BINDING or leg not in _PASSES_ON:
        return False
    recorded = document.get("territory")
    if recorded is None:
        allowed = terms.agreed[leg].passing_on.allowed
        territory = terms.territory_of(leg, Party.model_validate(document["customer"]))
    else:
        allowed, territory = document["passing_on"]["allowed"], tuple(recorded)
    return allowed and inside(body_of(organisation).ars, territory)


async def known_contract(
    contracts: Contracts, terms: Mapping[Channel, Terms], caller: Caller, contract_id: str
) -> tuple[Contract, Terms]:
    """Return a contract that the caller is party to, or that passes the use on to it. Raises NotFoundError."""
    viewer = viewer_of(caller)

    def known(document: Document) -> bool:
        own = terms.get(Channel(document["channel"]))
        return own is not None and (viewer.sees(document) or passes_on_to(document, own, caller.organisation))

    found = await contracts.ledger.find(contract_id, known)
    if found is None:
        raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
    return found[0], terms[found[0].channel]


async def declare(
    declared: Declaration, contract: Contract, terms: Terms, contracts: Contracts, accessions: Accessions
) -> Change[Accession]:
    """Return the change by which a body accedes to a contract.

    Raises InvalidError (``term_invalid``, ``accession_date_invalid``), ConflictError (``self_contract``,
    ``territory_not_granted``, ``accession_not_possible``, ``contract_not_running``, ``accession_exists``).
    """
    accession = Accession.to(contract, declared.body, declared.first, declared.last, declared.person, declared.at)
    if declared.first < day_of(declared.at):
        day = declared.first.isoformat()
        raise InvalidError(f"{day} has passed.", code="accession_date_invalid", day=day)
    if declared.body.id == contract.customer.id:
        raise ConflictError("The contract is the body's own.", code=SELF_CONTRACT, id=contract.id)
    line = {contract.id: contract} | await contracts.continuing([contract.id])
    _require_possible(accession, world_of(line.values(), terms, [accession.linked()]))
    for other in await accessions.of(declared.body.id, contract.id):
        ends_before = other.valid_to is not None and other.valid_to < accession.valid_from
        begins_after = accession.valid_to is not None and accession.valid_to < other.valid_from
        if other.id != accession.id and not ends_before and not begins_after:
            raise _exists(other.id)

    def decide(stored: Accession | None) -> tuple[Accession, Sequence[Message]]:
        if stored is not None:
            if stored.because is None and stored.valid_to != accession.valid_to:
                # From the same first day on, but for other days, or ended by the body since: it is not what is declared now.
                raise _exists(stored.id)
            return stored, []
        return accession, accession.declare(declared.at)

    return Change(accession.id, decide)


def _exists(accession_id: str) -> ConflictError:
    return ConflictError("The body has acceded to this contract already.", code="accession_exists", id=accession_id)


def _require_possible(accession: Accession, world: World) -> None:
    link = accession.linked()
    codes = {violation.code for violation in of_accession(world, link)}
    if "TERM_INVALID" in codes:
        raise InvalidError("It would end before it begins.", code=TERM_INVALID)
    if "TERRITORY_NOT_GRANTED" in codes:
        raise ConflictError("The body lies outside of the contract's territory.", code=TERRITORY_NOT_GRANTED)
    if codes:
        raise ConflictError("Nobody can accede to this contract.", code="accession_not_possible")
    if not any(above.term.first <= link.valid_from <= above.term.last for above in world.chain.cover_of(link)):
        raise ConflictError(f"The contract does not run on {link.valid_from}.", code="contract_not_running")


async def hold_to_contract(accession: Accession, terms: Terms, contracts: Contracts, accessions: Accessions) -> Accession:
    """Return an accession that was just stored, shortened by what its contract has lost by notices.

    Either whoever looks for what rests on the contract finds the accession, or it sees here what the contract has lost.
    """
    found = await contracts.of_ids([accession.contract_id])
    last_day = last_day_left(accession, found | await contracts.continuing(found), terms)
    if last_day is None:
        return accession
    at = accessions.ledger.clock()
    result = await accessions.ledger.apply_one(lost(accession.id, last_day, accession.contract_id, at))
    return result.state or accession


def last_day_left(accession: Accession, line: Mapping[str, Contract], terms: Terms) -> date | None:
    """Return the last day that notices leave to an accession, None if they take nothing of it.

    ``line``: its contract and those that continue it, by id.
    """
    after = Chain.of(chained(it, terms) for it in line.values())
    before = after.with_changed(*(link.model_copy(update={"ends_on": None}) for link in after.contracts.values()))
    link = accession.linked()
    last_day = new_end(before, after, link, link.term)
    return None if last_day is None else date.fromisoformat(last_day)


def lost(accession_id: str, last_day: date, because: str, at: datetime) -> Change[Accession]:
    """Return the change by which an accession ends with the contract ``because``."""
    return change_of(accession_id, lambda accession: accession.lose(last_day, because, at))


def change_of(accession_id: str, step: Callable[[Accession], Sequence[Message]]) -> Change[Accession]:
    """Return the change by which ``step`` is taken on an accession. It raises NotFoundError if there is no such accession."""

    def decide(accession: Accession | None) -> tuple[Accession, Sequence[Message]]:
        accession = require(accession, accession_id)
        return accession, step(accession)

    return Change(accession_id, decide)


def require(accession: Accession | None, accession_id: str) -> Accession:
    """Return an accession that is there. Raises NotFoundError."""
    if accession is None:
        raise NotFoundError(f"There is no accession {accession_id}.", id=accession_id)
    return accession
