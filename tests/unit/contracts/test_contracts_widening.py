"""Which changes of a contract let more be used, and so need the in-house check anew."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.contracts.domain.agreed import Notice, PassingOn, PriceNotice
from services.contracts.domain.text import AgreedText, widens
from shared.ids import derived_id

ONE, OTHER = derived_id("test", "one"), derived_id("test", "other")
TEXT = AgreedText(
    valid_to=date(2028, 12, 31),
    services=(ONE,),
    parametrisation=("a", "b"),
    territory=("14",),
    passing_on=PassingOn(allowed=False, act="BEITRITT"),
    charge="ENTGELTFREI",
    notice=None,
    price_notice=PriceNotice(months=3, from_="YEAR_START"),
    agb=None,
    annexes=(),
)
PASSED_ON = PassingOn(allowed=True, act="BEITRITT")
CHANGES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {"valid_to": date(2029, 12, 31)}, True),
    ({}, {"valid_to": None}, True),
    ({}, {"valid_to": date(2027, 12, 31)}, False),
    ({"valid_to": None}, {"valid_to": date(2099, 12, 31)}, False),
    ({}, {"services": (ONE, OTHER)}, True),
    ({"services": (ONE, OTHER)}, {"services": (OTHER,)}, False),
    ({}, {"parametrisation": ("a", "c")}, True),
    ({}, {"parametrisation": ("b",)}, False),
    ({}, {"territory": ("14", "09")}, True),
    ({}, {"territory": ("14625", "14626")}, False),
    ({"territory": ("14625", "14626")}, {"territory": ("14",)}, True),
    ({"territory": ("DE",)}, {"territory": ("14",)}, False),
    ({}, {"passing_on": PASSED_ON}, True),
    ({"passing_on": PASSED_ON}, {"passing_on": TEXT.passing_on}, False),
    ({}, {"charge": "ENTGELTLICH"}, True),
    ({"charge": "ENTGELTLICH"}, {"charge": "ENTGELTFREI"}, False),
    ({}, {"notice": Notice(months=3, to="YEAR_END"), "annexes": ("LEISTUNGSBESCHREIBUNG",)}, False),
]


@pytest.mark.parametrize(("before", "after", "expected"), CHANGES)
def test_a_change_goes_further_or_it_does_not(before: dict[str, Any], after: dict[str, Any], *, expected: bool) -> None:
    former = TEXT.model_copy(update=before)
    assert widens(former, former.model_copy(update=after)) is expected
