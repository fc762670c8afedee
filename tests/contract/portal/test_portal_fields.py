"""What the portal reads of the services is what they describe: paths, query parameters, fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any, cast, get_args, get_origin

import pytest
from pydantic import BaseModel

from marktplatz.assembly import BUILDERS, ServiceName
from services.contracts.amending.schemas import ChangesView
from services.contracts.schemas import ContractDetail
from services.eligibility.engine.facts import (
    Activity,
    AuthorityStatus,
    Cooperation,
    Declaration,
    Document,
    JointRelation,
    LegalOpinion,
    Organisation,
    PartOf,
    PrivateParticipation,
    Recorded,
    SoleRelation,
)
from services.eligibility.fact_store.audience import EXAMINED, OWN_KINDS
from services.notify.app import load_routing
from services.ordering.domain.partner.partner import PARTNER_ROLES as ALLOWED_ROLES
from services.portal.apis import catalog, contracts, eligibility, facts, notify, operations, ordering, partners
from services.portal.apis.ordering import Order
from services.portal.language import Language
from services.portal.pages import dead_letters
from services.portal.pages.accessions import ACTS, END
from services.portal.pages.contract_agreeing import PROPOSALS, Now
from services.portal.pages.contract_changes import OFFER
from services.portal.pages.contract_changes import STEPS as CHANGES
from services.portal.pages.contract_contacts import KINDS
from services.portal.pages.contracts import LEGS, PARTIES, SHOWN, STATES, STEPS
from services.portal.pages.contracts import Asked as AskedContracts
from services.portal.pages.cost_information import ISSUE, Lines
from services.portal.pages.examinations import DOCUMENT, FINDINGS, NO, WITHDRAW, YES, document_of
from services.portal.pages.fact_forms import DOCUMENT as FACT_DOCUMENT
from services.portal.pages.fact_forms import DOCUMENTS as FACT_DOCUMENTS
from services.portal.pages.fact_forms import document_of as fact_document_of
from services.portal.pages.fact_shapes import OWN, SHAPES, Sort, word_of_value
from services.portal.pages.facts import KINDS as KINDS_OF_FACTS
from services.portal.pages.inbox import NARROWING
from services.portal.pages.notices import FURTHER, MATTERS, matter_of
from services.portal.pages.offer_steps import MOVES
from services.portal.pages.order_verdict import JUDGING
from services.portal.pages.orders import WAITING
from services.portal.pages.orders import Asked as AskedOrders
from services.portal.pages.organisations import DECISIONS
from services.portal.pages.participations import WAITING as KLIENT_WAITING
from services.portal.pages.partner_forms import QUOTA
from services.portal.pages.partner_forms import ROLES as PARTNER_ROLES
from services.portal.pages.partners import STEPS as PARTNER_STEPS
from services.portal.pages.showcase import FILTERS, LICENSED, Asked
from services.portal.pages.steps import COMMANDS
from services.portal.pages.steps import Asked as AskedStep
from services.portal.pages.tasks import SIGNATURES
from services.portal.texts import every_key, read_texts
from shared.messages.contracts import Leg
from shared.messages.ordering import OrderParty
from tests.faults.malformed.apis import document

_LETTERS = "/v1/operations/{}/groups/{{group}}/dead-letters"
READ: tuple[tuple[ServiceName, str, str, type[BaseModel]], ...] = (
    (ServiceName.CATALOG, "get", "/v1/offerings", catalog.Found),
    (ServiceName.CATALOG, "get", "/v1/offerings/{offering_id}", catalog.Offering),
    (ServiceName.CATALOG, "get", "/v1/offerings/{offering_id}", catalog.KnownService),
    (ServiceName.CATALOG, "put", "/v1/offerings/{offering_id}/documents/{digest}", catalog.Brought),
    (ServiceName.ELIGIBILITY, "get", "/v1/evidence/{document_id}", eligibility.EvidenceFile),
    (ServiceName.ELIGIBILITY, "put", "/v1/evidence/{document_id}/content", eligibility.EvidenceFile),
    (ServiceName.CATALOG, "get", "/v1/my/offerings", catalog.MyOfferings),
    (ServiceName.CATALOG, "get", "/v1/reference/ozg", catalog.OzgEntries),
    (ServiceName.CATALOG, "get", "/v1/reference/leika", catalog.LeikaEntries),
    (ServiceName.CATALOG, "get", "/v1/reference/requirements", catalog.Requirements),
    (ServiceName.CATALOG, "get", "/v1/reference/topics", catalog.Topics),
    (ServiceName.ELIGIBILITY, "get", "/v1/channels", eligibility.Channels),
    (ServiceName.ELIGIBILITY, "get", "/v1/channels/{channel}", eligibility.ChannelRules),
    (ServiceName.ORDERING, "get", "/v1/orders", ordering.Summaries),
    (ServiceName.ORDERING, "get", "/v1/orders/counts", ordering.Count),
    (ServiceName.ORDERING, "get", "/v1/orders/{order_id}", ordering.Order),
    (ServiceName.ORDERING, "post", "/v1/orders/placements", ordering.Placement),
    (ServiceName.ORDERING, "get", "/v1/orders/placements/{placement_id}", ordering.Together),
    (ServiceName.ORDERING, "get", "/v1/participations", ordering.Participations),
    (ServiceName.ORDERING, "get", "/v1/participations/{participation_id}", ordering.Participation),
    (ServiceName.ORDERING, "get", "/v1/order-vocabulary", ordering.Vocabulary),
    (ServiceName.NOTIFY, "get", "/v1/inbox", notify.Inbox),
    (ServiceName.ELIGIBILITY, "post", "/v1/checks", eligibility.Checks),
    (ServiceName.ELIGIBILITY, "get", "/v1/verdicts/{order_id}", eligibility.OrderVerdict),
    (ServiceName.ELIGIBILITY, "get", "/v1/bodies", eligibility.Bodies),
    (ServiceName.ELIGIBILITY, "get", "/v1/bodies/{body_id}", eligibility.Body),
    (ServiceName.ELIGIBILITY, "put", "/v1/registrations/{body_id}", eligibility.Registration),
    (ServiceName.ELIGIBILITY, "get", "/v1/organisations/{organisation_id}", eligibility.Organisation),
    (ServiceName.ELIGIBILITY, "get", "/v1/accreditations", eligibility.WorkItems),
    (ServiceName.ELIGIBILITY, "get", "/v1/bodies/{body_id}/relations", eligibility.Neighbourhood),
    (ServiceName.ELIGIBILITY, "get", "/v1/bodies/{body_id}/ways", eligibility.Ways),
    (ServiceName.ELIGIBILITY, "get", "/v1/examinations", eligibility.WaitingRelations),
    (ServiceName.ELIGIBILITY, "get", "/v1/facts/{fact_id}", eligibility.Fact),
    (ServiceName.ELIGIBILITY, "get", "/v1/precheck-jobs", eligibility.Jobs),
    (ServiceName.ELIGIBILITY, "get", "/v1/precheck-jobs/{job_id}/orders", eligibility.ConcernedOrders),
    (ServiceName.CATALOG, "get", "/v1/portals", catalog.FederatedPortals),
    (ServiceName.ORDERING, "get", "/v1/partner-quarantine", ordering.Quarantine),
    *((name, "get", f"/v1/operations/{name.value}", operations.ServiceState) for name in BUILDERS),
    *((name, "get", _LETTERS.format(name.value), operations.Letters) for name in BUILDERS),
    *((name, "get", f"{_LETTERS.format(name.value)}/{{letter_id}}", operations.WholeLetter) for name in BUILDERS),
    (ServiceName.ORDERING, "post", "/v1/partner-quarantine/{reference}/replay", ordering.Decided),
    (ServiceName.ORDERING, "post", "/v1/partner-quarantine/{reference}/resubmit", ordering.Decided),
    (ServiceName.ORDERING, "get", "/v1/partners", ordering.PartnerSystems),
    (ServiceName.ORDERING, "get", "/v1/partners", partners.Summaries),
    (ServiceName.ORDERING, "get", "/v1/partners/{partner_id}", partners.Partner),
    (ServiceName.ORDERING, "get", "/v1/partners/{partner_id}/history", partners.History),
    (ServiceName.ELIGIBILITY, "get", "/v1/facts", facts.BodyFacts),
    (ServiceName.ELIGIBILITY, "get", "/v1/facts/{fact_id}", facts.BodyFact),
    (ServiceName.NOTIFY, "get", "/v1/webhooks", notify.Webhooks),
    (ServiceName.NOTIFY, "get", "/v1/webhooks/{webhook_id}", notify.Webhook),
    (ServiceName.NOTIFY, "post", "/v1/webhooks/{webhook_id}/rotate", notify.NewSecret),
    (ServiceName.NOTIFY, "get", "/v1/webhooks/{webhook_id}/deliveries", notify.Deliveries),
    (ServiceName.ELIGIBILITY, "get", "/v1/registrations/{body_id}", eligibility.Registration),
    (ServiceName.ELIGIBILITY, "get", "/v1/organisations/{organisation_id}/vollmacht", eligibility.Vollmacht),
    (ServiceName.CONTRACTS, "get", "/v1/registers/{channel}/{year}", contracts.Register),
    (ServiceName.NOTIFY, "get", "/v1/contacts/me", notify.Contact),
    (ServiceName.NOTIFY, "get", "/v1/contacts/kinds", notify.Kinds),
    (ServiceName.NOTIFY, "get", "/v1/inbox/unread", notify.Unread),
    (ServiceName.NOTIFY, "post", "/v1/inbox/read", notify.Marked),
    (ServiceName.ELIGIBILITY, "get", "/v1/organisations/{organisation_id}/members", eligibility.Members),
    (ServiceName.ELIGIBILITY, "post", "/v1/invitations/accept", eligibility.Named),
    (ServiceName.ELIGIBILITY, "patch", "/v1/organisations/{organisation_id}", eligibility.Named),
    (ServiceName.CONTRACTS, "get", "/v1/agb/{channel}", contracts.AgbInForce),
    (ServiceName.CONTRACTS, "get", "/v1/agb/{channel}/versions", contracts.AgbVersions),
    (ServiceName.CONTRACTS, "post", "/v1/contracts/{contract_id}/sub-contracts/preview", contracts.Preview),
    (ServiceName.CONTRACTS, "get", "/v1/contracts", contracts.Summaries),
    (ServiceName.CONTRACTS, "get", "/v1/contracts/{contract_id}", contracts.Contract),
    (ServiceName.CONTRACTS, "get", "/v1/contracts/{contract_id}/documents", contracts.Documents),
    (ServiceName.CONTRACTS, "get", "/v1/contracts/{contract_id}/changes", contracts.Changes),
    (ServiceName.CONTRACTS, "get", "/v1/contracts/{contract_id}/contacts", contracts.ContractContacts),
    (ServiceName.CONTRACTS, "get", "/v1/contracts/{contract_id}/price-changes", contracts.PriceChanges),
    (ServiceName.CONTRACTS, "get", "/v1/contracts/{contract_id}/statements", contracts.Statements),
    (ServiceName.CONTRACTS, "get", "/v1/statements/{statement_id}/documents", contracts.Documents),
    (ServiceName.CONTRACTS, "get", "/v1/statement-jobs", contracts.StatementJobs),
    (ServiceName.CONTRACTS, "get", "/v1/offers/{offering_id}/costs", contracts.OwnCosts),
    (ServiceName.CONTRACTS, "get", "/v1/offers/{offering_id}/licence", contracts.Licence),
    (ServiceName.CONTRACTS, "get", "/v1/accessions", contracts.Accessions),
    (ServiceName.CONTRACTS, "get", "/v1/accessions/{accession_id}", contracts.OwnAccession),
    (ServiceName.CONTRACTS, "get", "/v1/offers/{offering_id}/cost-information", contracts.CostInformation),
)
PRICE = catalog.PriceItem(
    kind="BETRIEB_ONLINEDIENST",
    label="Betrieb",
    amount=catalog.Money(currency="EUR", cents=100),
    period="JAHR",
    key="FEST",
    funding=None,
    valid_from=date(2026, 1, 1),
    valid_to=None,
)
NEW_ORDER = cast(
    "Order",
    SimpleNamespace(anbindungsarten=("API",), anbindungsart=None, channel="fitko", price_items=(), price_sheet=(PRICE,)),
)


@pytest.mark.parametrize(("service", "method", "path", "model"), READ, ids=lambda it: getattr(it, "__name__", str(it)))
def test_every_field_that_is_read_is_described(service: ServiceName, method: str, path: str, model: type[BaseModel]) -> None:
    described = document(service)
    answer = described["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    assert list(_lacking(described, answer, model, model.__name__)) == []


def test_a_field_that_is_not_described_is_found() -> None:
    class Invented(BaseModel):
        no_such_field: str

    class Page(BaseModel):
        items: tuple[Invented, ...]

    described = document(ServiceName.CATALOG)
    answer = described["paths"]["/v1/offerings"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert list(_lacking(described, answer, Page, "Page")) == ["Page.items.no_such_field"]


def test_what_a_page_has_done_is_an_operation_that_is_described() -> None:
    assert "post" in document(ServiceName.NOTIFY)["paths"]["/v1/inbox/{notification_id}/read"]
    known = {it["name"] for it in document(ServiceName.NOTIFY)["paths"]["/v1/inbox"]["get"]["parameters"]}
    assert {"unread", "cursor", "limit", *NARROWING} <= known
    contact = {"name", "email", "language", "email_enabled", "muted", "rhythm", "rhythms", "deputy"}
    assert contact <= _body(document(ServiceName.NOTIFY), "/v1/contacts/me", "put")
    assert {"until", *NARROWING} <= _body(document(ServiceName.NOTIFY), "/v1/inbox/read")
    for decision in dead_letters.STEPS:
        path = f"{_LETTERS.format('notify')}/{{letter_id}}/{decision.name}"
        assert {it.name for it in decision.asked} == _body(document(ServiceName.NOTIFY), path)
    for step, body in (("discard", {"reason"}), ("resubmit", {"event"}), ("replay", set())):
        assert body <= _body(document(ServiceName.ORDERING), f"/v1/partner-quarantine/{{reference}}/{step}")


def test_every_kind_of_notification_has_words_to_choose_it_by() -> None:
    """In ``[notice]`` of ``services/portal/texts``; notify refuses a kind that nobody is told of."""
    routed = load_routing().kinds
    for words in read_texts().values():
        assert {key.removeprefix("notice.") for key in every_key(words, "notice.")} == routed
        assert {f"inbox.group.{it.partition('.')[0]}" for it in routed} == set(every_key(words, "inbox.group."))


def test_every_kind_of_notification_belongs_to_a_matter_that_has_words() -> None:
    """In ``services/portal/pages/notices.py``; a kind of a later version is shown among what is left."""
    for words in read_texts().values():
        assert {f"matter.{it}" for it in MATTERS} == set(every_key(words, "matter."))
    routed = load_routing().kinds
    assert {it: matter_of(it) for it in routed if matter_of(it) == FURTHER} == {}
    assert {matter_of(it) for it in routed} == {*MATTERS} - {FURTHER}
    assert matter_of("ordering.order.something-new.v1") == FURTHER


def test_every_form_of_webhooks_partners_and_facts_is_an_operation_with_the_fields_that_are_asked_for() -> None:
    described = document(ServiceName.NOTIFY)
    assert {"url", "event_types"} == _body(described, "/v1/webhooks")
    assert {"url", "event_types", "active"} == _body(described, "/v1/webhooks/{webhook_id}", "put")
    assert "delete" in described["paths"]["/v1/webhooks/{webhook_id}"]
    assert "post" in described["paths"]["/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/resend"]
    known = {it["name"] for it in described["paths"]["/v1/webhooks/{webhook_id}/deliveries"]["get"]["parameters"]}
    assert {"state", "cursor", "limit"} <= known
    described = document(ServiceName.ORDERING)
    partner = partners.Partner.model_validate(
        {
            "id": "nord",
            "name": "Nord",
            "run_by": {"id": "dataport", "name": "Dataport"},
            "state": "ACTIVE",
            "organisations": [{"id": "husum", "name": "Husum", "roles": ["KUNDE"]}],
            "keys": [],
            "quota": QUOTA,
            "contact": {"mailbox": "a@b.example"},
            "topics": {"orders": "o", "receipts": "r"},
            "registered_at": "2026-11-24T09:00:00Z",
        }
    )
    one = "/v1/partners/{partner_id}"
    assert set(_members(partner.stated())) == _body(described, one, "put")
    assert {"id", *_members(partner.stated())} == _body(described, "/v1/partners")
    assert {"jwk", "kid", "valid_from", "valid_until"} <= _body(described, f"{one}/keys")
    assert {"until"} == _body(described, f"{one}/keys/{{kid}}/retire")
    assert {"event"} == _body(described, f"{one}/key-rotations")
    for step in PARTNER_STEPS.values():
        assert {it.name for it in step.asked} == _body(described, f"{one}/{step.name}"), step.name
    assert set(PARTNER_ROLES) == set(ALLOWED_ROLES)
    described = document(ServiceName.ELIGIBILITY)
    filled = {f"document.{it}": "x" for it in FACT_DOCUMENT}
    sent = {"fact", "document", "reason", *(fact_document_of(filled, "husum") or {})}
    for path, method in (("/v1/facts", "post"), ("/v1/facts/{fact_id}", "put")):
        assert sent <= _body(described, path, method)
    kinds = {it["name"]: it for it in described["paths"]["/v1/facts"]["get"]["parameters"]}["kind"]["schema"]
    assert set(KINDS_OF_FACTS) == set(next(it["enum"] for it in kinds["anyOf"] if "enum" in it))


def test_every_shape_of_facts_has_the_members_and_values_that_eligibility_knows() -> None:
    models: dict[str, type[BaseModel]] = {
        "joint": JointRelation,
        "sole": SoleRelation,
        "part": PartOf,
        "activity": Activity,
        "declaration": Declaration,
        "private_participation": PrivateParticipation,
        "cooperation": Cooperation,
        "legal_opinion": LegalOpinion,
        "authority_status": AuthorityStatus,
        "organisation": Organisation,
    }
    assert models.keys() == SHAPES.keys()
    asked = {"id", "kind", "valid_from", "valid_to", "evidence", *Recorded.model_fields}
    for name, model in models.items():
        shape = SHAPES[name]
        fields = {it.alias or key: it for key, it in model.model_fields.items()}
        assert {it.name for it in shape.members} | {shape.about} | shape.fixed.keys() == fields.keys() - asked | {shape.about}, (
            name
        )
        for member in shape.members:
            if member.sort not in {Sort.CHOICE, Sort.FINDING}:
                continue
            known = [it for it in get_args(fields[member.name].annotation) if it is not type(None)] or [bool]
            values = {YES, NO} if known == [bool] else {it for one in known for it in (get_args(one) or (one,))}
            assert set(member.values) == values, f"{name}: {member.name}"
        assert {it.name for it in shape.members if it.sort is Sort.FINDING} == set(EXAMINED.get(shape.kind, ())) & fields.keys()
    assert {SHAPES[it].kind for it in OWN} == set(OWN_KINDS)
    assert set(FACT_DOCUMENTS) == set(get_args(Document.model_fields["type"].annotation)) - {"VOLLMACHT"}
    for words in read_texts().values():
        for name, shape in SHAPES.items():
            assert words.has(f"facts.kind.{shape.kind}")
            assert words.has(f"facts.shape.{name}")
            assert words.has(f"facts.explained.{name}")
            chosen = [(it.name, value) for it in shape.members if it.sort in {Sort.CHOICE, Sort.FINDING} for value in it.values]
            assert [it for it in chosen if word_of_value(words, *it) == it[1]] == []
        assert [it for it in FACT_DOCUMENTS if not words.has(f"evidence.{it}")] == []


def test_every_step_is_an_operation_with_the_fields_that_are_asked_for() -> None:
    described = document(ServiceName.ORDERING)
    words = read_texts()[Language.DE]
    asked = AskedStep(
        NEW_ORDER, str, lambda _enumeration, value: value, words, Language.DE, date(2026, 3, 2), {"1": "Husum, Stadt"}
    )
    parts = {"points": "point_id", "questions": "question_id", "milestones": "code", "klienten": "klient"}
    for step in COMMANDS.values():
        path = step.path.replace("{part}", f"{{{parts.get(step.path.partition('/')[0])}}}")
        known = _body(described, f"/v1/orders/{{order_id}}/{path}")
        filled = {it.name: "1" for it in step.fields(asked)}
        sent = filled if step.sent is None else step.sent(asked, filled)[0]
        assert sent.keys() | set(step.seen) <= known, step.command
    assert {"offering_id", "channel", "anbindungsart", "message"} <= _body(described, "/v1/orders")
    placed = {it.name for it in COMMANDS["place"].fields(asked)} | {"order_id", "revision", "offer_number"}
    assert placed <= _body(described, "/v1/orders/placements")


def test_every_step_with_an_offer_is_an_operation_with_the_fields_that_are_asked_for() -> None:
    described = document(ServiceName.CATALOG)
    for move in MOVES.values():
        known = _body(described, f"/v1/offerings/{{offering_id}}/{move.name}")
        assert {it.name for it in move.fields(str)} <= known, move.name
    assert {"put", "get"} <= described["paths"]["/v1/offerings/{offering_id}"].keys()
    assert "post" in described["paths"]["/v1/offerings/{offering_id}/submit"]


def test_every_form_of_organisations_and_contracts_is_an_operation_with_the_fields_that_are_asked_for() -> None:
    described = document(ServiceName.ELIGIBILITY)
    below = "/v1/organisations/{organisation_id}"
    for decision in DECISIONS.values():
        path = f"{below}/accreditations/{{channel}}/{{role}}/{decision.name}"
        assert {it.name for it in decision.fields(str)} <= _body(described, path), decision.name
    assert {"path", "type", "valid_from", "evidence", "title", "reference"} <= _body(described, f"{below}/relations")
    assert {"channel", "role"} <= _body(described, f"{below}/accreditations")
    assert {"leitweg_id", "add_roles", "functions", "remove_users"} <= _body(
        described, "/v1/organisations/{organisation_id}", "patch"
    )
    assert {"invoice_address", "care_of", "street", "postcode", "city", "country", "email"} <= _body(described, below, "patch")
    assert "delete" in described["paths"][f"{below}/relations/{{statement_id}}"]
    examined = {"findings", "document", "reason", *(document_of("a", dict.fromkeys(DOCUMENT, "2027-01-01")) or {})}
    assert examined <= _body(described, "/v1/facts/{fact_id}/examination")
    assert {it.name for it in WITHDRAW.asked} <= _body(described, f"/v1/facts/{{fact_id}}/{WITHDRAW.name}")
    for judging in JUDGING:
        asked = {it.name for it in judging.asked}
        beside = {"check", "verdict_hash"} if judging.path == "overrides" else set()
        assert asked | beside <= _body(described, f"/v1/verdicts/{{order_id}}/{judging.path}"), judging.path
    draft = _body(described, "/v1/registrations/{body_id}", "put")
    assert {"person", "capacity", "confirmed", "roles", "kunde", "leitweg_id", "accreditations", "channel", "role"} <= draft
    assert "post" in described["paths"]["/v1/registrations/{body_id}/submit"]
    paths = {
        **{it: it.name for it in (*STEPS.values(), OFFER)},
        **{it: f"changes/{{change_id}}/{it.name}" for it in CHANGES.values()},
    }
    for step, below in paths.items():
        known = _body(document(ServiceName.CONTRACTS), f"/v1/contracts/{{contract_id}}/{below}")
        assert {it.name for it in step.fields(str)} <= known, step.name


def test_whatever_an_examination_finds_is_asked_for() -> None:
    assert FINDINGS.keys() == set(EXAMINED["relation"])
    for model in (SoleRelation, JointRelation):
        for name in FINDINGS.keys() & model.model_fields.keys():
            values = [it for it in get_args(model.model_fields[name].annotation) if it is not type(None)]
            known = {YES, NO} if values == [bool] else set(get_args(values[0]))
            assert set(FINDINGS[name]) == known, name


def test_every_proposal_about_a_contract_is_an_operation_with_the_members_that_are_sent() -> None:
    described = document(ServiceName.CONTRACTS)
    contract = contracts.Contract.model_validate(_example(ContractDetail))
    changes = contracts.Changes.model_validate(_example(ChangesView))
    now = Now(contract, changes, (), read_texts()[Language.DE], Language.DE, lambda _enumeration, value: value, {})
    assert contract.price_items, "without a line no member of one is sent"
    moves = described["components"]["schemas"]["ChangesView"]["properties"]["allowed_moves"]["items"]["enum"]
    assert set(moves) == {*PROPOSALS, "accept", "give-up"} <= {*PROPOSALS, *STEPS}
    for proposal in PROPOSALS.values():
        filled = {it.name: "2027-01-01" for it in proposal.fields(now)}
        path = f"/v1/contracts/{{contract_id}}/{proposal.name}"
        assert set(_members(proposal.content(now, filled))) <= _body(described, path), proposal.name
        assert proposal.makes == ("201" in described["paths"][path]["post"]["responses"]), proposal.name
    steps = described["components"]["schemas"]["ContractDetail"]["properties"]["allowed_moves"]["items"]["enum"]
    assert set(steps) == SHOWN.keys()
    assert ACTS.keys() <= set(described["components"]["schemas"]["OpenLink"]["properties"]["action"]["enum"])
    assert set(LICENSED) <= set(described["components"]["schemas"]["ChannelLicence"]["properties"]["status"]["enum"])
    for step, below in (
        (ACTS["ACCEDE"], "contracts/{contract_id}/accessions"),
        (ACTS["ORDER_SUB"], "contracts/{contract_id}/sub-contracts"),
        (END, "accessions/{accession_id}/end"),
    ):
        assert {it.name for it in step.asked} <= _body(described, f"/v1/{below}"), step.name
    assert {"year"} <= _body(described, "/v1/statement-jobs")
    assert "get" in described["paths"]["/v1/contracts/{contract_id}/archive"]
    person = {"contacts", "kind", "person", "name", "function", "email", "phone"}
    assert person <= _body(described, "/v1/contracts/{contract_id}/contacts", "put")
    kinds = described["components"]["schemas"]["ContactKind"]["enum"]
    assert set(kinds) == set(KINDS)
    offered = {"grantee", "id", "name", "valid_from", "valid_to", "territory", "charge", "price_items", "order_reference"}
    assert offered <= _body(described, "/v1/contracts/{contract_id}/sub-contracts")
    assert {"version", "leg"} <= {it["name"] for it in described["paths"]["/v1/agb/{channel}"]["get"]["parameters"]}
    lines = Lines([{"id": "001", "efa_share_bp": None}], ["001"], now.words, Language.DE, lambda _: {})
    items, _ = lines.content({it.name: "KOENIGSTEIN" for it in lines.fields() if not it.name.endswith("dropped")})
    path = f"/v1/offers/{{offering_id}}/{ISSUE}"
    assert set(_members({"channel": "", "effective_from": "", "items": items})) <= _body(described, path)


def test_every_filter_of_the_search_is_a_query_parameter_of_the_catalog() -> None:
    operation = document(ServiceName.CATALOG)["paths"]["/v1/offerings"]["get"]
    known = {it["name"] for it in operation["parameters"]}
    asked = Asked(q="a", cursor="b", **{name: ["true"] for name in FILTERS})
    assert {name for name, _ in asked.parameters()} == {"q", "cursor", "limit", *FILTERS}
    assert {name for name, _ in asked.parameters()} <= known


def test_every_filter_of_the_list_of_vorgaenge_is_a_query_parameter_of_ordering() -> None:
    asked = AskedOrders(q="x", state="PRODUKTIV", waits_for_me=True, offering_id="1")
    for path, further in (("/v1/orders", {"cursor", "limit"}), ("/v1/orders/counts", {"party"})):
        known = {it["name"] for it in document(ServiceName.ORDERING)["paths"][path]["get"]["parameters"]}
        assert {name for name, _ in (*asked.filters(), *WAITING)} | further <= known


def test_every_filter_of_the_list_of_contracts_is_a_query_parameter_of_contracts() -> None:
    known = {it["name"] for it in document(ServiceName.CONTRACTS)["paths"]["/v1/contracts"]["get"]["parameters"]}
    texts = {"state": "GEKUENDIGT", "party": "KUNDE", "leg": "NACHNUTZUNG", "ends_before": "2027-01-01"}
    asked = AskedContracts(q="x", offering_id="1", waits_for_me=True, change_waits=True, **texts)
    assert {name for name, _ in asked.filters()} == AskedContracts.model_fields.keys() - {"cursor"}
    assert {name for name, _ in (*asked.filters(), *SIGNATURES)} | {"cursor", "limit"} <= known
    schemas = document(ServiceName.CONTRACTS)["components"]["schemas"]
    assert set(STATES) == set(schemas["ContractState"]["enum"]) - {"ANGEFORDERT"}
    assert set(LEGS) == set(Leg)
    assert set(PARTIES) == set(OrderParty) - {"SYSTEM"}
    assert AskedContracts(state="x", party="x", leg="x", ends_before="x").filters() == []


def test_what_waits_for_a_klient_is_a_query_parameter_of_ordering() -> None:
    known = {it["name"] for it in document(ServiceName.ORDERING)["paths"]["/v1/participations"]["get"]["parameters"]}
    assert {name for name, _ in KLIENT_WAITING} | {"cursor"} <= known


def _body(described: dict[str, Any], path: str, method: str = "post") -> set[str]:
    """Return the names of all members of the body that an operation takes, at any depth."""
    operation = described["paths"][path][method]
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    names: set[str] = set()
    waiting = _objects(described, schema)
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        # A key of distribution may hold others of its kind.
        properties = {} if id(found) in seen else found.get("properties", {})
        seen.add(id(found))
        names |= set(properties)
        waiting += [inner for it in properties.values() for inner in _objects(described, it)]
    return names


def _example(model: type[BaseModel]) -> Any:
    """Return the example of a model as it states it: documents leave out what is null in one."""
    stated = model.model_config["json_schema_extra"]
    assert isinstance(stated, dict)
    return cast("list[Any]", stated["examples"])[0]


def _members(content: object) -> Iterator[str]:
    """Yield the names of all members of a body, at any depth."""
    if isinstance(content, dict):
        yield from content
    for inner in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _members(inner)


def _lacking(described: dict[str, Any], schema: dict[str, Any], model: type[BaseModel], place: str) -> list[str]:
    """Return the fields of a model that no alternative of a schema has."""
    objects = list(_objects(described, schema))
    lacking: list[str] = []
    for named, field in model.model_fields.items():
        name = field.alias or named
        found = [it["properties"][name] for it in objects if name in it.get("properties", {})]
        if not found:
            lacking.append(f"{place}.{name}")
            continue
        for inner in _models(field.annotation):
            lacking += _lacking(described, {"anyOf": found}, inner, f"{place}.{name}")
    return lacking


def _objects(described: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in schema:
        return _objects(described, described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    inner = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    inner += [schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict)]
    return [schema, *(found for it in inner for found in _objects(described, it))]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for it in get_args(annotation) for found in _models(it)]
