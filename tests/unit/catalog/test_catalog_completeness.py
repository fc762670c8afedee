"""When a form is complete."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.catalog.domain.completeness import require_complete, shortcomings
from services.catalog.domain.form import OfferingForm
from shared.errors import InvalidError
from tests.support.builders.offerings import AT, CATALOGUE, MUSTS, complete_form, form_body

TODAY = AT.date()


PICTURE = {"title": "Startseite", "media_type": "image/png", "url": "https://a.example/b.png", "sha256": "0" * 64}


def prices(*changes: dict[str, Any]) -> dict[str, Any]:
    """Return price items that differ in one thing or more from one that is in order."""
    return {"price_items": [{**form_body()["price_items"][0], **change} for change in changes]}


def support(*changes: dict[str, Any]) -> dict[str, Any]:
    """Return entries of the support that differ in one thing or more from one that is in order."""
    sound = {"level": "FIRST_LEVEL", "mailbox": "hilfe@example.org", "days": ["MO"], "opens": "08:00", "closes": "24:00"}
    return {"support": [{**sound, **change} for change in changes]}


@pytest.mark.parametrize(
    "parts",
    [
        support({}, {"days": [], "opens": None, "closes": None}, {"mailbox": None, "telephone": "+49 431 1234-0"}),
        {"availability": {"basis_points": 10_000, "period": "JAHR"}},
        {"fault_times": [{"fault": "LEICHT", "reaction_minutes": 60}, {"fault": "BETRIEBSVERHINDERND", "reaction_minutes": 15}]},
        {"go_lives": [{"on": "2026-03-02"}, {"on": "2027-03-01", "land": "DE-SH", "place": "Kreis Nordfriesland"}]},
    ],
)
def test_what_is_stated_of_the_operation_is_no_shortcoming_if_it_holds_together(parts: dict[str, Any]) -> None:
    assert shortcomings(complete_form(**parts), CATALOGUE, TODAY) == []


@pytest.mark.parametrize(
    "parts",
    [
        *(support({"telephone": it}) for it in ("0431 1234", "+49 (431) 1234", "+0431 1234567", "anrufen")),
        *(support({"opens": it}) for it in ("8:00", "24:01", "08:60")),
        *(support({"url": it}) for it in ("http://a.example", "https://a b", "javascript:alert(1)")),
        support({"level": "NULLTER"}),
        *({"availability": {"basis_points": it, "period": "JAHR"}} for it in (0, 10_001, 99.5)),
        {"fault_times": [{"fault": "LEICHT", "reaction_minutes": 0}]},
        {"fault_times": [{"fault": "LEICHT", "reaction_minutes": it} for it in (30, 60)]},
        {"go_lives": [{"on": "2026-02-30"}]},
        *({"screenshots": [PICTURE | it]} for it in ({"media_type": "image/svg+xml"}, {"sha256": None}, {"url": "data:,"})),
    ],
)
def test_what_cannot_be_meant_of_the_operation_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        complete_form(**parts)


def test_a_complete_form_has_no_shortcoming() -> None:
    assert shortcomings(complete_form(), CATALOGUE, TODAY) == []


@pytest.mark.parametrize(
    ("parts", "field", "code"),
    [
        ({"summary": None}, "summary", "text_missing"),
        ({"technical_concept": None}, "technical_concept", "text_missing"),
        ({"nachnutzung": None}, "nachnutzung", "text_missing"),
        ({"summary": "   "}, "summary", "text_missing"),
        ({"technical_concept": "\n\u00a0\t"}, "technical_concept", "text_missing"),
        ({"nachnutzung": "\u200b…"}, "nachnutzung", "text_missing"),
        ({"title": "\u200b-"}, "title", "text_missing"),
        ({"parameters": [{"name": "gebuehr", "label": "?"}]}, "parameters", "text_missing"),
        (prices({"label": "-"}), "price_items", "text_missing"),
        ({"leika_keys": [], "ozg_ids": []}, "leika_keys", "keys_missing"),
        ({"leika_keys": ["99999999999999"]}, "leika_keys", "key_unknown"),
        ({"ozg_ids": ["99999"]}, "ozg_ids", "key_unknown"),
        ({"topic_id": "nirgends"}, "topic_id", "key_unknown"),
        ({"known_listing": "E999"}, "known_listing", "key_unknown"),
        ({"reifegrad": 2}, "reifegrad", "reifegrad_too_low"),
        ({"anbindungsarten": []}, "anbindungsarten", "anbindungsart_missing"),
        ({"channels": []}, "channels", "channel_missing"),
        ({"price_items": []}, "price_items", "cost_missing"),
        ({"price_items": [], "funding": "-"}, "price_items", "cost_missing"),
        ({"funding": "-"}, "funding", "text_missing"),
        (
            {"requirements": [{**form_body()["requirements"][0], "note": "\u00a0"}, *form_body()["requirements"][1:]]},
            "requirements",
            "text_missing",
        ),
        (prices({"valid_to": "2026-12-31"}), "price_items", "price_period_invalid"),
        (prices({"amount": {"cents": 240000, "currency": "XXX"}}), "price_items", "price_currency_unsupported"),
        (prices({"amount": {"cents": 10**11 + 1}}), "price_items", "price_implausible"),
        (prices({"valid_from": "2020-01-01", "valid_to": "2021-12-31"}), "price_items", "price_sheet_ended"),
        (prices({"valid_from": "2027-01-01", "valid_to": "2270-01-01"}), "price_items", "price_day_implausible"),
        (prices({}, {"label": "BETRIEB"}), "price_items", "price_repeated"),
        (prices({"kind": "ANBINDUNG_EINMALIG", "period": "JAHR"}), "price_items", "price_not_one_off"),
        ({"licence_free_for_states": ["DE-SH", "DE-XX"]}, "licence_free_for_states", "land_unknown"),
        (support({"mailbox": None}), "support", "support_unreachable"),
        (support({"opens": None}), "support", "support_hours_incomplete"),
        (support({"days": []}), "support", "support_hours_incomplete"),
        (support({"closes": "08:00"}), "support", "support_hours_invalid"),
        (support({"note": "\u200b"}), "support", "text_missing"),
        ({"screenshots": [{**PICTURE, "title": "-"}]}, "screenshots", "text_missing"),
        ({"availability": {"basis_points": 9950, "period": "EINMALIG"}}, "availability", "availability_period_invalid"),
        (
            {"fault_times": [{"fault": "LEICHT", "reaction_minutes": 60, "restoration_minutes": 59}]},
            "fault_times",
            "fault_times_invalid",
        ),
        ({"go_lives": [{"on": "2026-03-02", "land": "DE-XX"}]}, "go_lives", "land_unknown"),
        ({"go_lives": [{"on": "2026-03-02", "place": "…"}]}, "go_lives", "text_missing"),
        ({"go_lives": [{"on": "1926-03-02"}]}, "go_lives", "go_live_implausible"),
    ],
)
def test_each_lack_is_named_by_field_and_code(parts: dict[str, Any], field: str, code: str) -> None:
    (point,) = shortcomings(complete_form(**parts), CATALOGUE, TODAY)
    assert (point.field, point.code) == (field, code)


def test_a_price_that_has_ended_stands_beside_the_one_that_follows_it() -> None:
    form = complete_form(**prices({"valid_from": "2025-01-01", "valid_to": "2026-12-31"}, {"valid_from": "2027-01-01"}))
    assert shortcomings(form, CATALOGUE, TODAY) == []


def test_a_must_that_binds_under_a_condition_may_not_apply() -> None:
    def answered(must: str, fulfilment: str) -> list[Any]:
        answers = [{"id": it, "fulfilment": fulfilment if it == must else "ERFUELLT"} for it in MUSTS]
        return [(point.code, point.id) for point in shortcomings(complete_form(requirements=answers), CATALOGUE, TODAY)]

    assert answered("O1", "NICHT_ZUTREFFEND") == []
    assert answered("O1", "NICHT_ERFUELLT") == [("requirement_unfulfilled", "O1")]
    assert answered("R1", "NICHT_ZUTREFFEND") == [("requirement_unfulfilled", "R1")]


@pytest.mark.parametrize("must", [must for must in MUSTS if must not in CATALOGUE.conditional])
@pytest.mark.parametrize("fulfilment", ["NICHT_ERFUELLT", "NICHT_ZUTREFFEND", None])
def test_every_must_needs_to_be_fulfilled(must: str, fulfilment: str | None) -> None:
    answers = [{"id": other, "fulfilment": "ERFUELLT"} for other in MUSTS if other != must]
    if fulfilment is not None:
        answers.append({"id": must, "fulfilment": fulfilment})
    (point,) = shortcomings(complete_form(requirements=answers), CATALOGUE, TODAY)
    assert point.id == must
    assert point.code == ("requirement_unanswered" if fulfilment is None else "requirement_unfulfilled")


def test_an_answer_to_a_point_that_does_not_exist_is_named() -> None:
    answers = [*form_body()["requirements"], {"id": "X9", "fulfilment": "ERFUELLT"}]
    (point,) = shortcomings(complete_form(requirements=answers), CATALOGUE, TODAY)
    assert (point.code, point.id) == ("key_unknown", "X9")


def test_noted_funding_stands_in_for_price_items() -> None:
    assert shortcomings(complete_form(price_items=[], funding="EfA-finanziert, IT-Planungsrat 2023/35"), CATALOGUE, TODAY) == []


def test_all_lacks_are_told_at_once() -> None:
    with pytest.raises(InvalidError) as raised:
        require_complete(OfferingForm(title="Leer"), CATALOGUE, TODAY)
    points: Any = raised.value.context["points"]
    assert raised.value.code == "offering_incomplete"
    assert len(points) == 3 + 1 + 3 + 1 + len(MUSTS)
    assert all(point["detail"] in raised.value.detail for point in points)


@pytest.mark.parametrize(
    "parts",
    [
        {"ozg_ids": ["10113", "10113"]},
        {"channels": ["fitko", "fitko"]},
        {"requirements": [{"id": "R1", "fulfilment": "ERFUELLT"}, {"id": "R1", "fulfilment": "NICHT_ERFUELLT"}]},
        {"reifegrad": 5},
        {"leika_keys": ["123"]},
        {"price": 1},
    ],
)
def test_a_malformed_form_is_refused_outright(parts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        complete_form(**parts)
