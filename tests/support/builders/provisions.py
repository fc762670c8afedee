"""What contracts tells of a Bereitstellungsvertrag, for tests of those who ask for it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

from shared.aggregate.change import Cause
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.handling import Received
from shared.ids import bereitstellung_id, derived_id
from shared.messages.catalog_provisions import ProvisionRequested
from shared.messages.contracts import Leg
from shared.messages.contracts_chain import (
    ChainConcluded,
    ChainEvent,
    ChainHead,
    ChainRefused,
    ChainState,
    ContractTerminated,
)
from shared.messages.contracts_changes import ContractSucceeded
from shared.messages.ordering import OrderParty
from shared.messages.reasons import Fact
from shared.messages.values import Channel, Party
from shared.process.service import Service
from shared.topics import CATALOG_CONTRACTS

CONCLUDED_AT = datetime(2026, 11, 25, 8, tzinfo=UTC)


def _head(offering_id: str, channel: Channel, state: ChainState, attempt: int, number: str | None) -> ChainHead:
    return ChainHead(
        id=bereitstellung_id(channel.value, offering_id, attempt),
        number=number,
        leg=Leg.BEREITSTELLUNG,
        channel=channel,
        offering_id=offering_id,
        offering_title="Digitaler Führerscheinantrag",
        grantor=Party(id="komm_one", name="Komm.ONE"),
        grantee=Party(id=channel.value, name=channel.value),
        state=state,
        valid_from=date(2026, 11, 24),
    )


def concluded(offering_id: str, channel: Channel, attempt: int = 1, number: str | None = None) -> ChainConcluded:
    """Return the event by which contracts tells that the contract is concluded."""
    number = number or f"BV/{channel.value}/{offering_id[:8]}"
    return ChainConcluded(contract=_head(offering_id, channel, ChainState.GESCHLOSSEN, attempt, number), at=CONCLUDED_AT)


def declined(
    offering_id: str, channel: Channel, attempt: int = 1, reason: str = "Die Leistungsbeschreibung fehlt."
) -> ChainRefused:
    """Return the event by which contracts tells that the Anbieter has declined the contract."""
    head = _head(offering_id, channel, ChainState.ABGELEHNT, attempt, None)
    facts = (Fact(name="anbieter", text=channel.value), Fact(name="reason", text=reason))
    return ChainRefused(contract=head, at=CONCLUDED_AT, code="provision_declined", reason=reason, facts=facts)


def ending(
    offering_id: str, channel: Channel, last_day: date | None, by: OrderParty | None = None, attempt: int = 1
) -> ContractTerminated:
    """Return the event by which contracts tells that notice of the contract was given."""
    head = _head(offering_id, channel, ChainState.GEKUENDIGT, attempt, "BV/1").model_copy(update={"ends_on": last_day})
    return ContractTerminated(contract=head, at=CONCLUDED_AT, by=by)


def succeeded(offering_id: str, channel: Channel, last_day: date | None = None) -> ContractSucceeded:
    """Return the event by which contracts tells that the contract that follows the first one is concluded."""
    first = _head(offering_id, channel, ChainState.GESCHLOSSEN, 1, "BV/2")
    head = first.model_copy(update={"id": derived_id("successor", first.id), "ends_on": last_day})
    return ContractSucceeded(contract=head, at=CONCLUDED_AT, continues=first.id)


def told(message: ChainEvent, seq: int = 1) -> Received:
    """Return an event of contracts as the catalog gets it."""
    source = message.contract.id
    return Received(message, source, Cause(derived_id("event", source, str(seq)), message.TYPE, source, seq), CONCLUDED_AT)


class Contracts:
    """Stands in for contracts: concludes whatever the catalog has asked for, once."""

    def __init__(self) -> None:
        self.answered: set[str] = set()

    async def answer(self, service: Service, published: list[OutgoingEvent]) -> None:
        """Conclude what is asked for in these events and was not answered yet."""
        (consumer,) = (it for it in service.consumers if it.group == CATALOG_CONTRACTS)
        for event in published:
            if event.type == ProvisionRequested.TYPE and event.id not in self.answered:
                self.answered.add(event.id)
                asked = ProvisionRequested.model_validate(json.loads(event.body)).provision
                refused = await consumer.handle([told(concluded(asked.offering_id, asked.channel, asked.attempt))])
                assert list(refused) == []
