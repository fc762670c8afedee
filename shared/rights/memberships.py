"""The rights of all organisations, indexed by person. Pure and small: tens of thousands of members take little room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from sys import intern

from pydantic import ValidationError

from shared.messages.eligibility_rights import RightsRecorded, RoleTerm
from shared.messages.open_enum import READING
from shared.messages.values import Channel, Function, Role

_Functions = frozenset[Function]


@dataclass(frozen=True, slots=True)
class Standing:
    """The rights of one organisation: its members with their functions, its roles with their terms."""

    name: str
    members: Mapping[str, _Functions]
    terms: tuple[RoleTerm, ...]

    def roles_on(self, day: date) -> frozenset[Role]:
        """Return the roles in force on a day, at whichever Anbieter."""
        return frozenset(term.role for term in self.terms if term.holds(day))

    def is_accredited(self, role: Role, channel: Channel, day: date) -> bool:
        """Return whether an Anbieter has accredited the organisation in a role, in force on a day."""
        return any(term.role is role and term.channel is channel and term.holds(day) for term in self.terms)


class Memberships:
    """What the topic of rights holds: the standing of each organisation, and for each person where they are a member."""

    def __init__(self) -> None:
        self._standings: dict[str, Standing] = {}
        self._organisations: dict[str, tuple[str, ...]] = {}
        self._functions: dict[_Functions, _Functions] = {}
        self._terms: dict[RoleTerm, RoleTerm] = {}

    def __len__(self) -> int:
        return len(self._standings)

    @property
    def people(self) -> int:
        """The number of people who are members of something."""
        return len(self._organisations)

    def standing(self, organisation: str) -> Standing | None:
        """Return the rights of an organisation, None if it has none."""
        return self._standings.get(organisation)

    def organisations_of(self, person: str) -> tuple[str, ...]:
        """Return the organisations that a person is a member of, in no order that means anything."""
        return self._organisations.get(person, ())

    def put(self, organisation: str, body: bytes) -> None:
        """Replace the rights of an organisation. Raises ValueError for what is no such message; then it has none."""
        self.drop(organisation)
        try:
            rights = RightsRecorded.model_validate_json(body, extra="ignore", context=READING).rights
        except ValidationError as error:
            raise ValueError(
                f"the rights of {organisation} are no {RightsRecorded.TYPE}: {error.error_count()} errors"
            ) from error
        if rights.organisation != organisation:
            raise ValueError(f"under the key {organisation} stand the rights of {rights.organisation}")
        members = {intern(it.person): self._shared(frozenset(it.functions)) for it in rights.members}
        terms = tuple(self._terms.setdefault(term, term) for term in rights.roles)
        self._standings[organisation] = Standing(rights.name, members, terms)
        for person in members:
            self._organisations[person] = (*self._organisations.get(person, ()), organisation)

    def drop(self, organisation: str) -> None:
        """Forget an organisation."""
        known = self._standings.pop(organisation, None)
        for person in () if known is None else known.members:
            left = tuple(other for other in self._organisations[person] if other != organisation)
            if left:
                self._organisations[person] = left
            else:
                del self._organisations[person]

    def _shared(self, functions: _Functions) -> _Functions:
        return self._functions.setdefault(functions, functions)
