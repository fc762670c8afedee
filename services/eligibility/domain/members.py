"""The members of an organisation: who acts for it, and with which functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from shared.errors import ConflictError, InvalidError
from shared.messages.base import Value
from shared.messages.values import Function, PersonRef

MOST_MEMBERS = 200
EVERY_FUNCTION = tuple(Function)


class Member(Value):
    """A person who acts for the organisation. ``person`` is a reference and stays in this store and in the rights topic."""

    person: PersonRef
    functions: tuple[Function, ...] = EVERY_FUNCTION

    def holds(self, function: Function) -> bool:
        """Return whether the person has been given a function."""
        return function in self.functions


def in_order(functions: Iterable[Function]) -> tuple[Function, ...]:
    """Return functions in their fixed order, each once; those that only a later version knows come last."""
    given = dict.fromkeys(functions)
    return (*(it for it in EVERY_FUNCTION if it in given), *(it for it in given if not it.known))


def checked(name: str, members: Sequence[Member]) -> tuple[Member, ...]:
    """Return the members of the organisation called ``name`` if they may stand.

    Raises ConflictError: ``last_user`` for nobody left, ``last_administrator`` for nobody with VERWALTUNG; InvalidError:
    ``too_many_users``.
    """
    if not members:
        raise ConflictError(f"{name} would have no active user left.", code="last_user")
    if not any(member.holds(Function.VERWALTUNG) for member in members):
        raise ConflictError(
            f"{name} would have nobody left with the function VERWALTUNG; give it to another member first.",
            code="last_administrator",
        )
    if len(members) > MOST_MEMBERS:
        raise InvalidError(f"An organisation has at most {MOST_MEMBERS} users.", code="too_many_users")
    return tuple(members)


def with_people(members: Iterable[Member], people: Iterable[str]) -> list[Member]:
    """Return the members with further people, who get all functions; of those who are members already nothing changes."""
    by_person = {member.person: member for member in members}
    for person in people:
        by_person.setdefault(person, Member(person=person))
    return list(by_person.values())


def with_functions(members: Iterable[Member], functions: Mapping[str, Collection[Function]]) -> list[Member]:
    """Return the members with these functions for those named; whoever is no member yet becomes one."""
    by_person = {member.person: member for member in members}
    for person, given in functions.items():
        by_person[person] = Member(person=person, functions=in_order(given))
    return list(by_person.values())


def without_people(members: Iterable[Member], people: Collection[str]) -> list[Member]:
    """Return the members but for these people."""
    return [member for member in members if member.person not in people]


def stored_members(users: Iterable[str], members: Iterable[Any]) -> list[Any]:
    """Return the members of a stored organisation, as Member or as stored.

    Who belongs to it follows from ``users`` alone, which a version before functions writes too, and it keeps ``members`` as it
    found them. So whoever that version added has all functions, as everybody has there, and whoever it removed is none.
    """
    known = {_person(member): member for member in members}
    return [known.get(user) or Member(person=user) for user in dict.fromkeys(users)]


def _person(member: Member | Mapping[str, Any]) -> str:
    person: str = member.person if isinstance(member, Member) else member["person"]
    return person
