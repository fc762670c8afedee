"""Who acts for an organisation: the part of its state that is about its members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import computed_field, model_validator

from services.eligibility.domain.members import Member, stored_members
from shared.aggregate.base import Aggregate
from shared.errors import ForbiddenError
from shared.messages.values import Function, Line, PersonRef

MOST_FORMER_USERS = 200


class Membership(Aggregate):
    """Members with their functions, and who was one. Methods raise before they change anything."""

    name: Line
    members: tuple[Member, ...]
    former_users: tuple[PersonRef, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_users(cls, fields: Any) -> Any:  # noqa: ANN401 - pydantic's hook
        """Make the members of the users of a stored document: a version before functions has written or changed it."""
        if not isinstance(fields, Mapping) or "users" not in fields:
            return fields
        others = {name: value for name, value in fields.items() if name != "users"}
        return others | {"members": stored_members(fields["users"], fields.get("members", ()))}

    @computed_field  # type: ignore[prop-decorator] # pydantic's own way to store a derived field
    @property
    def users(self) -> tuple[PersonRef, ...]:
        """Who the members are; stored, because a version before functions reads and writes nothing else of them."""
        return tuple(member.person for member in self.members)

    def require_user(self, person: str) -> None:
        """Return if the person is an active user. Raises ForbiddenError (``not_a_user``)."""
        if person not in self.users:
            raise ForbiddenError(f"You are no active user of {self.name}; an active user can add you.", code="not_a_user")

    def require(self, person: str, function: Function) -> None:
        """Return if a person has a function here. Raises ForbiddenError: ``not_a_user``, ``function_missing``."""
        self.require_user(person)
        if not any(member.person == person and member.holds(function) for member in self.members):
            raise ForbiddenError(
                f"This needs the function {function} at {self.name}; a member with VERWALTUNG can give it to you.",
                code="function_missing",
                function=function.value,
            )

    def _set_members(self, members: tuple[Member, ...]) -> None:
        present = {member.person for member in members}
        left = dict.fromkeys((*self.former_users, *self.users))
        self.former_users = tuple(user for user in left if user not in present)[-MOST_FORMER_USERS:]
        self.members = members
