"""Who calls: bearer tokens become a ``Caller``; routes say by a dependency what they ask of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.errors import ForbiddenError
from shared.http.problem import RefusedRequestError
from shared.messages.values import Channel, Party, Role

_REALM = 'Bearer realm="efa-marktplatz"'

bearer = HTTPBearer(
    scheme_name="bearer",
    bearerFormat="JWT",
    description="OIDC access token with the claims sub, org, org_name and roles.",
    auto_error=False,
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]


class UnauthenticatedError(RefusedRequestError):
    """The request carries no token, or not a valid one (HTTP 401, RFC 6750)."""

    def __init__(self, code: str, detail: str) -> None:
        challenge = _REALM if code == "token_missing" else f'{_REALM}, error="invalid_token", error_description="{detail}"'
        super().__init__(detail, status=401, code=code, headers={"WWW-Authenticate": challenge})


@dataclass(frozen=True, slots=True)
class Caller:
    """A person who acts for an organisation, as their token says."""

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
    """Tells who a token speaks for."""

    async def authenticate(self, token: str) -> Caller:
        """Return the caller. Raises UnauthenticatedError, or RetryableError when the keys cannot be had just now."""


async def optional_caller(request: Request, _scheme: _Credentials = None) -> Caller | None:
    """Return the caller of a public read, None without a token. A token that is not valid is refused all the same."""
    headers = request.headers.getlist("authorization")
    if not headers:
        return None
    scheme, _, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError("token_invalid", "The Authorization header must hold one bearer token.")
    authenticator: Authenticator = request.app.state.authenticator
    return await authenticator.authenticate(token.strip())


async def authenticated(request: Request, _scheme: _Credentials = None) -> Caller:
    """Return the caller. Raises UnauthenticatedError (401)."""
    caller = await optional_caller(request)
    if caller is None:
        raise UnauthenticatedError("token_missing", "A bearer token is needed.")
    return caller


def needs(*roles: Role) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that gives the caller if they hold one of the roles (403 otherwise)."""

    async def checked(caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
        caller.require(*roles)
        return caller

    return checked
