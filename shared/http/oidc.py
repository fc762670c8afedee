"""OIDC access tokens (RFC 7519, RFC 9068) become callers: signature, issuer, audience, times, tenant, roles."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeVar

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import Key
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.http.caller import Caller, Person, UnauthenticatedError
from shared.http.keys import FileKeys, Keys, UrlKeys
from shared.ids import person_ref
from shared.messages.values import Line, OrganisationId, Role
from shared.trust import trust_in

C = TypeVar("C", bound=BaseModel)

ALGORITHMS: Final[Mapping[str, tuple[str, str | None]]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""Signatures that are accepted, with kind and curve of their keys. Never ``none``, never a shared secret."""

EMBEDDED = "embedded"
TEST_ENVIRONMENTS = frozenset({EMBEDDED, "test"})
"""Environments in which the claims of tokens may be taken for rights."""
EMBEDDED_ISSUER = "urn:efa-marktplatz:issuer:embedded"
EMBEDDED_KID_PREFIX = "embedded-"
LEEWAY_SECONDS = 30
TOKEN_LENGTH = 8192


class RightsFrom(StrEnum):
    """Where it stands what a caller may do."""

    MARKETPLACE = "marketplace"
    CLAIMS = "claims"


class AuthSettings(BaseSettings):
    """Whose tokens are accepted, from ``AUTH_…`` variables: keys by URL or in a file, exactly one of them.

    ``ca_file`` holds the authority of the identity provider's certificate where it is none that everybody knows.

    ``environment`` is that of the process (``MARKTPLATZ_ENVIRONMENT``). Anything but ``embedded`` refuses the issuer that
    the embedded run makes for itself: its key lies in a data folder and signs whatever it is asked to. Rights come from the
    marketplace; from the claims of tokens only where nothing but tests runs. ``rights_most_age`` is how long they are gone by
    after the broker last confirmed them.
    """

    model_config = SettingsConfigDict(env_prefix="AUTH_", extra="ignore", populate_by_name=True)

    issuer: Annotated[str, Field(min_length=1)]
    audience: Annotated[str, Field(min_length=1)]
    jwks_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = None
    jwks_file: Path | None = None
    ca_file: Path | None = None
    rights_from: RightsFrom = RightsFrom.MARKETPLACE
    rights_most_age: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=5)
    environment: Annotated[str, Field(validation_alias=AliasChoices("MARKTPLATZ_ENVIRONMENT", "AUTH_ENVIRONMENT"))] = "production"

    @model_validator(mode="after")
    def _fitting(self) -> AuthSettings:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("set either AUTH_JWKS_URL or AUTH_JWKS_FILE")
        if self.environment == EMBEDDED:
            return self
        if self.issuer == EMBEDDED_ISSUER:
            raise ValueError(
                f"AUTH_ISSUER is the embedded issuer, but the environment is '{self.environment}'. "
                "It is for the embedded run on one machine only: name the issuer of your identity provider."
            )
        if self.rights_from is RightsFrom.CLAIMS and self.environment not in TEST_ENVIRONMENTS:
            raise ValueError(
                f"AUTH_RIGHTS_FROM is 'claims', but the environment is '{self.environment}'. Whoever administers the identity "
                f"provider could act as anybody; it is for {' and '.join(sorted(TEST_ENVIRONMENTS))} only: take 'marketplace'."
            )
        if self.jwks_url is not None and not self.jwks_url.startswith("https://"):
            raise ValueError(f"AUTH_JWKS_URL must be an https address in the environment '{self.environment}'")
        return self

    def trust(self) -> ssl.SSLContext:
        """Return whose certificates the identity provider may have. Raises InvalidError (``auth_trust_unreadable``)."""
        return trust_in(self.ca_file, "AUTH_CA_FILE", code="auth_trust_unreadable")


def _one_or_many(roles: object) -> object:
    """Return a list of roles, also for the plain text that some identity providers send, without what is no text."""
    if isinstance(roles, str):
        return [roles]
    return [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else roles


class _Subject(BaseModel):
    """The claim that names a person."""

    model_config = ConfigDict(strict=True, extra="ignore")

    sub: Annotated[str, Field(pattern=r"^[ -~]{1,255}$")]


class _Claims(_Subject):
    """The claims that name a person, an organisation and roles."""

    org: OrganisationId
    org_name: Line | None = None
    roles: Annotated[list[str], Field(max_length=1000), BeforeValidator(_one_or_many)]


class _Tokens:
    """Checks access tokens against the keys of one issuer, for one audience."""

    def __init__(
        self,
        settings: AuthSettings,
        *,
        keys: Keys | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.keys = keys or _keys_of(settings)
        self._times = jwt.JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
        )

    async def claims_of(self, token: str) -> dict[str, object]:
        """Return the claims of a token that holds. Raises UnauthenticatedError, or KeysUnavailableError."""
        claims = await self._verified(token)
        try:
            self._times.validate(claims)
        except ExpiredTokenError:
            raise UnauthenticatedError("token_expired", "The token has expired.") from None
        except JoseError as error:
            claim = getattr(error, "claim", None) or "iss, aud or exp"
            raise _invalid(f"The claim {claim} of the token is missing or wrong.") from None
        return claims

    async def _verified(self, token: str) -> dict[str, object]:
        """Return the claims of a token whose signature holds."""
        if len(token) > TOKEN_LENGTH:
            raise _invalid("The token is too long.")
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError):
            raise _invalid("The token is no signed JWT.") from None
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise _invalid("The token is signed with an algorithm that is not accepted.")
        if not isinstance(kid, str):
            raise _invalid("The token names no key.")
        if kid.startswith(EMBEDDED_KID_PREFIX) and self.settings.environment != EMBEDDED:
            raise _invalid("The token is signed by an embedded issuer.")
        keys = [key for key in await self.keys.find(kid) if _fits(key, algorithm)]
        if not keys:
            raise _invalid("The token is signed with an unknown key.")
        for key in keys:
            with contextlib.suppress(JoseError, ValueError):
                return jwt.decode(token, key, algorithms=[algorithm]).claims
        raise _invalid("The signature of the token does not hold.")


class SubjectAuthenticator(_Tokens):
    """Reads who somebody is from a token, and nothing of what they may do."""

    async def authenticate(self, token: str) -> Person:
        """Return the person. Raises UnauthenticatedError, or KeysUnavailableError."""
        return Person(person_ref(_read(_Subject, await self.claims_of(token)).sub))


class OidcAuthenticator(_Tokens):
    """Reads rights from the claims of a token too: for test environments, in which nobody is registered."""

    async def authenticate(self, token: str) -> Caller:
        """Return the caller. Raises UnauthenticatedError, or KeysUnavailableError."""
        found = _read(_Claims, await self.claims_of(token))
        known = {role.value: role for role in Role}
        roles = frozenset(known[name] for name in found.roles if name in known)
        return Caller(person_ref(found.sub), found.org, found.org_name or found.org, roles)


def authenticator_of(settings: AuthSettings) -> SubjectAuthenticator | OidcAuthenticator:
    """Return what reads tokens as the settings ask for."""
    return OidcAuthenticator(settings) if settings.rights_from is RightsFrom.CLAIMS else SubjectAuthenticator(settings)


def _read(model: type[C], claims: dict[str, object]) -> C:
    try:
        return model.model_validate(claims)
    except ValidationError as error:
        names = sorted({str(item["loc"][0]) for item in error.errors()})
        raise _invalid(f"These claims of the token are missing or malformed: {', '.join(names)}.") from None


def _fits(key: Key, algorithm: str) -> bool:
    """Return whether a key is meant for an algorithm: by its own word, its kind and its curve (RFC 7518, 3.1; RFC 9864)."""
    kind, curve = ALGORITHMS[algorithm]
    return key.get("alg") in (None, algorithm) and key.key_type == kind and key.get("crv") == curve


def _keys_of(settings: AuthSettings) -> Keys:
    if settings.jwks_url is not None:
        return UrlKeys(settings.jwks_url, trust=settings.trust())
    if settings.jwks_file is None:
        raise ValueError("set either AUTH_JWKS_URL or AUTH_JWKS_FILE")
    return FileKeys(settings.jwks_file)


def _invalid(detail: str) -> UnauthenticatedError:
    return UnauthenticatedError("token_invalid", detail)
