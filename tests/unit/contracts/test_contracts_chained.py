"""A stored contract in the chain: one of 0.1.0 is completed, and whatever it may break has a code and words."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.contracts import channels
from services.contracts.chain import violations
from services.contracts.channels import chain_channel
from services.contracts.domain.bodies import body_of
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import Actor
from services.contracts.domain.violation_codes import code_of
from services.contracts.neighbourhood import world_of
from services.contracts.numbering import Number
from services.contracts.repository import CONTRACTS
from shared import reasons
from shared.aggregate.record import RecordType
from shared.ids import bereitstellung_id
from shared.messages.reasons import Fact
from shared.messages.values import Channel, Party
from tests.contract.documents.frozen import read
from tests.support.contract_requests import NRW, request
from tests.support.stored import stored
from tests.unit.contracts.test_contracts_contract import draft

RELEASED = Path(__file__).parents[2] / "contract" / "documents" / "released" / "0.1.0"
TERMS = channels.load_terms(None, {})
OLD = read(RELEASED)["contracts"]["contracts"]
CODES = {"TERM_INVALID", "STATE_INCONSISTENT", "FOUR_EYES", "ANNEX_MISSING", "AGB_NOT_IN_FORCE", "SELF_CONTRACT"} | {
    *("ANBIETER_MISMATCH", "CUSTOMER_NOT_ALLOWED", "CHARGE_NOT_ALLOWED", "SUCCESSOR_MISMATCH", "CYCLE", "LEG_ORDER"),
    *("PARENT_UNKNOWN", "CHANNEL_MIX", "PARTY_BREAK", "PARTY_REPEATED", "PARENT_NOT_CONCLUDED", "STARTS_BEFORE_PARENT"),
    *("OUTLIVES_PARENT", "GAP", "SERVICE_NOT_GRANTED", "PARAMETRISATION_NOT_GRANTED", "TERRITORY_NOT_GRANTED"),
    "PASSING_NOT_ALLOWED",
}


def concluded(**changes: Any) -> Contract:
    contract = draft(request(**changes))
    contract.conclude(Number(2026, 1), "FITST/2026/0001", Actor.PROZESSOR)
    return contract


def test_a_contract_from_an_order_rests_on_the_bereitstellungsvertrag_of_its_offer() -> None:
    link = chained(concluded(), TERMS[Channel.FITKO])
    assert (link.leg, link.grantor, link.grantee) == ("NACHNUTZUNG", "fitko", "DE-SN")
    assert link.parent == bereitstellung_id("fitko", request().order.offering_id)
    assert (link.state, link.valid_from, link.valid_to, link.ends_on) == ("GESCHLOSSEN", "2026-11-24", None, None)
    assert (link.territory, link.agb_version) == (("14",), "EfA-Marktplatz 2022")
    assert {signature.side for signature in link.signatures} == {"grantor", "grantee"}
    stated = TERMS[Channel.FITKO].agreed[concluded().leg]
    assert link.notice is not None
    assert stated.notice is not None
    assert (link.notice.months, link.notice.to) == (stated.notice.months, stated.notice.to)


@pytest.mark.parametrize("document", OLD, ids=lambda document: document["number"] or "refused")
def test_a_contract_of_the_first_release_is_completed_and_breaks_no_rule_of_its_own(document: dict[str, Any]) -> None:
    contract = RecordType(Contract, CONTRACTS).read(document).state
    assert contract is not None
    terms = TERMS[contract.channel]
    assert contract.parent == bereitstellung_id(contract.channel.value, contract.offering_id)
    assert (contract.grantor, contract.territory) == (contract.anbieter, None)
    world = world_of([contract], terms)
    codes = {violation.code for violation in violations.violations(world)}
    assert codes == ({"PARENT_UNKNOWN"} if contract.number else set())
    assert chained(contract, terms).price_notice.months == terms.agreed[contract.leg].price_notice.months


async def test_a_contract_without_an_order_is_found_by_no_index_of_the_first_release() -> None:
    contract = concluded()
    by_order = await stored(CONTRACTS, contract)
    assert by_order["recorded_at"] is not None
    without = contract.model_copy(update={"order_id": None})
    document = await stored(CONTRACTS, without)
    assert (document["recorded_at"], document["formed_at"]) == (None, contract.recorded_at)
    read_back = RecordType(Contract, CONTRACTS).read(document)
    assert read_back.state == without
    assert read_back.unknown_fields == {}


def test_every_rule_that_a_contract_can_break_has_a_code_and_words() -> None:
    source = Path(violations.__file__).read_text("utf-8")
    of_accessions = {"ACCESSION_NOT_POSSIBLE"}
    assert {code for code in CODES if f'"{code}"' not in source} == set()
    assert CODES | of_accessions >= {word for word in source.split('"') if word.isupper() and "_" in word} - {
        *("SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG")
    }
    for code in CODES:
        assert code_of(code) == code.lower()
        for language in ("de", "en"):
            assert reasons.words(code_of(code), [Fact(name="order", text="V-2026-1")], language) is not None


@pytest.mark.parametrize(
    ("key", "kind", "ars"),
    [
        ("DE", "BUND", "DE"),
        ("DE-SN", "LAND", "14"),
        ("01054", "KREIS", "01054"),
        ("010515163", "VERBAND", "010515163"),
        ("010540056056", "KOMMUNE", "010540056056"),
        ("dataport", "IT_PROVIDER", None),
        ("govdigital", "ANBIETER", None),
    ],
)
def test_the_key_of_a_body_says_its_kind_and_where_it_is(key: str, kind: str, ars: str | None) -> None:
    body = body_of(key)
    assert (body.id, body.type, body.ars) == (key, kind, ars)


def test_a_body_without_a_territory_of_its_own_uses_the_service_where_the_anbieter_may() -> None:
    terms = TERMS[Channel.GOVDIGITAL]
    leg = concluded().leg
    assert terms.territory_of(leg, Party(id="dataport", name="Dataport")) == ("DE",)
    assert terms.territory_of(leg, NRW) == ("05",)


@pytest.mark.parametrize("channel", Channel)
def test_the_assumed_terms_of_a_channel_hold_the_annexes_that_it_requires(channel: Channel) -> None:
    required = chain_channel(TERMS[channel]).required_annexes
    for leg, agreed in TERMS[channel].agreed.items():
        assert set(required.get(leg.value, ())) <= set(agreed.annexes)
    assert concluded().valid_from == date(2026, 11, 24)
