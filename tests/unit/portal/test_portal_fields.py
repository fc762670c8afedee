"""What a field sends of what was filled in, and what people read where a service refuses it."""

from __future__ import annotations

import pytest

from services.portal.fields import Field, Kind, faults_of
from services.portal.language import Language
from services.portal.texts import read_texts
from shared.errors import InvalidError


@pytest.mark.parametrize(
    ("text", "sent"),
    [("12", 12), ("007", 7), ("", None), ("-1", "-1"), ("1.5", "1.5"), ("\u0661", "\u0661"), ("9" * 5000, "9" * 5000)],
)
def test_a_whole_number_is_sent_as_one_and_what_is_none_as_it_is(text: str, sent: object) -> None:
    assert Field("count", Kind.LINE, "", whole=True, value=(text,)).content() == sent


@pytest.mark.parametrize(
    ("field", "member", "code", "text"),
    [
        (Field("reason", Kind.LINE, ""), "reason", "string_too_short", "SAID BY THE SERVICE"),
        (Field("reason", Kind.LINE, ""), "reason", "value_error", "SAID BY THE SERVICE"),
        (Field("months", Kind.LINE, "", whole=True), "months", "less_than_equal", "SAID BY THE SERVICE"),
        (Field("amount", Kind.LINE, ""), "amount/cents", "less_than_equal", "Der Wert ist zu groß."),
        (Field("on", Kind.DAY, ""), "on", "value_error", "Bitte geben Sie einen Tag an, den es gibt."),
        (Field("reason", Kind.LINE, ""), "reason", "missing", "Bitte füllen Sie dieses Feld aus."),
    ],
)
def test_a_broken_rule_is_said_with_its_limit_where_the_service_counts_as_people_do(
    field: Field, member: str, code: str, text: str
) -> None:
    refused = InvalidError("", errors=[{"in": "body", "pointer": f"#/{member}", "code": code, "message": "SAID BY THE SERVICE"}])
    (marked,), _ = faults_of(refused, (field,), read_texts()[Language.DE], {"amount/cents": "amount"})
    assert marked.error == text
