"""Whom a caller of the API reads as."""

from __future__ import annotations

from services.contracts.repository import Viewer
from shared.http.auth import Caller
from shared.messages.values import Role


def viewer_of(caller: Caller) -> Viewer:
    """Return the viewer that a caller is: their organisation, for staff of an Anbieter also its channel."""
    return Viewer(caller.organisation, caller.channel if Role.ANBIETER in caller.roles else None)
