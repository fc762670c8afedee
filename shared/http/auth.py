"""Bearer tokens become a ``Caller``; routes state by a dependency what they require."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.http.body import CALLER
from shared.http.caller import Authenticator, Caller, UnauthenticatedError, bearer_token
from shared.http.oidc import AuthSettings, OidcAuthenticator
from shared.messages.values import Role

__all__ = [
    "AuthSettings",
    "Authenticator",
    "Caller",
    "OidcAuthenticator",
    "UnauthenticatedError",
    "authenticated",
    "needs",
    "optional_caller",
]

bearer = HTTPBearer(
    scheme_name="bearer",
    bearerFormat="JWT",
    description="OIDC access token with the claims sub, org, org_name and roles.",
    auto_error=False,
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]


async def optional_caller(request: Request, _scheme: _Credentials = None) -> Caller | None:
    """Return the caller of a public read, None without a token. A token that is not valid is refused all the same."""
    checked: Caller | None = request.scope.get(CALLER)
    if checked is not None:
        return checked
    headers = request.headers.getlist("authorization")
    if not headers:
        return None
    token = bearer_token(headers)
    if token is None:
        raise UnauthenticatedError("token_invalid", "The Authorization header must hold one bearer token.")
    authenticator: Authenticator = request.app.state.authenticator
    return await authenticator.authenticate(token)


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
