"""Requests of the catalog become Bereitstellungsverträge: offered to the Anbieter, or concluded at once.

The Bereitsteller has signed by handing the form in. Which contract a request is about follows from it, so a repeat leads to the
same one and tells once more what became of it: also a catalog that was restored to an earlier state learns it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.contracts.domain.contract import Contract
from services.contracts.domain.refusal import Refusal, chain_refusal
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import BINDING, DEAD, PENDING, Actor, ContractState
from services.contracts.handlers import promised_numbers
from services.contracts.neighbourhood import added_violations, world_of
from services.contracts.numbering import Number
from services.contracts.provisions.draft import drafted
from services.contracts.repository import Contracts, Registers
from shared.aggregate.change import Cause, Change
from shared.bus.handling import Received, Rejection, rejections
from shared.calendar import day_of
from shared.ids import bereitstellung_id
from shared.messages.base import Message
from shared.messages.catalog_provisions import Provision, ProvisionRequested, ProvisionWithdrawn

ASKED: frozenset[type[Message]] = frozenset({ProvisionRequested, ProvisionWithdrawn})
"""The events by which the catalog asks for contracts and takes that back."""


class Provisions:
    """The Bereitstellungsverträge of one channel."""

    def __init__(self, terms: Terms, contracts: Contracts, registers: Registers) -> None:
        self.terms = terms
        self.contracts = contracts
        self.registers = registers

    async def handle(self, batch: Sequence[Received], at: datetime) -> Sequence[Rejection]:
        """Form, tell again or withdraw what the events of a batch ask for; those for other channels are passed over.

        Raises StoreUnavailableError or WriteConflictError: repeat the batch then; numbers promised meanwhile stay promised.
        """
        found: list[Rejection] = []
        for events in _one_each([event for event in batch if _asked(event).channel is self.terms.channel]):
            found += await self._form(events, at)
        return found

    async def _form(self, events: Sequence[Received], at: datetime) -> Sequence[Rejection]:
        standing = await self._standing([_asked(event) for event in events])
        drafts = {key: drafted(key, _asked(event), self.terms, at) for key, event in zip(standing, events, strict=True)}
        refusals = self._refusals(drafts)
        asked = {key for key, event in zip(standing, events, strict=True) if isinstance(event.message, ProvisionRequested)}
        years = {key: day_of(draft.requested_at).year for key, draft in drafts.items()}
        numbered = {key for key in asked if _needs_number(standing[key], drafts[key], refusals.get(key))}
        numbers = await promised_numbers(years, numbered, self.terms.channel, self.contracts, self.registers)
        changes = [
            self._request(drafts[key], refusals.get(key), numbers, event.cause)
            if key in asked
            else self._withdrawal(drafts[key], event.cause, at)
            for key, event in zip(standing, events, strict=True)
        ]
        return rejections(events, await self.contracts.ledger.apply(changes))

    async def _standing(self, asked: Sequence[Provision]) -> dict[str, Contract | None]:
        """Return which contract each request is about, and that contract if there is one already.

        That of its own attempt, unless an earlier one stands: of an offer with an Anbieter no second contract comes about.
        """
        attempts = {each.offering_id: _attempts(each) for each in asked}
        known = await self.contracts.of_ids({key for keys in attempts.values() for key in keys})
        chosen = (next((key for key in keys if _stands(known.get(key))), keys[-1]) for keys in attempts.values())
        return {key: known.get(key) for key in chosen}

    def _refusals(self, drafts: Mapping[str, Contract]) -> dict[str, Refusal]:
        nothing = world_of((), self.terms)
        found: dict[str, Refusal] = {}
        for key, draft in drafts.items():
            state = ContractState.GESCHLOSSEN if draft.signed else ContractState.ANGEBOTEN
            if violations := added_violations(draft, nothing, self.terms, state):
                found[key] = chain_refusal(violations[0].code, draft.offering_title)
        return found

    def _request(self, draft: Contract, refusal: Refusal | None, numbers: Mapping[str, Number], cause: Cause) -> Change[Contract]:
        def decide(contract: Contract | None) -> tuple[Contract, Sequence[Message]]:
            if contract is not None:
                if contract.id in numbers:
                    number = numbers[contract.id]
                    contract.complete(number, self.terms.rules.number_format.write(number), draft)
                return contract, contract.restate()
            formed = draft.model_copy()
            if refusal is not None:
                return formed, formed.refuse(refusal, Actor.PROZESSOR)
            if not formed.signed:
                return formed, formed.offer(Actor.PROZESSOR)
            number = numbers[formed.id]
            return formed, formed.conclude(number, self.terms.rules.number_format.write(number), Actor.PROZESSOR)

        return Change(draft.id, decide, cause)

    @staticmethod
    def _withdrawal(draft: Contract, cause: Cause, at: datetime) -> Change[Contract]:
        def decide(contract: Contract | None) -> tuple[Contract, Sequence[Message]]:
            if contract is None:
                withdrawn = draft.model_copy()
                withdrawn.offer(Actor.PROZESSOR)
                return withdrawn, withdrawn.call_off(at)
            return contract, contract.call_off(at) if contract.state in PENDING else contract.restate()

        return Change(draft.id, decide, cause)


def _needs_number(contract: Contract | None, draft: Contract, refusal: Refusal | None) -> bool:
    if contract is None:
        return draft.signed and refusal is None
    return contract.number is None and contract.state in BINDING


def _one_each(events: Sequence[Received]) -> Sequence[Sequence[Received]]:
    """Return the events in rounds, each with at most one of an offer, in their order."""
    rounds: list[dict[str, Received]] = []
    for event in events:
        offering_id = _asked(event).offering_id
        place = next((it for it in rounds if offering_id not in it), None)
        if place is None:
            place = {}
            rounds.append(place)
        place[offering_id] = event
    return [tuple(it.values()) for it in rounds]


def _asked(event: Received) -> Provision:
    if not isinstance(event.message, ProvisionRequested | ProvisionWithdrawn):
        raise TypeError(f"{event.message.TYPE} asks for no Bereitstellungsvertrag")
    return event.message.provision


def _attempts(asked: Provision) -> Sequence[str]:
    return [bereitstellung_id(asked.channel.value, asked.offering_id, attempt + 1) for attempt in range(asked.attempt)]


def _stands(contract: Contract | None) -> bool:
    return contract is not None and contract.state not in DEAD
