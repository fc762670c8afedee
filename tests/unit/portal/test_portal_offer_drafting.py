"""Numbers as people write them become hundredths of their unit; whatever is none goes to the service, which refuses it."""

from __future__ import annotations

import pytest

from services.portal.language import Language
from services.portal.pages.offer_drafting import in_hundredths


@pytest.mark.parametrize(
    ("written", "hundredths"),
    [("12.500,00 €", 1_250_000), ("12500", 1_250_000), ("0,5", 50), (",5", 50), ("-3,20", -320), ("+7", 700)],
)
def test_an_amount_is_read_as_people_write_it(written: str, hundredths: int) -> None:
    assert in_hundredths(written, "€", Language.DE) == hundredths


@pytest.mark.parametrize(
    "written", ["", "viel", "1,234", "1.2.3", "Infinity", "-Infinity", "NaN", "sNaN", "1e9", "1E+999999", "1_000", "9" * 5000]
)
def test_what_nobody_writes_for_an_amount_is_left_to_the_service(written: str) -> None:
    assert in_hundredths(written, "€", Language.DE) == written
