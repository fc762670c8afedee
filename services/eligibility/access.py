"""Who may read and change an organisation over HTTP, and how the answer to a change looks."""

from __future__ import annotations

from starlette.responses import Response

from services.eligibility.domain.organisation import Organisation
from services.eligibility.repository import Organisations, Viewer
from services.eligibility.views import OrganisationView
from shared.aggregate.change import Change, Result
from shared.aggregate.condition import Condition
from shared.errors import NotFoundError
from shared.http.auth import Caller
from shared.http.etag import json_reply
from shared.messages.values import Channel, Role


def viewer_of(caller: Caller, *, own_only: bool = False) -> Viewer:
    """Return the viewer that a caller is; ``own_only`` leaves out what an Anbieter sees of others."""
    is_anbieter = Role.ANBIETER in caller.roles and caller.organisation in {channel.value for channel in Channel}
    return Viewer(caller.organisation, Channel(caller.organisation) if is_anbieter and not own_only else None)


def organisation_response(
    result: Result[Organisation], caller: Caller, *, status: int = 200, location: str | None = None
) -> Response:
    """Return the answer to a change: the organisation as the caller sees it, with its new revision."""
    if result.state is None:
        raise NotFoundError(f"No organisation {result.id} is registered.", code="organisation_not_found")
    view = OrganisationView.of(result.state, viewer_of(caller))
    return json_reply(view, rev=result.rev, status=status, location=location)


async def change_own(
    organisations: Organisations,
    organisation_id: str,
    caller: Caller,
    command: Change[Organisation],
    *,
    condition: Condition | None = None,
) -> Response:
    """Apply a change that only the organisation itself makes. Raises NotFoundError for everybody else."""
    await organisations.get(organisation_id, viewer_of(caller, own_only=True))
    return organisation_response(await organisations.ledger.apply_one(command, condition=condition), caller)
