"""Bearer tokens become a ``Caller``; routes state by a dependency what they require."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.errors import ForbiddenError
from shared.http.body import CALLER
from shared.http.caller import Authenticator, Caller, Person, RightsSource, UnauthenticatedError, bearer_token
from shared.http.oidc import AuthSettings, OidcAuthenticator
from shared.http.problem import RefusedRequestError
from shared.messages.values import Function, Role

__all__ = [
    "ADMINISTRATION",
    "NO_FUNCTION",
    "SIGNING",
    "AuthSettings",
    "Authenticator",
    "Caller",
    "OidcAuthenticator",
    "Person",
    "UnauthenticatedError",
    "authenticated",
    "function_of",
    "identified",
    "needs",
    "needs_function",
    "optional_caller",
]

ORGANISATION_HEADER = "X-Organisation"
FUNCTION = "x-function"
"""Member of an operation in the OpenAPI document: the function that it needs, ``none`` for an operation that needs none."""
_NONE = "none"
_ORGANISATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

bearer = HTTPBearer(
    scheme_name="bearer",
    bearerFormat="JWT",
    description="OIDC access token with the claims iss, sub, aud and exp: it says who calls. What they may do for which "
    "organisation the marketplace knows.",
    auto_error=False,
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
_Organisation = Annotated[
    str | None,
    Header(
        alias=ORGANISATION_HEADER,
        description="Organisation that the caller acts for; only needed by members of several.",
        examples=["010540056056"],
    ),
]


def needs_function(function: Function | None) -> dict[str, Any]:
    """Return what an operation is declared with (``openapi_extra``) that needs another function than BEARBEITUNG, or none."""
    return {FUNCTION: _NONE if function is None else function.value}


SIGNING = needs_function(Function.ZEICHNUNG)
"""Declares an operation that binds the organisation: orders, contracts, decisions."""
ADMINISTRATION = needs_function(Function.VERWALTUNG)
"""Declares an operation on members, roles or master data of the organisation."""
NO_FUNCTION = needs_function(None)
"""Declares an operation that needs no function: it changes nothing of the organisation's, or what is the person's own."""


def function_of(route: object, method: str) -> Function | None:
    """Return the function that an operation needs of its caller: BEARBEITUNG to change something, unless it is declared."""
    declared = (getattr(route, "openapi_extra", None) or {}).get(FUNCTION)
    if declared is not None:
        return None if declared == _NONE else Function(declared)
    return None if method in _SAFE else Function.BEARBEITUNG


async def identified(request: Request, _scheme: _Credentials = None) -> Person:
    """Return the person whom the token names, a member of something or not. Raises UnauthenticatedError (401)."""
    person = await _person(request)
    if person is None:
        raise UnauthenticatedError("token_missing", "A bearer token is needed.")
    return person


async def optional_caller(request: Request, _scheme: _Credentials = None, _organisation: _Organisation = None) -> Caller | None:
    """Return the caller of a public read, None without a token, and for a person who acts for no organisation.

    A token that is not valid is refused all the same, and an organisation that the person is no member of.
    """
    person = await _person(request)
    if person is None:
        return None
    try:
        return _acting(request, person)
    except (ForbiddenError, RefusedRequestError):
        if _named(request) is not None:
            raise
        return None


async def authenticated(request: Request, _scheme: _Credentials = None, _organisation: _Organisation = None) -> Caller:
    """Return the caller, who has the function that the operation needs.

    Raises UnauthenticatedError (401), RefusedRequestError (400), ForbiddenError (403), RetryableError (503).
    """
    caller = _acting(request, await identified(request))
    function = function_of(request.scope.get("route"), request.method)
    if function is not None:
        caller.require_function(function)
    return caller


async def _person(request: Request) -> Person | None:
    checked: Person | None = request.scope.get(CALLER)
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


def _acting(request: Request, person: Person) -> Caller:
    organisation = _named(request)
    if isinstance(person, Caller):
        if organisation not in (None, person.organisation):
            raise ForbiddenError(
                f"Your token is for {person.organisation}, not for {organisation}.",
                code="not_a_member",
                organisation=organisation,
            )
        return person
    rights: RightsSource | None = request.app.state.rights
    if rights is None:
        raise RuntimeError("tokens name persons only, and this application knows no rights")
    return rights.caller(person, organisation)


def _named(request: Request) -> str | None:
    """Return the organisation that the request names, None if it names none. Raises RefusedRequestError (400)."""
    named = request.headers.getlist(ORGANISATION_HEADER)
    if len(named) > 1 or not all(_ORGANISATION.fullmatch(name) for name in named):
        raise RefusedRequestError(
            f"The header {ORGANISATION_HEADER} must hold the id of one organisation.",
            status=400,
            code="organisation_header_invalid",
        )
    return named[0] if named else None


def needs(*roles: Role) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that gives the caller if they hold one of the roles (403 otherwise)."""

    async def checked(caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
        caller.require(*roles)
        return caller

    return checked
