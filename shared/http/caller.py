"""Who calls an API, by their token, and the port that reads tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.errors import ForbiddenError
from shared.http.problem import RefusedRequestError
from shared.messages.values import Channel, Party, Role

_REALM = 'Bearer realm="efa-marktplatz"'


class UnauthenticatedError(RefusedRequestError):
    """The request carries no token, or not a valid one (HTTP 401, RFC 6750)."""

    def __init__(self, code: str, detail: str) -> None:
        challenge = _REALM if code == "token_missing" else f'{_REALM}, error="invalid_token", error_description="{detail}"'
        super().__init__(detail, status=401, code=code, headers={"WWW-Authenticate": challenge})


@dataclass(frozen=True, slots=True)
class Caller:
    """A person who acts for an organisation, by the claims of their token."""

    subject: str
    organisation: str
    organisation_name: str
    roles: frozenset[Role]

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


class Authenticator(Protocol):
    """Port that turns a token into its caller."""

    async def authenticate(self, token: str) -> Caller:
        """Return the caller. Raises UnauthenticatedError, or RetryableError when the keys cannot be had just now."""


def bearer_token(headers: Sequence[str]) -> str | None:
    """Return the token of the Authorization headers, None unless they are one bearer token (RFC 6750, 2.1)."""
    if len(headers) != 1:
        return None
    scheme, _, token = headers[0].partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
