"""The first member of an Anbieter or of the operator: no registration makes them, whoever runs the marketplace names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.eligibility.domain.members import Member, with_people
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.registration import Capacity
from shared.messages import eligibility as wire
from shared.messages.base import Message
from shared.messages.values import OrganisationType, Role


@dataclass(frozen=True, slots=True)
class Appointment:
    """Whom the settings name as the first member of an organisation, and the role that it has by them."""

    organisation: str
    name: str
    type: OrganisationType
    role: Role
    person: str

    def apply_to(self, known: Organisation | None, at: datetime) -> tuple[Organisation, Sequence[Message]]:
        """Return the organisation with the role and a member who can add others.

        A role that it has already was given by an earlier appointment: then its members are its own business.
        """
        if known is None:
            organisation = Organisation(
                id=self.organisation,
                name=self.name,
                type=self.type,
                roles=(self.role,),
                members=(Member(person=self.person),),
                registered_by=self.person,
                capacity=Capacity.BEVOLLMAECHTIGT,
                registered_at=at,
                changed_at=at,
            )
            return organisation, [wire.OrganisationRegistered(organisation=organisation.public())]
        if self.role in known.roles:
            return known, ()
        known.roles = (*known.roles, self.role)
        known.members = tuple(with_people(known.members, [self.person]))
        known.changed_at = at
        return known, [wire.OrganisationChanged(organisation=known.public())]
