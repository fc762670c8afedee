"""What contracts tells of a contract by which a body reuses an offer, for tests of those who count them."""

from __future__ import annotations

from datetime import date

from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.ids import derived_id
from shared.messages.contracts import AgbVersion, ContractConcluded, ContractHead, Leg
from shared.messages.contracts_accessions import AccessionDeclared, AccessionEnded, AccessionEvent, AccessionHead
from shared.messages.contracts_chain import ChainEvent, ChainHead, ChainState, ContractEnded, ContractTerminated
from shared.messages.contracts_changes import ContractSucceeded
from shared.messages.contracts_sub import SubContractConcluded
from shared.messages.values import Channel, Party
from tests.support.builders.provisions import CONCLUDED_AT

PROVIDER = Party(id="komm_one", name="Komm.ONE")
ANBIETER = Party(id="govdigital", name="govdigital")
TITLE = "Digitaler Führerscheinantrag"


def contract_of(body: str, offering_id: str, number: int = 1) -> str:
    """Return the id of the contract of a body."""
    return derived_id("reuse-contract", body, offering_id, str(number))


def ordered(body: str, offering_id: str, number: int = 1) -> ContractConcluded:
    """Return the event that the contract which a body has ordered is concluded."""
    head = ContractHead(
        id=contract_of(body, offering_id, number),
        number=f"GD/2026/{number:05}",
        leg=Leg.NACHNUTZUNG,
        channel=Channel.GOVDIGITAL,
        order_id=derived_id("order", body, str(number)),
        offering_id=offering_id,
        offering_title=TITLE,
        anbieter=ANBIETER,
        customer=Party(id=body, name=body),
        provider=PROVIDER,
        agb=AgbVersion(name="AGB Nachnutzung", version="2026-01"),
    )
    return ContractConcluded(contract=head, concluded_at=CONCLUDED_AT)


def chained(
    body: str, offering_id: str, state: ChainState, number: int = 1, leg: Leg = Leg.NACHNUTZUNG, grantor: Party = ANBIETER
) -> ChainHead:
    """Return a contract of a body as the events of its life hold it."""
    return ChainHead(
        id=contract_of(body, offering_id, number),
        number=f"GD/2026/{number:05}",
        leg=leg,
        channel=Channel.GOVDIGITAL,
        offering_id=offering_id,
        offering_title=TITLE,
        grantor=grantor,
        grantee=Party(id=body, name=body),
        state=state,
        valid_from=date(2026, 11, 24),
    )


def terminated(body: str, offering_id: str, number: int = 1) -> ContractTerminated:
    """Return the event that notice of the contract was given: it goes on until its last day."""
    return ContractTerminated(contract=chained(body, offering_id, ChainState.GEKUENDIGT, number), at=CONCLUDED_AT)


def ended(body: str, offering_id: str, number: int = 1) -> ContractEnded:
    """Return the event that the last day of the contract is over."""
    return ContractEnded(contract=chained(body, offering_id, ChainState.BEENDET, number), at=CONCLUDED_AT)


def continued(body: str, offering_id: str, number: int = 2) -> ContractSucceeded:
    """Return the event that the contract which follows the one before is concluded."""
    head = chained(body, offering_id, ChainState.GESCHLOSSEN, number)
    return ContractSucceeded(contract=head, at=CONCLUDED_AT, continues=contract_of(body, offering_id, number - 1))


def passed_on(body: str, offering_id: str, by: str) -> SubContractConcluded:
    """Return the event that a body passes the use on to another one."""
    grantor = Party(id=by, name=by)
    head = chained(body, offering_id, ChainState.GESCHLOSSEN, leg=Leg.SUB_NACHNUTZUNG, grantor=grantor)
    return SubContractConcluded(contract=head, at=CONCLUDED_AT)


def acceded(body: str, offering_id: str, last_day: date | None = None) -> AccessionDeclared:
    """Return the event that a body has acceded to a contract, until a last day if it has named one."""
    return AccessionDeclared(accession=_accession(body, offering_id, last_day), at=CONCLUDED_AT)


def left(body: str, offering_id: str, last_day: date) -> AccessionEnded:
    """Return the event that the last day of the accession of a body is known."""
    return AccessionEnded(accession=_accession(body, offering_id, last_day), at=CONCLUDED_AT)


def _accession(body: str, offering_id: str, last_day: date | None) -> AccessionHead:
    return AccessionHead(
        id=derived_id("reuse-accession", body, offering_id),
        contract_id=contract_of("DE-SN", offering_id),
        channel=Channel.FITKO,
        offering_id=offering_id,
        offering_title=TITLE,
        organisation=Party(id=body, name=body),
        licensee=Party(id="DE-SN", name="DE-SN"),
        provider=PROVIDER,
        valid_from=date(2026, 11, 24),
        ends_on=last_day,
    )


def received(message: ContractConcluded | ChainEvent | AccessionEvent, seq: int) -> Received:
    """Return an event of contracts as its consumers get it, the number ``seq`` of its contract or accession."""
    source = message.accession.id if isinstance(message, AccessionEvent) else message.contract.id
    return Received(message, source, Cause(derived_id("event", source, str(seq)), message.TYPE, source, seq), CONCLUDED_AT)
