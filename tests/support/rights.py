"""Rights of organisations as a process has read them, without a broker."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta

from shared.bus.mirror.content import Content
from shared.bus.mirror.mirror import TopicMirror
from shared.clock import now
from shared.messages.eligibility_rights import Membership, OrganisationRights, RightsRecorded, RoleTerm
from shared.messages.values import Function, Role
from shared.rights.projection import Rights, rights_mirror

EVERYTHING = tuple(Function)
MOST_AGE = timedelta(minutes=5)


class ReadRights:
    """Rights with a mirror that tests write to as the broker would; without a time they are always fresh."""

    def __init__(
        self, clock: Callable[[], datetime] = now, steady: Callable[[], float] = lambda: 0.0, *, decides: bool = True
    ) -> None:
        self.mirror: TopicMirror = rights_mirror()
        self.mirror.content = self.content = Content(None, {0: 0}, now())
        self.mirror.confirmed_at = math.inf
        self.rights = Rights(self.mirror, MOST_AGE, decides=decides, clock=clock, steady=steady)

    def take(self, key: str, value: bytes | None, kind: str = RightsRecorded.TYPE) -> None:
        """Take a record of the topic."""
        self.content.put(0, self.content.positions[0], key.encode(), value, kind, now())

    def put(self, rights: OrganisationRights) -> None:
        """Take the rights of an organisation."""
        self.take(rights.organisation, RightsRecorded(rights=rights).model_dump_json().encode())

    def read_again(self, held: Iterable[OrganisationRights]) -> None:
        """Read the topic from its beginning, where it holds these rights."""
        self.content = Content(None, {0: 0}, now())
        for rights in held:
            self.put(rights)
        self.mirror.content = self.content


def rights_of(
    organisation: str,
    members: Mapping[str, Iterable[Function]],
    roles: Iterable[Role | RoleTerm] = (Role.KUNDE,),
) -> OrganisationRights:
    """Return the rights of an organisation whose name is its id."""
    return OrganisationRights(
        organisation=organisation,
        name=organisation,
        members=tuple(Membership(person=person, functions=tuple(functions)) for person, functions in members.items()),
        roles=tuple(role if isinstance(role, RoleTerm) else RoleTerm(role=role) for role in roles),
    )


def until(day: date, role: Role = Role.KUNDE) -> RoleTerm:
    """Return a role that no longer holds from a day on."""
    return RoleTerm(role=role, valid_to=day)
