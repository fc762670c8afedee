"""Routes of an organisation's members: invitations, acceptance, leaving, the authorised person."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from services.eligibility import handlers
from services.eligibility.access import change_own, viewer_of
from services.eligibility.domain.invitation import Invitation, InvitationMail, InvitationState, digest_of
from services.eligibility.domain.members import in_order
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.registration import Capacity
from services.eligibility.repository import Organisations, Viewer
from services.eligibility.schemas import AcceptanceRequest, AuthorisedRequest, InvitationMailRequest, InvitationRequest
from services.eligibility.views import MemberView, OrganisationView
from shared.errors import NotFoundError
from shared.http.auth import ADMINISTRATION, NO_FUNCTION, Caller
from shared.http.dependencies import CurrentCaller, CurrentPerson, IdempotencyKey, NeededIfMatch
from shared.http.etag import json_reply
from shared.invitation_keys import InvitationKeyMissingError, InvitationKeys
from shared.messages.values import EntityId, Function, Party, Role

ONE = "/organisations/{organisation_id}"


class MeView(BaseModel):
    """Whoever calls, as every API takes them: for whom they act, and what they may do there.

    ``functions`` are those that operations need (``x-function``). ``members`` says who else has which; empty where the
    organisation is not registered.
    """

    person: str
    organisation: Party
    roles: list[Role]
    functions: list[Function]
    members: list[MemberView]

    @classmethod
    def of(cls, caller: Caller, organisation: Organisation | None) -> MeView:
        """Return the view of a caller, None: of an organisation that is not registered."""
        return cls(
            person=caller.subject,
            organisation=caller.party,
            roles=sorted(caller.roles),
            functions=list(in_order(caller.functions)),
            members=[] if organisation is None else [MemberView(**it.model_dump()) for it in organisation.members],
        )


class InvitationView(BaseModel):
    """An invitation and what has become of it. ``mails``: how often it was sent by mail, the last time at ``mailed_at``."""

    id: str
    functions: list[Function]
    state: InvitationState
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    accepted_by: str | None
    mails: int
    mailed_at: datetime | None

    @classmethod
    def of(cls, invitation: Invitation, at: datetime) -> InvitationView:
        """Return the view of an invitation at a moment."""
        shown = invitation.model_dump(exclude={"secret_sha256", "revoked", "key"})
        return cls(**shown, state=invitation.state(at))


class NewInvitationView(InvitationView):
    """A new invitation. ``secret`` is shown this once, to be passed on by hand; null: it was sent by mail, or shown before."""

    secret: str | None


class AuthorisedProposalView(BaseModel):
    """Who is proposed as the authorised person; another member confirms by naming the same."""

    person: str
    capacity: Capacity
    proposed_by: str
    proposed_at: datetime


class MembersView(BaseModel):
    """Who acts for the organisation, who is invited, who is its authorised person (null: they have left)."""

    members: list[MemberView]
    invitations: list[InvitationView]
    authorised_person: str | None
    capacity: Capacity
    authorised_proposal: AuthorisedProposalView | None

    @classmethod
    def of(cls, organisation: Organisation, at: datetime) -> MembersView:
        """Return the view for a member."""
        proposal = organisation.authorised_proposal
        return cls(
            members=[MemberView(**member.model_dump()) for member in organisation.members],
            invitations=[InvitationView.of(invitation, at) for invitation in organisation.invitations],
            authorised_person=organisation.authorised,
            capacity=organisation.capacity,
            authorised_proposal=None if proposal is None else AuthorisedProposalView(**proposal.model_dump()),
        )


@dataclass(frozen=True, slots=True)
class Members:
    """What the routes work with. ``term``: how long an invitation is open; ``keys``: what its secret follows from."""

    organisations: Organisations
    term: timedelta
    keys: InvitationKeys
    clock: Callable[[], datetime]

    async def own(self, organisation_id: str, caller: CurrentCaller) -> tuple[Organisation, int]:
        """Return the caller's own organisation. Raises NotFoundError for others, ForbiddenError for who is no member."""
        organisation, rev = await self.organisations.get(organisation_id, viewer_of(caller, own_only=True))
        organisation.require_user(caller.subject)
        return organisation, rev


def member_routes(members: Members) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["members"])
    _invitation_routes(router, members)
    _own_routes(router, members)
    return router


def _invitation_routes(router: APIRouter, members: Members) -> None:
    @router.post(
        f"{ONE}/invitations",
        response_model=NewInvitationView,
        status_code=201,
        openapi_extra=ADMINISTRATION,
        summary="Invite a person by a link that works once, sent by mail",
        description="Without an address the answer holds the secret, which is stored nowhere. A repeat with the Idempotency-Key "
        "finds the invitation; it shows the secret again where that follows from a key of the installation, else null.",
    )
    async def invite(organisation_id: str, request: InvitationRequest, caller: CurrentCaller, key: IdempotencyKey) -> Response:
        invitation_id = key.derived_id("invitation")
        return await key.run(lambda: _invite(members, organisation_id, invitation_id, request, caller), secret=True)

    @router.post(
        f"{ONE}/invitations/{{invitation_id}}/mail",
        response_model=InvitationView,
        openapi_extra=ADMINISTRATION,
        summary="Send an open invitation once more",
    )
    async def mail_again(
        organisation_id: str,
        invitation_id: EntityId,
        request: InvitationMailRequest,
        caller: CurrentCaller,
        key: IdempotencyKey,
    ) -> Response:
        return await key.run(lambda: _mail_again(members, organisation_id, invitation_id, request, caller))

    @router.delete(
        f"{ONE}/invitations/{{invitation_id}}",
        response_model=OrganisationView,
        summary="Revoke an invitation",
        openapi_extra=ADMINISTRATION,
    )
    async def revoke(organisation_id: str, invitation_id: EntityId, caller: CurrentCaller, condition: NeededIfMatch) -> Response:
        command = handlers.revoke_invitation(organisation_id, invitation_id, caller.subject, members.clock())
        return await change_own(members.organisations, organisation_id, caller, command, condition=condition)

    @router.post(
        "/invitations/accept",
        response_model=OrganisationView,
        summary="Accept an invitation, logged in as oneself",
        openapi_extra=NO_FUNCTION,
    )
    async def accept(request: AcceptanceRequest, person: CurrentPerson) -> Response:
        organisation_id = request.organisation
        command = handlers.accept_invitation(organisation_id, digest_of(request.secret), person.subject, members.clock())
        try:
            result = await members.organisations.ledger.apply_one(command)
        except NotFoundError:
            # The same for an organisation that is not registered: whether it is, is not for everybody to learn.
            raise NotFoundError("There is no such invitation; ask for another one.", code="invitation_not_found") from None
        assert result.state is not None  # noqa: S101 - for the type checker: it was accepted
        return json_reply(OrganisationView.of(result.state, Viewer(organisation_id)), rev=result.rev)


async def _invite(
    members: Members, organisation_id: str, invitation_id: str, request: InvitationRequest, caller: Caller
) -> Response:
    await members.own(organisation_id, caller)
    at, key = members.clock(), members.keys.first()
    if key is None and request.email is not None:
        raise InvitationKeyMissingError("Invitations cannot be sent by mail here: set ELIGIBILITY_INVITATION_KEYS.")
    secret = secrets.token_urlsafe(32) if key is None else key.secret_of(invitation_id)
    invitation = Invitation(
        id=invitation_id,
        secret_sha256=digest_of(secret),
        key=None if key is None else key.id,
        functions=tuple(request.functions),
        invited_by=caller.subject,
        invited_at=at,
        expires_at=at + members.term,
    )
    mail = None
    if key is not None and request.email is not None:
        mail = InvitationMail(key.seal(request.email), request.language)
    result = await members.organisations.ledger.apply_one(handlers.invite(organisation_id, invitation, at, mail))
    assert result.state is not None  # noqa: S101 - for the type checker: it was recorded
    made = result.state.invitation(invitation_id)
    # Of one that a request before has made it may be another secret, which opens nothing.
    is_shown = mail is None and made.secret_sha256 == invitation.secret_sha256
    return json_reply(
        NewInvitationView(**InvitationView.of(made, at).model_dump(), secret=secret if is_shown else None), status=201
    )


async def _mail_again(
    members: Members, organisation_id: str, invitation_id: str, request: InvitationMailRequest, caller: Caller
) -> Response:
    organisation, _ = await members.own(organisation_id, caller)
    at, key_id = members.clock(), organisation.invitation(invitation_id).key
    # Whether it can be sent is decided on the state that is changed; one without a key is refused there.
    sealed = "" if key_id is None else members.keys.get(key_id).seal(request.email)
    mail = InvitationMail(sealed, request.language)
    command = handlers.mail_invitation(organisation_id, invitation_id, mail, caller.subject, at)
    result = await members.organisations.ledger.apply_one(command)
    assert result.state is not None  # noqa: S101 - for the type checker: it was changed
    return json_reply(InvitationView.of(result.state.invitation(invitation_id), at))


def _own_routes(router: APIRouter, members: Members) -> None:
    @router.get("/me", response_model=MeView, summary="Who calls, for which organisation, and with which functions there")
    async def me(caller: CurrentCaller) -> Response:
        try:
            organisation, _ = await members.organisations.get(caller.organisation, viewer_of(caller, own_only=True))
        except NotFoundError:
            return json_reply(MeView.of(caller, None))
        return json_reply(MeView.of(caller, organisation))

    @router.get(f"{ONE}/members", response_model=MembersView, summary="Members, invitations and the authorised person")
    async def listed(organisation_id: str, caller: CurrentCaller) -> Response:
        organisation, rev = await members.own(organisation_id, caller)
        return json_reply(MembersView.of(organisation, members.clock()), rev=rev)

    @router.post(f"{ONE}/leave", status_code=204, summary="Leave the organisation oneself", openapi_extra=NO_FUNCTION)
    async def leave(organisation_id: str, caller: CurrentCaller, key: IdempotencyKey) -> Response:
        async def left() -> Response:
            await members.organisations.get(organisation_id, viewer_of(caller, own_only=True))
            await members.organisations.ledger.apply_one(handlers.leave(organisation_id, caller.subject, members.clock()))
            return Response(status_code=204)

        return await key.run(left)

    @router.put(
        f"{ONE}/authorised-person",
        response_model=OrganisationView,
        openapi_extra=ADMINISTRATION,
        summary="Name another authorised person: one member proposes, a second confirms by naming the same",
    )
    async def authorise(
        organisation_id: str, request: AuthorisedRequest, caller: CurrentCaller, condition: NeededIfMatch
    ) -> Response:
        command = handlers.authorise(organisation_id, request.person, request.capacity, caller.subject, members.clock())
        return await change_own(members.organisations, organisation_id, caller, command, condition=condition)
