"""What the other services go by: who may act for an organisation, and in which roles it acts. Told with the change itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from services.eligibility.domain.organisation import Organisation
from shared.aggregate.change import Change
from shared.messages.base import Message
from shared.messages.eligibility_rights import Membership, OrganisationRights, RightsRecorded, RoleTerm
from shared.messages.values import AccreditationState


def rights_of(organisation: Organisation) -> OrganisationRights:
    """Return the rights of an organisation: its members, its roles as such, and those that an Anbieter has accredited."""
    held = tuple(RoleTerm(role=role) for role in organisation.roles)
    accredited = tuple(
        RoleTerm(role=record.role, channel=record.channel, valid_from=record.valid_from, valid_to=record.valid_to)
        for record in organisation.accreditations
        if record.state is AccreditationState.ERTEILT
    )
    return OrganisationRights(
        organisation=organisation.id,
        name=organisation.name,
        members=tuple(Membership(person=it.person, functions=it.functions) for it in organisation.members),
        roles=(*held, *accredited),
    )


def is_recorded(organisation: Organisation) -> bool:
    """Return whether the rights as they are were published, or wait in the outbox."""
    return organisation.rights_recorded == _digest(rights_of(organisation))


def record_rights(organisation: Organisation) -> list[Message]:
    """Publish the rights if they are not those published last, such as those that a version without them has changed."""
    return [] if is_recorded(organisation) else restate_rights(organisation)


def restate_rights(organisation: Organisation) -> list[Message]:
    """Publish the rights, whether or not they have changed."""
    rights = rights_of(organisation)
    organisation.rights_recorded = _digest(rights)
    return [RightsRecorded(rights=rights)]


def with_rights(change: Change[Organisation]) -> Change[Organisation]:
    """Return a change whose events also publish the rights if it changes them; one without events stays without."""

    def decide(organisation: Organisation | None) -> tuple[Organisation, Sequence[Message]]:
        after, events = change.decide(organisation)
        return after, [*events, *record_rights(after)] if events else events

    return replace(change, decide=decide)


def _digest(rights: OrganisationRights) -> str:
    return hashlib.sha256(rights.model_dump_json().encode()).hexdigest()
