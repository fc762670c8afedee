"""Events name points and milestones of the standard lists in both languages."""

from __future__ import annotations

from datetime import UTC, datetime

from services.ordering.domain.formats import Format
from services.ordering.domain.parts import Milestone, Point, in_english
from shared.ids import derived_id
from shared.messages.ordering import OrderParty

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def point(label: str, english: str | None) -> Point:
    return Point(
        id=derived_id("point", label), label=label, label_en=english, owner=OrderParty.KUNDE, format=Format.TEXT, since=AT
    )


def test_a_point_of_ones_own_keeps_its_name_among_the_english_ones() -> None:
    assert in_english([point("Zertifikat", "Certificate"), point("Eigener", None)]) == ("Certificate", "Eigener")


def test_a_list_that_has_no_english_name_states_none() -> None:
    assert in_english([Milestone(code="own", label="Eigener", owner=OrderParty.KUNDE)]) == ()
    assert in_english([]) == ()
