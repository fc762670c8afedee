"""Awards that a contract or a change rests on, and what eligibility has found of each (§ 108 GWB)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from services.portal.apis.contracts import Award, Summary
from services.portal.apis.eligibility import Eligibility
from services.portal.pages.parts import or_none


async def names_of(eligibility: Eligibility, contract: Summary, awards: Iterable[Award]) -> dict[str, str]:
    """Return the names of the bodies of awards: those of the contract's own parties, others from the register of bodies."""
    parties = (contract.anbieter, contract.provider, contract.grantor, contract.customer)
    known = {it.id: it.name for it in parties}
    further = sorted({body for it in awards for body in (it.awarder, it.contractor)} - known.keys())
    found = await asyncio.gather(*(or_none(eligibility.body(it), "awards") for it in further))
    return {key: key if body is None else body.name for key, body in zip(further, found, strict=True)} | known
