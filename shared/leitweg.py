"""Leitweg-ID, the address of a public invoice recipient (KoSIT, Formatspezifikation Leitweg-ID)."""

from __future__ import annotations

import re

from stdnum.iso7064 import mod_97_10

from shared.errors import InvalidError

_FORM = re.compile(r"([0-9]{2,12})(?:-([A-Za-z0-9]{1,30}))?-([0-9]{2})")
_PEPPOL = re.compile(r"0204\s*:")
_PEPPOL_HINT = " '0204:' is the prefix of a Peppol participant: leave it out."
_REGIONS = frozenset({*(f"{number:02}" for number in range(1, 17)), "99"})


def check_digits(coarse: str, fine: str = "") -> str:
    """Return the two check digits of Grob- and Feinadressierung: letters count A = 10 to Z = 35, ISO 7064 MOD 97-10."""
    digits: str = mod_97_10.calc_check_digits(coarse + fine)
    return digits


def parse_leitweg_id(text: str) -> str:
    """Return the Leitweg-ID with its letters in upper case, without blanks around it.

    Raises InvalidError (``leitweg_id_form``, ``leitweg_id_region``, ``leitweg_id_check_digits``).
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise InvalidError(
            f"'{text}' is no Leitweg-ID: 2 to 12 digits, up to 30 letters or digits if any, two check digits, joined by '-'."
            + (_PEPPOL_HINT if _PEPPOL.match(text.strip()) else ""),
            code="leitweg_id_form",
            leitweg_id=text,
        )
    coarse, fine, digits = match[1], (match[2] or "").upper(), match[3]
    if coarse[:2] not in _REGIONS:
        raise InvalidError(
            f"The Leitweg-ID '{text}' begins with {coarse[:2]}; it must be a Land (01 to 16) or the Bund (99).",
            code="leitweg_id_region",
            leitweg_id=text,
        )
    if digits != check_digits(coarse, fine):
        raise InvalidError(
            f"The check digits of the Leitweg-ID '{text}' do not fit: is there a typing error?",
            code="leitweg_id_check_digits",
            leitweg_id=text,
        )
    return "-".join(part for part in (coarse, fine, digits) if part)
