"""A telephone number as people write it becomes an address that devices dial."""

from __future__ import annotations

import re

import pytest

from shared.telephone import tel_uri

ADDRESS = re.compile(r"tel:(\+[0-9][0-9-]*[0-9]|[0-9][0-9-]*;phone-context=\+[0-9]+)")
"""RFC 3966, section 3, as far as these addresses use it."""


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("+49 431 1234-0", "tel:+49-431-1234-0"),
        ("(0431)/12 34", "tel:+49-431-12-34"),
        ("0431/12.34", "tel:+49-431-12-34"),
        ("+49 (0) 431 1234", "tel:+49-431-1234"),
        ("+49 (431) 1234", "tel:+49-431-1234"),
        ("0049 431 1234", "tel:+49-431-1234"),
        ("00 49 431 1234", "tel:+49-431-1234"),
        ("+43 1 234", "tel:+43-1-234"),
        ("115", "tel:115;phone-context=+49"),
    ],
)
def test_a_number_becomes_an_address_without_brackets_blanks_and_slashes(written: str, address: str) -> None:
    assert tel_uri(written) == address
    assert ADDRESS.fullmatch(address)
