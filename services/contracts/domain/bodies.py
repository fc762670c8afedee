"""What the key of an organisation says of it: its kind, and its Amtlicher Regionalschlüssel (ARS) if it has one.

Keys are those of the registration: DE, a Land (DE-SN), the ARS of a Kreis (5 digits), Verband (9) or Kommune (12), else a name.
Whether it may order is decided by eligibility on what it knows; a contract must know no more than where its parties are.
"""

from __future__ import annotations

import re
from typing import Final

from services.contracts.chain.channel import OrganisationType
from services.contracts.chain.given import Organisation
from shared.laender import LAENDER
from shared.messages.values import Channel

_BY_DIGITS: Final[dict[int, OrganisationType]] = {5: "KREIS", 9: "VERBAND", 12: "KOMMUNE"}
_ARS: Final = {land: ars for ars, land in LAENDER.items()}
_DIGITS: Final = re.compile(r"[0-9]+")


def body_of(key: str) -> Organisation:
    """Return the organisation of a key."""
    if key == "DE":
        return Organisation(id=key, type="BUND", ars="DE")
    if key in _ARS:
        return Organisation(id=key, type="LAND", ars=_ARS[key])
    if _DIGITS.fullmatch(key) and len(key) in _BY_DIGITS:
        return Organisation(id=key, type=_BY_DIGITS[len(key)], ars=key)
    anbieter = key in {channel.value for channel in Channel}
    return Organisation(id=key, type="ANBIETER" if anbieter else "IT_PROVIDER", ars=None)


def laender() -> tuple[str, ...]:
    """Return the keys of the Länder."""
    return tuple(_ARS)
