"""Decides by the topic of rights what a person may do for which organisation, and refuses to when it knows too little."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from shared.bus.mirror.content import Content, Entry
from shared.bus.mirror.mirror import TopicMirror
from shared.calendar import day_of
from shared.clock import now
from shared.errors import ForbiddenError
from shared.http.caller import Caller, Person
from shared.http.problem import RefusedRequestError
from shared.messages.eligibility_rights import RightsRecorded
from shared.messages.values import Channel, Role
from shared.rights import metrics
from shared.rights.errors import RightsUnavailableError
from shared.rights.memberships import Memberships, Standing
from shared.topics import RIGHTS

log = structlog.get_logger()

CONFIRM_EVERY = timedelta(seconds=2)
"""How often the broker is asked whether everything was read: rights are as old as its last answer."""


def rights_mirror() -> TopicMirror:
    """Return the mirror that rights are decided by."""
    return TopicMirror(RIGHTS, None, confirm_every=CONFIRM_EVERY)


class Rights:
    """Everybody's rights, from a mirror of their topic.

    Where tokens claim rights they are followed and do not ``decide``, neither on callers nor on commands that arrive by event.
    Rights that the broker has not confirmed for ``most_age`` are not gone by any more. ``steady`` gives seconds of the clock that
    the mirror counts by.
    """

    def __init__(
        self,
        mirror: TopicMirror,
        most_age: timedelta,
        *,
        decides: bool = True,
        clock: Callable[[], datetime] = now,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.mirror = mirror
        self.most_age = most_age
        self.decides = decides
        self._clock = clock
        self._steady = steady
        self._content: Content | None = None
        self._positions: dict[int, int] = {}
        self._known: dict[str, Entry] = {}
        self._memberships = Memberships()

    def ready(self) -> bool:
        """Return whether the topic was read through, which may be long ago; what is new in it is taken in."""
        self._take()
        metrics.MEMBERS.set(self._memberships.people)
        metrics.AGE.set(-1 if self.mirror.confirmed_at is None else self.age().total_seconds())
        return self._content is not None

    def age(self) -> timedelta:
        """Return how long ago the broker confirmed that everything was read. Raises RightsUnavailableError if it never did."""
        confirmed = self.mirror.confirmed_at
        if confirmed is None:
            raise RightsUnavailableError("The topic of rights was not read through yet; ask again in a moment.")
        return timedelta(seconds=max(0.0, self._steady() - confirmed))

    def caller(self, person: Person, organisation: str | None) -> Caller:
        """Return the person as one who acts for an organisation: the one named, or the only one that they are a member of.

        Raises RefusedRequestError 400 (``organisation_needed``), ForbiddenError (``no_membership``, ``not_a_member``),
        RightsUnavailableError.
        """
        memberships = self._current()
        if organisation is None:
            organisation = _only_one(memberships.organisations_of(person.subject))
        standing = memberships.standing(organisation)
        functions = None if standing is None else standing.members.get(person.subject)
        if standing is None or functions is None:
            raise ForbiddenError(
                f"You are no member of {organisation}; one of its members with the function VERWALTUNG can add you.",
                code="not_a_member",
                organisation=organisation,
            )
        roles = standing.roles_on(day_of(self._clock()))
        return Caller(person.subject, organisation, standing.name, roles, functions)

    def standing(self, organisation: str) -> Standing | None:
        """Return the rights of an organisation, None if it has none here. Raises RightsUnavailableError."""
        return self._current().standing(organisation)

    def roles_of(self, organisation: str) -> frozenset[Role]:
        """Return the roles of an organisation that are in force today. Raises RightsUnavailableError."""
        standing = self.standing(organisation)
        return frozenset() if standing is None else standing.roles_on(day_of(self._clock()))

    def is_accredited(self, organisation: str, role: Role, channel: Channel) -> bool:
        """Return whether an Anbieter's accreditation of an organisation is in force today. Raises RightsUnavailableError."""
        standing = self.standing(organisation)
        return standing is not None and standing.is_accredited(role, channel, day_of(self._clock()))

    def _current(self) -> Memberships:
        self._take()
        age = self.age()
        if age > self.most_age:
            raise RightsUnavailableError(
                f"Rights were last confirmed {age.total_seconds():.0f} s ago, and nobody goes by any older than "
                f"{self.most_age.total_seconds():.0f} s. The broker has not answered since; ask again later."
            )
        return self._memberships

    def _take(self) -> None:
        """Apply what the mirror has read since; of a topic that was read from its beginning again, what differs."""
        content = self.mirror.content
        if content is None:
            return
        if content is not self._content:
            self._begin(content)
        if content.positions != self._positions:
            for entry in content.after(self._positions):
                self._put(entry)
            self._positions = dict(content.positions)

    def _begin(self, content: Content) -> None:
        held: Mapping[str, Entry] = {_text(entry.key): entry for entry in content.after({})}
        for organisation in self._known.keys() - held.keys():
            self._memberships.drop(organisation)
            del self._known[organisation]
        for entry in held.values():
            self._put(entry)
        self._content, self._positions = content, dict(content.positions)

    def _put(self, entry: Entry) -> None:
        organisation = _text(entry.key)
        known = self._known.get(organisation)
        self._known[organisation] = entry
        if known is not None and known.digest == entry.digest and known.type == entry.type:
            return
        if entry.value is None or entry.type != RightsRecorded.TYPE:
            self._memberships.drop(organisation)
            return
        try:
            self._memberships.put(organisation, entry.value)
        except ValueError as error:
            log.error("rights_unreadable", organisation=organisation, offset=entry.offset, error=str(error)[:200])  # noqa: TRY400


def _only_one(organisations: tuple[str, ...]) -> str:
    if len(organisations) == 1:
        return organisations[0]
    if not organisations:
        raise ForbiddenError(
            "You are a member of no organisation here: register yours, or have one of its members add you.",
            code="no_membership",
        )
    raise RefusedRequestError(
        "You are a member of several organisations: name the one that you act for in the header X-Organisation.",
        status=400,
        code="organisation_needed",
        organisations=sorted(organisations),
    )


def _text(key: bytes) -> str:
    return key.decode("ascii", "replace")
