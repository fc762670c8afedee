"""Pages that offer something learn what whoever reads may do for their organisation."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from services.portal.apis.eligibility import Eligibility
from services.portal.pages.parts import or_none
from services.portal.rendering import Visit
from services.portal.visits import CurrentVisit


async def acting_visit_of(request: Request, visit: CurrentVisit) -> Visit:
    """Return what a request asks for, with whoever asks as eligibility knows them.

    Where that cannot be known just now a page offers everything, and the services decide.
    """
    if visit.session is None:
        return visit
    eligibility: Eligibility = request.app.state.eligibility
    return replace(visit, me=await or_none(eligibility.me(visit.session.access), "standing"))


ActingVisit = Annotated[Visit, Depends(acting_visit_of)]
