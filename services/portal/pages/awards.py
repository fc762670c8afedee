"""Awards that a contract or a change rests on, and what eligibility has found of each (§ 108 GWB)."""

from __future__ import annotations

from collections.abc import Iterable

from services.portal.apis.contracts import Award, Summary
from services.portal.apis.eligibility import Eligibility
from services.portal.pages.names import names_of_bodies


async def names_of(eligibility: Eligibility, contract: Summary, awards: Iterable[Award]) -> dict[str, str]:
    """Return the names of the bodies of awards: those of the contract's own parties, others from the register of bodies."""
    parties = (contract.anbieter, contract.provider, contract.grantor, contract.customer)
    known = {it.id: it.name for it in parties}
    further = {body for it in awards for body in (it.awarder, it.contractor)} - known.keys()
    return await names_of_bodies(eligibility, further, "awards") | known
