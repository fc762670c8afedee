"""Telephone numbers as people write them, turned into addresses that devices dial (RFC 3966)."""

from __future__ import annotations

import re
from typing import Final

_GERMANY: Final = "+49"
_DIGITS: Final = re.compile(r"[0-9]+")
_TRUNK: Final = re.compile(r"\(\s*0\s*\)")
"""The zero of a national call as it is written within an international number: +49 (0) 431."""


def tel_uri(number: str) -> str:
    """Return the address of a number: its groups of digits with hyphens between them (RFC 3966, section 3).

    A number without a country code is a German one. One without a leading zero, such as 115, is dialled as it is, and the address
    says where (section 5.1.5).
    """
    text = number.strip()
    if text.startswith("+"):
        return f"tel:+{_joined(_TRUNK.sub('', text))}"
    digits = _joined(text)
    if digits.startswith("00"):
        return f"tel:+{digits[2:].lstrip('-')}"
    if digits.startswith("0"):
        return f"tel:{_GERMANY}-{digits[1:].lstrip('-')}"
    return f"tel:{digits};phone-context={_GERMANY}"


def _joined(text: str) -> str:
    return "-".join(_DIGITS.findall(text))
