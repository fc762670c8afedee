"""The function that a page says a step needs is the one that the operation of its service asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from marktplatz.assembly import ServiceName
from services.portal.functions import NEEDED
from services.portal.pages.accessions import ACTS, END
from services.portal.pages.contract_agreeing import PROPOSALS
from services.portal.pages.contract_changes import OFFER
from services.portal.pages.contract_changes import STEPS as CHANGES
from services.portal.pages.contracts import SHOWN
from services.portal.pages.dead_letters import STEPS as LETTERS
from services.portal.pages.examinations import WITHDRAW
from services.portal.pages.offer_steps import MOVES
from services.portal.pages.order_verdict import JUDGING
from services.portal.pages.organisations import DECISIONS
from services.portal.pages.participations import STEPS as ANSWERS
from services.portal.pages.partners import STEPS as PARTNERS
from services.portal.pages.quarantine import OPERATORS
from services.portal.pages.quarantine import PARTNERS as RESUBMITTERS
from services.portal.pages.steps import COMMANDS
from shared.messages.values import Function
from tests.faults.malformed.apis import document

CATALOG, CONTRACTS, ELIGIBILITY, ORDERING = (
    *(ServiceName.CATALOG, ServiceName.CONTRACTS),
    *(ServiceName.ELIGIBILITY, ServiceName.ORDERING),
)
ORGANISATION, PARTNER = "/v1/organisations/{organisation_id}", "/v1/partners/{partner_id}"
PARTS: Final = {
    "points": "point_id",
    "questions": "question_id",
    "milestones": "code",
    "klienten": "klient",
}
"""How ordering calls the parts of a Vorgang in its paths."""
OPERATIONS: Final[dict[str, tuple[tuple[ServiceName, str, str], ...]]] = {
    "accreditation": ((ELIGIBILITY, "post", f"{ORGANISATION}/accreditations"),),
    "agb_offer": ((CONTRACTS, "post", "/v1/contracts/{contract_id}/agb-offer"),),
    "contacts": ((CONTRACTS, "put", "/v1/contracts/{contract_id}/contacts"),),
    "costs": ((CONTRACTS, "post", "/v1/offers/{offering_id}/cost-information"),),
    "evidence": ((ELIGIBILITY, "put", "/v1/evidence/{document_id}/content"),),
    "fact": (
        (ELIGIBILITY, "post", "/v1/facts"),
        (ELIGIBILITY, "put", "/v1/facts/{fact_id}"),
        (ELIGIBILITY, "post", "/v1/facts/{fact_id}/examination"),
        (ELIGIBILITY, "post", "/v1/facts/{fact_id}/withdrawal"),
    ),
    "interest": ((ORDERING, "post", "/v1/orders"),),
    "invitation": (
        (ELIGIBILITY, "post", f"{ORGANISATION}/invitations"),
        (ELIGIBILITY, "delete", f"{ORGANISATION}/invitations/{{invitation_id}}"),
    ),
    "letter": tuple(
        (it, "post", f"/v1/operations/{it.value}/groups/{{group}}/dead-letters/{{letter_id}}/{step.name}")
        for it in (*(CATALOG, CONTRACTS, ELIGIBILITY, ORDERING), ServiceName.NOTIFY)
        for step in LETTERS
    ),
    "offering": ((CATALOG, "post", "/v1/offerings"), (CATALOG, "put", "/v1/offerings/{offering_id}")),
    "organisation": ((ELIGIBILITY, "patch", ORGANISATION),),
    "partner": (
        (ORDERING, "post", "/v1/partners"),
        (ORDERING, "put", PARTNER),
        (ORDERING, "post", f"{PARTNER}/keys"),
        (ORDERING, "post", f"{PARTNER}/keys/{{kid}}/retire"),
        *((ORDERING, "post", f"{PARTNER}/{it}") for it in PARTNERS),
    ),
    "placements": ((ORDERING, "post", "/v1/orders/placements"),),
    "quarantine": tuple(
        (ORDERING, "post", f"/v1/partner-quarantine/{{reference}}/{it.name}") for it in (*OPERATORS, *RESUBMITTERS)
    ),
    "relation": (
        (ELIGIBILITY, "post", f"{ORGANISATION}/relations"),
        (ELIGIBILITY, "delete", f"{ORGANISATION}/relations/{{statement_id}}"),
    ),
    "rotation": ((ORDERING, "post", f"{PARTNER}/key-rotations"),),
    "statements": ((CONTRACTS, "post", "/v1/statement-jobs"),),
    "submit": ((CATALOG, "post", "/v1/offerings/{offering_id}/submit"),),
    "vollmacht": ((ELIGIBILITY, "put", f"{ORGANISATION}/vollmacht"),),
    "whatif": ((ELIGIBILITY, "post", "/v1/precheck-jobs"),),
}


def steps() -> Iterator[tuple[str, Function, ServiceName, str]]:
    """Yield every step that a service names, with the function that its page says it needs, and the path that takes it."""
    for command, step in COMMANDS.items():
        below = step.path.replace("{part}", f"{{{PARTS.get(step.path.partition('/')[0], 'part')}}}")
        yield command, step.function, ORDERING, f"/v1/orders/{{order_id}}/{below}"
    for judging in JUDGING:
        yield judging.command, judging.function, ELIGIBILITY, f"/v1/verdicts/{{order_id}}/{judging.path}"
    for answer in ANSWERS.values():
        yield answer.name, answer.function, ORDERING, f"/v1/participations/{{participation_id}}/{answer.name}"
    for move in MOVES.values():
        yield move.name, move.function, CATALOG, f"/v1/offerings/{{offering_id}}/{move.name}"
    for decision in DECISIONS.values():
        below = f"accreditations/{{channel}}/{{role}}/{decision.name}"
        yield decision.name, decision.function, ELIGIBILITY, f"{ORGANISATION}/{below}"
    for it in (*SHOWN.values(), OFFER):
        yield it.name, it.function, CONTRACTS, f"/v1/contracts/{{contract_id}}/{it.name}"
    for proposal in PROPOSALS.values():
        yield proposal.name, proposal.function, CONTRACTS, f"/v1/contracts/{{contract_id}}/{proposal.name}"
    for change in CHANGES.values():
        yield change.name, change.function, CONTRACTS, f"/v1/contracts/{{contract_id}}/changes/{{change_id}}/{change.name}"
    yield "ACCEDE", ACTS["ACCEDE"].function, CONTRACTS, "/v1/contracts/{contract_id}/accessions"
    yield "ORDER_SUB", ACTS["ORDER_SUB"].function, CONTRACTS, "/v1/contracts/{contract_id}/sub-contracts"
    yield END.name, END.function, CONTRACTS, "/v1/accessions/{accession_id}/end"
    yield WITHDRAW.name, WITHDRAW.function, ELIGIBILITY, f"/v1/facts/{{fact_id}}/{WITHDRAW.name}"


def needed(service: ServiceName, method: str, path: str) -> str:
    """Return the function that an operation says it needs."""
    found: str = document(service)["paths"][path][method]["x-function"]
    return found


@pytest.mark.parametrize(("name", "function", "service", "path"), list(steps()), ids=str)
def test_a_step_needs_on_its_page_what_its_operation_needs(
    name: str, function: Function, service: ServiceName, path: str
) -> None:
    assert function.value == needed(service, "post", path), name


@pytest.mark.parametrize("name", NEEDED)
def test_what_else_a_page_offers_needs_what_its_operations_need(name: str) -> None:
    assert {needed(*it) for it in OPERATIONS[name]} == {NEEDED[name].value}


def test_what_binds_is_told_from_what_prepares() -> None:
    found = {name: function for name, function, _, _ in steps()}
    assert found["place"] is found["accept"] is found["sign"] is Function.ZEICHNUNG
    assert found["ask"] is found["return"] is found["review"] is Function.BEARBEITUNG
    assert NEEDED["organisation"] is Function.VERWALTUNG
