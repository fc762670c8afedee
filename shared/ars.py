"""Amtlicher Regionalschlüssel of a municipality (Statistisches Bundesamt, Gemeindeverzeichnis)."""

from __future__ import annotations

import re
from typing import Final

from shared.errors import InvalidError
from shared.laender import LAENDER

ARS_LENGTH: Final = 12
_FORM = re.compile(rf"[0-9]{{{ARS_LENGTH}}}")
_GROUPED = re.compile(r"[ ./-]")


def parse_ars(text: str) -> str:
    """Return the 12 digits of an ARS: Land, Regierungsbezirk, Kreis, Verband, Gemeinde; blanks and separators are left out.

    Raises InvalidError (``ars_form``, ``ars_region``). That such a municipality exists is for the register of bodies to know.
    """
    digits = _GROUPED.sub("", text)
    if _FORM.fullmatch(digits) is None:
        raise InvalidError(
            f"'{text}' is no ARS: an ARS has 12 digits; the AGS of 8 digits is another key.", code="ars_form", ars=text
        )
    if digits[:2] not in LAENDER:
        raise InvalidError(
            f"The ARS '{text}' begins with {digits[:2]}; it must be a Land (01 to 16).", code="ars_region", ars=text
        )
    return digits
