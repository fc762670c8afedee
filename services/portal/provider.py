"""The identity provider as an OpenID Connect client sees it: code flow with PKCE (RFC 6749, 7636, 9207; OpenID Connect Core)."""

from __future__ import annotations

import base64
import hashlib
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from services.portal.sessions import Pending, Tokens
from shared.errors import RejectedError, RetryableError
from shared.http.caller import Caller, Person, UnauthenticatedError
from shared.http.keys import UrlKeys
from shared.http.oidc import AuthSettings, OidcAuthenticator, SubjectAuthenticator
from shared.ids import person_ref

DISCOVERY = "/.well-known/openid-configuration"
FRESH_SECONDS = 3600.0
NAME_LENGTH = 200
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TIMEOUT = httpx.Timeout(5.0, connect=2.0)


class ProviderUnavailableError(RetryableError):
    """The identity provider does not answer just now: nobody can log in."""

    code = "provider_unavailable"


class LoginRefusedError(RejectedError):
    """The answer of the identity provider does not hold, or it says that the person may not log in."""

    code = "login_refused"
    status = 403


class ClientRefusedError(LoginRefusedError):
    """The identity provider does not know this client, or not by this secret: nothing is said of the person."""


@dataclass(frozen=True, slots=True)
class Client:
    """What the portal is to the identity provider. ``secret`` is None for a public client, which PKCE alone protects."""

    issuer: str
    id: str
    secret: str | None = field(repr=False)
    redirect_uri: str
    after_logout: str
    scope: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A person whom the identity provider has named, with their tokens and the organisation that their token states, if any."""

    person: Person
    name: str
    sid: str | None
    tokens: Tokens

    @property
    def caller(self) -> Caller | None:
        """The person as one who acts for an organisation, where the token says which."""
        return self.person if isinstance(self.person, Caller) else None


class _Metadata(BaseModel):
    """What the provider states of itself (OpenID Connect Discovery, section 3)."""

    model_config = ConfigDict(extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    revocation_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False


class _TokenAnswer(BaseModel):
    """The answer of the token endpoint (RFC 6749, section 5.1)."""

    model_config = ConfigDict(extra="ignore")

    access_token: str
    token_type: str
    expires_in: int = 300
    refresh_token: str | None = None
    id_token: str | None = None


class Provider:
    """Client of one identity provider. ``authenticator`` checks access tokens as the APIs do; ``trust`` is as theirs.

    ``transport`` is given by tests.
    """

    def __init__(
        self,
        client: Client,
        authenticator: SubjectAuthenticator | OidcAuthenticator,
        clock: Callable[[], datetime],
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        trust: ssl.SSLContext | bool = True,
    ) -> None:
        self.client = client
        self._authenticator = authenticator
        self._clock = clock
        self._transport = transport
        self._trust = trust
        self._http = httpx.AsyncClient(verify=trust, timeout=_TIMEOUT, transport=transport, trust_env=False)
        self._metadata: _Metadata | None = None
        self._identities: SubjectAuthenticator | None = None
        self._fresh_until = float("-inf")

    async def address(self, pending: Pending, language: str) -> str:
        """Return where a browser is sent to log in. Raises ProviderUnavailableError."""
        metadata = await self._known()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect_uri,
            "scope": self.client.scope,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        return _with(metadata.authorization_endpoint, query)

    async def finish(self, answer: Mapping[str, str], pending: Pending) -> LoggedIn:
        """Return who has logged in. Raises LoginRefusedError if the answer does not hold, ProviderUnavailableError."""
        metadata = await self._known()
        issuer = answer.get("iss")
        if issuer != metadata.issuer and (issuer is not None or metadata.authorization_response_iss_parameter_supported):
            raise LoginRefusedError("The answer is that of another identity provider.")
        if "error" in answer or "code" not in answer:
            raise LoginRefusedError(f"The identity provider says {answer.get('error', 'nothing')[:100]}.")
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": pending.verifier,
        }
        tokens, id_token = await self._tokens(form)
        if id_token is None:
            raise LoginRefusedError("The identity provider has sent no ID token.")
        claims = await self._identity(id_token)
        if not secrets.compare_digest(str(claims.get("nonce", "")), pending.nonce):
            raise LoginRefusedError("The ID token is not for this login.")
        person = await self._person(tokens.access)
        if person_ref(str(claims["sub"])) != person.subject:
            raise LoginRefusedError("ID token and access token name different persons.")
        return LoggedIn(
            person, _name(claims), _text(claims, "sid"), Tokens(tokens.access, id_token, tokens.refresh, tokens.until)
        )

    async def renewed(self, tokens: Tokens) -> Tokens | None:
        """Return fresh tokens, None where there is nothing to renew or the provider refuses to.

        Raises ProviderUnavailableError, also while the provider does not know this client: its secret is being replaced.
        """
        if tokens.refresh is None:
            return None
        try:
            found, id_token = await self._tokens({"grant_type": "refresh_token", "refresh_token": tokens.refresh})
        except ClientRefusedError as error:
            raise ProviderUnavailableError(f"{error.detail} The secret of this client is another one there.") from error
        except LoginRefusedError:
            return None
        return Tokens(found.access, id_token or tokens.identity, found.refresh or tokens.refresh, found.until)

    async def logout_address(self, tokens: Tokens) -> str:
        """Return where a browser is sent to end the session at the provider, our own address if it ends none."""
        try:
            metadata = await self._known()
            await self._revoke(metadata, tokens)
        except ProviderUnavailableError:
            return self.client.after_logout
        if metadata.end_session_endpoint is None:
            return self.client.after_logout
        query = {
            "id_token_hint": tokens.identity,
            "client_id": self.client.id,
            "post_logout_redirect_uri": self.client.after_logout,
        }
        return _with(metadata.end_session_endpoint, query)

    async def ended(self, logout_token: str) -> str:
        """Return the ``sid`` that a logout token ends (OpenID Connect Back-Channel Logout, 2.6). Raises LoginRefusedError."""
        claims = await self._identity(logout_token, subject=False)
        events, sid = claims.get("events"), _text(claims, "sid")
        if not isinstance(events, dict) or LOGOUT_EVENT not in events or "nonce" in claims or sid is None:
            raise LoginRefusedError("This is no logout token of a session.")
        return sid

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _known(self) -> _Metadata:
        if self._metadata is not None and time.monotonic() < self._fresh_until:
            return self._metadata
        address = self.client.issuer.rstrip("/") + DISCOVERY
        try:
            response = (await self._http.get(address)).raise_for_status()
            metadata = _Metadata.model_validate_json(response.content)
        except (httpx.HTTPError, ValidationError) as error:
            if self._metadata is not None:
                return self._metadata
            raise ProviderUnavailableError(f"{address} cannot be read: {type(error).__name__}.") from error
        if metadata.issuer != self.client.issuer:
            raise ProviderUnavailableError(f"{address} is that of {metadata.issuer[:200]}; PORTAL_OIDC_ISSUER names another one.")
        if self._identities is None or self._metadata is None or self._metadata.jwks_uri != metadata.jwks_uri:
            checked = AuthSettings(issuer=metadata.issuer, audience=self.client.id, jwks_url=metadata.jwks_uri, jwks_file=None)
            keys = UrlKeys(metadata.jwks_uri, transport=self._transport, trust=self._trust)
            self._identities = SubjectAuthenticator(checked, keys=keys)
        self._metadata, self._fresh_until = metadata, time.monotonic() + FRESH_SECONDS
        return metadata

    async def _tokens(self, form: Mapping[str, str]) -> tuple[Tokens, str | None]:
        metadata = await self._known()
        response = await self._post(metadata.token_endpoint, form)
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise ProviderUnavailableError(f"The token endpoint answered {response.status_code}.")
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise ClientRefusedError(f"The token endpoint answered {response.status_code}.")
        if response.status_code != HTTPStatus.OK:
            raise LoginRefusedError(f"The token endpoint answered {response.status_code}.")
        try:
            found = _TokenAnswer.model_validate_json(response.content)
        except ValidationError as error:
            raise LoginRefusedError("The token endpoint has not answered with tokens.") from error
        if found.token_type.lower() != "bearer":
            raise LoginRefusedError("The access token is no bearer token.")
        until = self._clock() + timedelta(seconds=found.expires_in)
        return Tokens(found.access_token, "", found.refresh_token, until), found.id_token

    async def _identity(self, token: str, *, subject: bool = True) -> dict[str, Any]:
        await self._known()
        assert self._identities is not None  # noqa: S101 - for the type checker: known metadata name the keys
        try:
            claims = await self._identities.claims_of(token)
        except UnauthenticatedError as error:
            raise LoginRefusedError(f"The ID token does not hold: {error.detail}") from error
        audience = claims.get("aud")
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self.client.id:
            raise LoginRefusedError("The ID token is for several clients and not issued to this one.")
        if subject and not isinstance(claims.get("sub"), str):
            raise LoginRefusedError("The ID token names nobody.")
        return claims

    async def _person(self, token: str) -> Person:
        try:
            return await self._authenticator.authenticate(token)
        except UnauthenticatedError as error:
            raise LoginRefusedError(f"The services would not take the access token: {error.detail}") from error

    async def _revoke(self, metadata: _Metadata, tokens: Tokens) -> None:
        """Have the provider forget the refresh token (RFC 7009); that it could not be reached changes nothing for the person."""
        if metadata.revocation_endpoint is None or tokens.refresh is None:
            return
        await self._post(metadata.revocation_endpoint, {"token": tokens.refresh, "token_type_hint": "refresh_token"})

    async def _post(self, endpoint: str, form: Mapping[str, str]) -> httpx.Response:
        """Send a form as this client: with its secret (RFC 6749, section 2.3.1), or naming itself."""
        try:
            if self.client.secret is None:
                return await self._http.post(endpoint, data={**form, "client_id": self.client.id})
            known = quote(self.client.id, safe=""), quote(self.client.secret, safe="")
            return await self._http.post(endpoint, data=form, auth=known)
        except httpx.HTTPError as error:
            raise ProviderUnavailableError(f"{endpoint} does not answer: {type(error).__name__}.") from error


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    found = claims.get(name)
    return found[:NAME_LENGTH] if isinstance(found, str) and found else None


def _name(claims: Mapping[str, Any]) -> str:
    return _text(claims, "name") or _text(claims, "preferred_username") or str(claims["sub"])[:NAME_LENGTH]
