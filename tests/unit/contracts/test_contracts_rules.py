"""Why no contract comes about, what each Anbieter sets for its channel, and which AGB are in force when."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.contracts import channels
from services.contracts.channels import fitko
from services.contracts.domain.agb import AgbInForce, AgbSet
from services.contracts.domain.refusal import refusal_of
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from services.contracts.numbering import NumberFormat
from services.contracts.settings import Settings
from shared.channels import channel_file
from shared.errors import InvalidError
from shared.messages.contracts import AgbVersion, Leg
from shared.messages.eligibility import Decision, Override
from shared.messages.ordering import ContractRequested
from shared.messages.values import Channel, CostKind, Party, Period, Role, Verdict
from tests.support.contract_requests import AT, NRW, SACHSEN, assessment, price, request


def terms(channel: Channel = Channel.FITKO) -> Terms:
    return channels.load_terms(None, {})[channel]


def code_of(
    body: ContractRequested, channel: Channel = Channel.FITKO, at: datetime = AT, under: Terms | None = None
) -> str | None:
    refusal = refusal_of(Request(channel, body, at), under or terms(channel))
    return refusal.code if refusal else None


@pytest.mark.parametrize("channel", Channel)
def test_a_request_that_breaks_no_rule_is_not_refused(channel: Channel) -> None:
    assert code_of(request(channel=channel), channel) is None


@pytest.mark.parametrize("verdict", [Verdict.NO_EVIDENCE, Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE])
def test_without_exemption_there_is_no_contract_even_with_sign_off(verdict: Verdict) -> None:
    assert code_of(request(verdict=verdict)) == "not_exempt"
    assert code_of(request(verdict=verdict, signed_off_by="justiziariat-sn")) == "not_exempt"


@pytest.mark.parametrize("verdict", [Verdict.NO_EVIDENCE, Verdict.OUT_OF_SCOPE, Verdict.RISK])
def test_a_named_person_may_let_the_award_go_on_beside_the_verdict(verdict: Verdict) -> None:
    override = Override(
        check=2,
        verdict=verdict,
        decision=Decision.PROCEED,
        by="anna.anbieter",
        role=Role.ANBIETER,
        at=AT,
        reason="Der Beitritt ist beschlossen, die Mitgliederliste folgt.",
        valid_until=date(2099, 1, 1),
    )
    assert code_of(request(verdict=verdict, override=override)) is None
    stopped = override.model_copy(update={"decision": Decision.STOP})
    assert code_of(request(verdict=verdict, override=stopped)) in ("not_exempt", "risk_not_signed_off")


def test_a_risk_needs_a_sign_off() -> None:
    assert code_of(request(verdict=Verdict.RISK)) == "risk_not_signed_off"
    assert code_of(request(verdict=Verdict.RISK, signed_off_by="justiziariat-sn")) is None


def test_a_processor_forms_no_contract_of_another_channel() -> None:
    assert code_of(request(channel=Channel.GOVDIGITAL), Channel.FITKO) == "wrong_channel"


@pytest.mark.parametrize(
    "other",
    [
        assessment(Channel.GOVDIGITAL, SACHSEN, NRW),
        assessment(Channel.FITKO, NRW, NRW),
        assessment(Channel.FITKO, SACHSEN, Party(id="DE-BY", name="Freistaat Bayern")),
    ],
    ids=["channel", "customer", "provider"],
)
def test_an_assessment_of_another_channel_or_party_does_not_count(other: object) -> None:
    assert code_of(request(assessment=other)) == "assessment_of_other_parties"


def test_without_agb_in_force_there_is_no_contract() -> None:
    early = datetime(2021, 11, 17, tzinfo=UTC)
    assert code_of(request(price_items=(price(valid_from=date(2020, 1, 1)),)), at=early) == "no_agb_in_force"


def test_the_contract_rests_on_the_agb_that_the_kunde_has_accepted_or_there_is_none() -> None:
    assert code_of(request(agb_version="EfA-Marktplatz 2022")) is None
    assert code_of(request(agb_version="FIT-Store 2021")) == "agb_changed"


@pytest.mark.parametrize(
    "lines",
    [(), (price(valid_to=date(2026, 11, 23)),), (price(valid_from=date(2026, 11, 25)),)],
    ids=["none", "run out", "not yet"],
)
def test_without_a_price_line_of_the_day_there_is_no_contract(lines: object) -> None:
    assert code_of(request(price_items=lines)) == "no_price_lines"


def test_a_financed_service_is_contracted_at_price_zero() -> None:
    line = price(0, funding="FITKO-Stammbudget, IT-PLR 2023/35")
    assert code_of(request(price_items=(line,))) is None


def test_anbindung_is_charged_once() -> None:
    yearly = price(kind=CostKind.ANBINDUNG_EINMALIG, period=Period.JAHR)
    once = price(kind=CostKind.ANBINDUNG_EINMALIG, period=Period.EINMALIG)
    assert code_of(request(price_items=(yearly,))) == "anbindung_not_one_off"
    assert code_of(request(price_items=(once,))) is None


def test_a_kind_of_cost_that_the_anbieter_does_not_charge_is_refused() -> None:
    narrow = replace(terms(), rules=replace(fitko.RULES, price_kinds=frozenset({CostKind.PLATTFORMNUTZUNG})))
    assert code_of(request(), under=narrow) == "price_kind_not_allowed"


def test_every_refusal_speaks_german_and_names_a_remedy() -> None:
    makers: list[Callable[[], tuple[ContractRequested, Channel, datetime]]] = [
        lambda: (request(verdict=Verdict.NOT_EXEMPT), Channel.FITKO, AT),
        lambda: (request(verdict=Verdict.RISK), Channel.FITKO, AT),
        lambda: (request(channel=Channel.GOVDIGITAL), Channel.FITKO, AT),
        lambda: (request(price_items=()), Channel.FITKO, AT),
        lambda: (request(), Channel.GOVDIGITAL, datetime(2022, 11, 30, tzinfo=UTC)),
    ]
    seen = set()
    for make in makers:
        body, channel, at = make()
        refusal = refusal_of(Request(channel, body, at), terms(channel))
        assert refusal is not None
        assert refusal.reason.endswith(".")
        assert refusal.remedy.endswith(".")
        seen.add(refusal.code)
    assert seen == {"not_exempt", "risk_not_signed_off", "wrong_channel", "no_price_lines"}


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2021, 11, 18), None),
        (date(2021, 11, 19), "FIT-Store 2021"),
        (date(2022, 11, 30), "FIT-Store 2021"),
        (date(2022, 12, 1), "EfA-Marktplatz 2022"),
        (date(2040, 1, 1), "EfA-Marktplatz 2022"),
    ],
)
def test_the_agb_version_is_the_one_in_force_on_the_day(day: date, version: str | None) -> None:
    expected = None if version is None else AgbVersion(name="SaaS-Nachnutzungs-AGB", version=version)
    assert terms(Channel.FITKO).agb_on(day) == expected


def test_two_agb_versions_are_never_in_force_on_one_day() -> None:
    first = AgbInForce(name="AGB", version="1", valid_from=date(2025, 1, 1), valid_to=date(2025, 6, 30), source="x")
    second = AgbInForce(name="AGB", version="2", valid_from=date(2025, 6, 30), source="x")
    with pytest.raises(ValidationError, match="before 1 ends"):
        AgbSet(channel=Channel.FITKO, versions=(first, second))
    with pytest.raises(ValidationError, match="ends before it begins"):
        AgbSet(channel=Channel.FITKO, versions=(first.model_copy(update={"valid_to": date(2024, 1, 1)}),))


def test_each_agb_version_in_the_data_names_its_source() -> None:
    for channel in Channel:
        for entry in terms(channel).agb.versions:
            assert len(entry.source) > 40


@pytest.mark.parametrize("channel", Channel)
def test_each_channel_has_a_module_of_its_own_with_a_name_for_the_contract(channel: Channel) -> None:
    rules = channels.rules_of(channel)
    assert rules.channel is channel
    assert rules.anbieter.id == channel.value
    assert rules.contract_names[Leg.NACHNUTZUNG] == "SaaS-Nachnutzungsvertrag"
    assert CostKind.ANBINDUNG_EINMALIG in rules.price_kinds


@pytest.mark.parametrize("channel", Channel)
def test_each_channel_states_what_contracts_of_a_chain_must_keep_to(channel: Channel) -> None:
    rules = channels.chain_channel(terms(channel))
    assert rules.id == rules.anbieter == channel.value
    assert rules.direct_types
    assert set(rules.order_for_others) <= set(rules.direct_types)
    assert rules.leg_names["NACHNUTZUNG"] == "SaaS-Nachnutzungsvertrag"


@pytest.mark.parametrize(("channel", "case"), [("fitko", "c01-land-through-fitko"), ("govdigital", "c05-two-channels")])
def test_the_rules_of_a_chain_are_those_of_the_specification(channel: str, case: str) -> None:
    file = Path(__file__).parents[2] / "contract" / "contracts" / "chain_cases" / f"{case}.json"
    expected = next(item for item in json.loads(file.read_text("utf-8"))["input"]["channels"] if item["id"] == channel)
    found = channels.chain_channel(terms(Channel(channel))).model_dump(mode="json")
    assert {name: found[name] for name in expected} == expected


def test_a_file_without_rules_of_a_chain_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    file = channel_file("fitko")
    without = file.model_copy(update={"contracts": {"agb": file.contracts["agb"]}})
    monkeypatch.setattr(channels, "channel_file", lambda _: without)
    with pytest.raises(InvalidError, match=r"fitko\.json.*missing or malformed") as refused:
        channels.chain_channel(terms(Channel.FITKO))
    assert refused.value.code == "channel_file_invalid"


def test_agb_of_different_legs_may_be_in_force_on_one_day() -> None:
    first = AgbInForce(name="AGB", version="1", valid_from=date(2025, 1, 1), legs=("NACHNUTZUNG",), source="x")
    second = AgbInForce(name="Sub-AGB", version="2", valid_from=date(2025, 6, 30), legs=("SUB_NACHNUTZUNG",), source="x")
    found = AgbSet(channel=Channel.FITKO, versions=(first, second))
    assert found.on(date(2026, 1, 1)) == AgbVersion(name="AGB", version="1")
    assert found.of_leg("SUB_NACHNUTZUNG") == (second,)


def test_the_number_format_of_a_channel_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACTS_NUMBER_FORMATS", '{"govdigital": "GOV-{year}-{sequence:06d}"}')
    settings = Settings()
    loaded = channels.load_terms(settings.agb_folder, settings.number_formats)
    assert loaded[Channel.GOVDIGITAL].rules.number_format == NumberFormat("GOV-{year}-{sequence:06d}")
    assert loaded[Channel.FITKO].rules.number_format == NumberFormat("FITST/{year}/{sequence:04d}")


def test_an_unfit_number_format_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACTS_NUMBER_FORMATS", '{"govdigital": "GOV-{year}"}')
    with pytest.raises(ValueError, match="must name"):
        Settings()


def test_two_channels_never_write_their_numbers_alike() -> None:
    with pytest.raises(ValueError, match="same number format"):
        channels.load_terms(None, {Channel.GOVDIGITAL: fitko.RULES.number_format})


def test_agb_data_under_the_wrong_name_stops_the_start(tmp_path: Path) -> None:
    for channel in Channel:
        (tmp_path / f"{channel.value}.json").write_text(json.dumps({"channel": "fitko", "versions": []}))
    with pytest.raises(ValueError, match="speaks of"):
        channels.load_terms(tmp_path, {})
