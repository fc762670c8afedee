"""Routes about the contact persons of a contract: those of now, those before, and naming one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from services.contracts.access import viewer_of
from services.contracts.contacts.purging import is_over
from services.contracts.contacts.repository import ContactBooks
from services.contracts.contacts.schemas import ContactHistory, ContactsForm, ContractContacts
from services.contracts.domain.contract import Contract
from services.contracts.repository import Contracts
from services.contracts.sides import acting_for, reading_for
from shared.errors import ConflictError, NotFoundError
from shared.http.auth import Caller
from shared.http.dependencies import CurrentCaller, IfMatch, NeededIfMatch
from shared.http.etag import json_reply
from shared.messages.values import EntityId, Party, Role


@dataclass(frozen=True, slots=True)
class ContactBackend:
    """What the routes work with."""

    books: ContactBooks
    contracts: Contracts
    clock: Callable[[], datetime]


def contact_routes(backend: ContactBackend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["contact persons"])
    books = backend.books

    @router.get("/contracts/{contract_id}/contacts", response_model=ContractContacts, summary="Contact persons of all parties")
    async def current(contract_id: EntityId, caller: CurrentCaller) -> Response:
        book, rev = await books.find(await _read_by(backend, caller, contract_id))
        return json_reply(ContractContacts.of(book, caller.organisation), rev=rev)

    @router.get("/contracts/{contract_id}/contacts/history", response_model=ContactHistory, summary="Who was named when")
    async def history(contract_id: EntityId, caller: CurrentCaller) -> Response:
        book, rev = await books.find(await _read_by(backend, caller, contract_id))
        return json_reply(ContactHistory.of(book, caller.organisation), rev=rev)

    @router.put("/contracts/{contract_id}/contacts", response_model=ContractContacts)
    async def name(contract_id: EntityId, body: ContactsForm, caller: CurrentCaller, condition: NeededIfMatch) -> Response:
        """Party or Anbieter: replace the own contact persons; those of the others stay."""
        at, namings = backend.clock(), body.namings()
        contract = await _read_by(backend, caller, contract_id)
        party = _acting_party(contract, caller)
        if is_over(contract, at):
            raise ConflictError("The contract does not run any more.", code="contract_not_running", id=contract_id)
        book, rev = await books.change(
            contract, lambda it, revision: it.name(party, namings, caller.subject, at, revision), condition
        )
        return json_reply(ContractContacts.of(book, caller.organisation), rev=rev)

    @router.delete("/contracts/{contract_id}/contacts/history/{entry_id}", status_code=204)
    async def erase(contract_id: EntityId, entry_id: EntityId, caller: CurrentCaller, condition: IfMatch) -> Response:
        """Party or Anbieter: erase the data of a former contact person of one's own; that somebody was named stays."""
        at = backend.clock()
        contract = await _read_by(backend, caller, contract_id)
        party = _acting_party(contract, caller)
        await books.change(contract, lambda it, _: it.erase(entry_id, party.id, at), condition)
        return Response(status_code=204)

    return router


async def _read_by(backend: ContactBackend, caller: Caller, contract_id: str) -> Contract:
    """Return a contract to whose parties, or to whose Anbieter, the caller belongs. Raises NotFoundError."""
    viewer = viewer_of(caller)
    stored = await backend.contracts.find(viewer, contract_id)
    if stored is None:
        raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
    reading_for(stored.contract, viewer)
    return stored.contract


def _acting_party(contract: Contract, caller: Caller) -> Party:
    """Return the party whose contact persons are the caller's to name. Raises ForbiddenError (``not_a_side``)."""
    if Role.ANBIETER in caller.roles and caller.channel is contract.channel:
        return caller.party
    side, _ = acting_for(contract, caller)
    return contract.grantor if side == "grantor" else contract.customer
