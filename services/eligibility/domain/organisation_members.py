"""How people come to an organisation, leave it, and become its authorised person."""

from __future__ import annotations

import hmac
from datetime import datetime

from services.eligibility.domain.invitation import (
    MOST_MAILS,
    AuthorisedProposal,
    Invitation,
    InvitationMail,
    InvitationState,
)
from services.eligibility.domain.members import Member, checked, in_order, without_people
from services.eligibility.domain.organisation_state import OrganisationState
from services.eligibility.domain.registration import Capacity
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.messages import eligibility as wire
from shared.messages.base import Message
from shared.messages.eligibility_invitations import InvitationAddressed
from shared.messages.values import Function, Party, PersonRef

MOST_INVITATIONS = 50
_BINDING = (Function.VERWALTUNG, Function.ZEICHNUNG)


class OrganisationMembers(OrganisationState):
    """Invitations and the authorised person. ``authorised_person`` None: whoever registered the organisation."""

    invitations: tuple[Invitation, ...] = ()
    authorised_person: PersonRef | None = None
    authorised_proposal: AuthorisedProposal | None = None

    @property
    def authorised(self) -> str | None:
        """The authorised person, None if they are no member any more: then two members name another."""
        person = self.authorised_person or self.registered_by
        return person if person in self.users else None

    def invite(self, invitation: Invitation, at: datetime, mail: InvitationMail | None = None) -> list[Message]:
        """Record an invitation by a member with VERWALTUNG, and have it sent if ``mail`` says where to.

        Those that have ended make room for it. Raises ConflictError (``too_many_invitations``).
        """
        self.require(invitation.invited_by, Function.VERWALTUNG)
        waiting = [it for it in self.invitations if it.state(at) is InvitationState.OPEN]
        if len(waiting) >= MOST_INVITATIONS:
            raise ConflictError(
                f"{self.name} has {MOST_INVITATIONS} open invitations; revoke one first.", code="too_many_invitations"
            )
        ended = [it for it in self.invitations if it not in waiting]
        room = MOST_INVITATIONS - len(waiting) - 1
        ordered = invitation.model_copy(update={"functions": in_order(invitation.functions)})
        self.invitations = (*ended[len(ended) - min(room, len(ended)) :], *waiting, ordered)
        events = self._changed(at)
        return events if mail is None else [*events, *self.mail_invitation(invitation.id, mail, invitation.invited_by, at)]

    def mail_invitation(self, invitation_id: str, mail: InvitationMail, person: str, at: datetime) -> list[Message]:
        """Have an open invitation sent to an address, for the first time or again.

        Raises NotFoundError (``invitation_not_found``), ConflictError: ``invitation_closed`` for one that has ended,
        ``invitation_without_key`` for one whose secret follows from no key, ``too_many_mails``.
        """
        self.require(person, Function.VERWALTUNG)
        found = self.invitation(invitation_id)
        if found.state(at) is not InvitationState.OPEN:
            raise ConflictError("The invitation is open no more; make another one.", code="invitation_closed")
        if found.key is None:
            raise ConflictError(
                "The invitation was made to be passed on by hand; revoke it and make another one.", code="invitation_without_key"
            )
        if found.mails >= MOST_MAILS:
            raise ConflictError(
                f"The invitation was sent {MOST_MAILS} times; revoke it and make another one.", code="too_many_mails"
            )
        self._replace_invitation(found.model_copy(update={"mails": found.mails + 1, "mailed_at": at}))
        return [
            InvitationAddressed(
                invitation_id=found.id,
                organisation=Party(id=self.id, name=self.name),
                functions=found.functions,
                expires_at=found.expires_at,
                language=mail.language,
                key=found.key,
                address=mail.address,
            )
        ]

    def revoke_invitation(self, invitation_id: str, person: str, at: datetime) -> list[Message]:
        """Revoke an invitation; one that has ended stays as it ended. Raises NotFoundError (``invitation_not_found``)."""
        self.require(person, Function.VERWALTUNG)
        found = self.invitation(invitation_id)
        if found.state(at) is not InvitationState.OPEN:
            return []
        self._replace_invitation(found.model_copy(update={"revoked": True}))
        return self._changed(at)

    def invitation(self, invitation_id: str) -> Invitation:
        """Return an invitation. Raises NotFoundError (``invitation_not_found``)."""
        found = next((it for it in self.invitations if it.id == invitation_id), None)
        if found is None:
            raise NotFoundError(f"{self.name} has no invitation {invitation_id}.", code="invitation_not_found")
        return found

    def accept(self, secret_sha256: str, person: str, at: datetime) -> list[Message]:
        """Make whoever shows the secret of an open invitation a member; by the same person again it changes nothing.

        Raises NotFoundError (``invitation_not_found``) for an unknown, used or revoked one, ConflictError
        (``invitation_expired``, ``already_member``), and as ``checked``.
        """
        found = next((it for it in self.invitations if hmac.compare_digest(it.secret_sha256, secret_sha256)), None)
        state = None if found is None else found.state(at)
        if found is not None and state is InvitationState.ACCEPTED and found.accepted_by == person:
            return []
        if found is None or state in (InvitationState.ACCEPTED, InvitationState.REVOKED):
            raise NotFoundError("There is no such invitation; ask for another one.", code="invitation_not_found")
        if state is InvitationState.EXPIRED:
            raise ConflictError(f"The invitation ended at {found.expires_at}; ask for another one.", code="invitation_expired")
        if person in self.users:
            raise ConflictError(f"You are a member of {self.name} already.", code="already_member")
        members = checked(self.name, (*self.members, Member(person=person, functions=found.functions)))
        self._set_members(members)
        self._replace_invitation(found.model_copy(update={"accepted_by": person}))
        return self._changed(at)

    def leave(self, person: str, at: datetime) -> list[Message]:
        """Leave the organisation; who has left already changes nothing. Raises ConflictError as ``checked``."""
        if person in self.former_users and person not in self.users:
            return []
        self.require_user(person)
        self._set_members(checked(self.name, without_people(self.members, [person])))
        return self._changed(at)

    def authorise(self, candidate: str, capacity: Capacity, person: str, at: datetime) -> list[Message]:
        """Name another member as the authorised person: one member proposes, a second confirms by naming the same.

        Both need VERWALTUNG or ZEICHNUNG. Raises ForbiddenError, ConflictError (``candidate_no_member``).
        """
        self.require_user(person)
        if not any(member.person == person and any(map(member.holds, _BINDING)) for member in self.members):
            raise ForbiddenError(
                f"This needs the function {' or '.join(_BINDING)} at {self.name}.",
                code="function_missing",
                function=_BINDING[0].value,
            )
        if candidate not in self.users:
            raise ConflictError(f"Only a member can be the authorised person of {self.name}.", code="candidate_no_member")
        if candidate == self.authorised and capacity is self.capacity:
            return []
        proposal = self.authorised_proposal
        same = proposal is not None and (proposal.person, proposal.capacity) == (candidate, capacity)
        if proposal is not None and same and proposal.proposed_by != person and proposal.proposed_by in self.users:
            if candidate != self.authorised:
                self.vollmacht = None  # it was for another person
            self.authorised_person, self.capacity, self.authorised_proposal = candidate, capacity, None
            return self._changed(at)
        if proposal is not None and same and proposal.proposed_by == person:
            return []
        self.authorised_proposal = AuthorisedProposal(person=candidate, capacity=capacity, proposed_by=person, proposed_at=at)
        return self._changed(at)

    def _replace_invitation(self, after: Invitation) -> None:
        self.invitations = tuple(after if it.id == after.id else it for it in self.invitations)

    def _changed(self, at: datetime) -> list[Message]:
        self.changed_at = at
        return [wire.OrganisationChanged(organisation=self.public())]
