"""Who calls an API, by their token, and the port that reads tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.errors import ForbiddenError
from shared.http.problem import RefusedRequestError
from shared.messages.values import Channel, Function, Party, Role

EVERY_FUNCTION = frozenset(Function)
_REALM = 'Bearer realm="efa-marktplatz"'


class UnauthenticatedError(RefusedRequestError):
    """The request carries no token, or not a valid one (HTTP 401, RFC 6750)."""

    def __init__(self, code: str, detail: str) -> None:
        challenge = _REALM if code == "token_missing" else f'{_REALM}, error="invalid_token", error_description="{detail}"'
        super().__init__(detail, status=401, code=code, headers={"WWW-Authenticate": challenge})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the identity provider knows: the token says no more than who they are."""

    subject: str


@dataclass(frozen=True, slots=True)
class Caller(Person):
    """A person who acts for an organisation: with its roles, and with their own functions there."""

    organisation: str
    organisation_name: str
    roles: frozenset[Role]
    functions: frozenset[Function] = EVERY_FUNCTION

    @property
    def party(self) -> Party:
        """The organisation as it stands in messages."""
        return Party(id=self.organisation, name=self.organisation_name)

    @property
    def channel(self) -> Channel:
        """The Anbieter that the caller works for. Raises ForbiddenError for everybody else."""
        self.require(Role.ANBIETER)
        try:
            return Channel(self.organisation)
        except ValueError:
            raise ForbiddenError(
                f"{self.organisation} is no Anbieter.",
                code="not_an_anbieter",
                organisation=self.organisation,
            ) from None

    def require(self, *roles: Role) -> None:
        """Return if the caller holds one of the roles. Raises ForbiddenError."""
        if self.roles.isdisjoint(roles):
            names = sorted(role.value for role in roles)
            raise ForbiddenError(f"This is for {' or '.join(names)} only.", code="role_missing", required_roles=names)

    def require_function(self, function: Function) -> None:
        """Return if the person has a function in the organisation. Raises ForbiddenError."""
        if function not in self.functions:
            raise ForbiddenError(
                f"This needs the function {function.value} in {self.organisation_name}; a member with VERWALTUNG can give it.",
                code="function_missing",
                required_function=function.value,
                organisation=self.organisation,
            )


class Authenticator(Protocol):
    """Port that turns a token into the person whom it names, or into a caller where its claims state for whom they act."""

    async def authenticate(self, token: str) -> Person:
        """Return the person. Raises UnauthenticatedError, or RetryableError when the keys cannot be had just now."""


class RightsSource(Protocol):
    """Port that knows for which organisations a person acts."""

    def caller(self, person: Person, organisation: str | None) -> Caller:
        """Return the person as one who acts for the organisation, None: for the only one that they are a member of.

        Raises RefusedRequestError or ForbiddenError if they do not, RetryableError when it cannot be known just now.
        """


def bearer_token(headers: Sequence[str]) -> str | None:
    """Return the token of the Authorization headers, None unless they are one bearer token (RFC 6750, 2.1)."""
    if len(headers) != 1:
        return None
    scheme, _, token = headers[0].partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
