"""What a field sends of what was filled in."""

from __future__ import annotations

import pytest

from services.portal.fields import Field, Kind


@pytest.mark.parametrize(
    ("text", "sent"),
    [("12", 12), ("007", 7), ("", None), ("-1", "-1"), ("1.5", "1.5"), ("\u0661", "\u0661"), ("9" * 5000, "9" * 5000)],
)
def test_a_whole_number_is_sent_as_one_and_what_is_none_as_it_is(text: str, sent: object) -> None:
    assert Field("count", Kind.LINE, "", whole=True, value=(text,)).content() == sent
