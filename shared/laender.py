"""The 16 Länder: id by the two digits of their Amtlicher Regionalschlüssel (ARS)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LAENDER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "01": "DE-SH",
        "02": "DE-HH",
        "03": "DE-NI",
        "04": "DE-HB",
        "05": "DE-NW",
        "06": "DE-HE",
        "07": "DE-RP",
        "08": "DE-BW",
        "09": "DE-BY",
        "10": "DE-SL",
        "11": "DE-BE",
        "12": "DE-BB",
        "13": "DE-MV",
        "14": "DE-SN",
        "15": "DE-ST",
        "16": "DE-TH",
    }
)
"""Statistisches Bundesamt, Gemeindeverzeichnis; ISO 3166-2."""
