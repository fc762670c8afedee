"""Text that somebody reads says something."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from services.catalog.schemas.offering import ReasonRequest, RemarksRequest
from services.eligibility.schemas import AnswerRequest, QueryRequest, SignOffRequest
from services.eligibility.schemas import ReasonRequest as AccreditationReason
from services.ordering.schemas import AskQuestion, ConfirmConditions
from shared.written import Written

BLANKS = ("", "   ", "\n\t", "\u00a0\u2003", "\u200b\ufeff", "...", "-")


@pytest.mark.parametrize("text", BLANKS)
def test_blanks_invisible_characters_and_marks_alone_are_no_text(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Written).validate_python(text)


def test_a_text_that_says_something_stays_as_it_was_written() -> None:
    assert TypeAdapter(Written).validate_python(" Ja.\n") == " Ja.\n"


@pytest.mark.parametrize(
    ("request_type", "field"),
    [
        (ReasonRequest, "reason"),
        (RemarksRequest, "remarks"),
        (AccreditationReason, "reason"),
        (QueryRequest, "question"),
        (AnswerRequest, "answer"),
        (SignOffRequest, "note"),
        (AskQuestion, "text"),
        (ConfirmConditions, "conditions"),
    ],
)
def test_a_request_whose_text_says_nothing_is_refused(request_type: type, field: str) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(request_type)
    value = ("\u200b",) if field == "conditions" else "\u00a0-"
    with pytest.raises(ValidationError):
        adapter.validate_python({field: value})
