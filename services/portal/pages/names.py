"""Names of public bodies, for pages whose services know them by key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from services.portal.apis.eligibility import Eligibility
from services.portal.pages.parts import or_none


async def names_of_bodies(eligibility: Eligibility, keys: Iterable[str], page: str) -> dict[str, str]:
    """Return the names of bodies, by key; one that the register does not name just now is named by its key."""
    asked = sorted(set(keys))
    found = await asyncio.gather(*(or_none(eligibility.body(it), page) for it in asked))
    return {key: key if body is None else body.name for key, body in zip(asked, found, strict=True)}
