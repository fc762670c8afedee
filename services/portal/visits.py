"""What every route of a page asks for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from services.portal.rendering import Visit


def visit_of(request: Request) -> Visit:
    """Return what a request asks for."""
    return Visit.of(request)


CurrentVisit = Annotated[Visit, Depends(visit_of)]
