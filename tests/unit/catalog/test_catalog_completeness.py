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


def prices(*changes: dict[str, Any]) -> dict[str, Any]:
    """Return price items that differ in one thing or more from one that is in order."""
    return {"price_items": [{**form_body()["price_items"][0], **change} for change in changes]}


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
        (prices({"valid_to": "2026-12-31"}), "price_items", "price_period_invalid"),
        (prices({"amount": {"cents": 240000, "currency": "XXX"}}), "price_items", "price_currency_unsupported"),
        (prices({"amount": {"cents": 10**11 + 1}}), "price_items", "price_implausible"),
        (prices({"valid_from": "2020-01-01", "valid_to": "2021-12-31"}), "price_items", "price_sheet_ended"),
        (prices({"valid_from": "2027-01-01", "valid_to": "2270-01-01"}), "price_items", "price_day_implausible"),
        (prices({}, {"label": "BETRIEB"}), "price_items", "price_repeated"),
        ({"licence_free_for_states": ["DE-SH", "DE-XX"]}, "licence_free_for_states", "land_unknown"),
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
