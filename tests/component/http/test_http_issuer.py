"""The embedded issuer serves the run on one machine, and no other environment."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.clock import now
from shared.http.auth import AuthSettings, Caller, OidcAuthenticator, UnauthenticatedError
from shared.http.issuer import EmbeddedIssuer
from shared.messages.values import Role

ISSUER, AUDIENCE, JWKS_URL = "https://idp.land.test/realms/efa", "efa-marktplatz", "https://idp.land.test/jwks"


async def test_tokens_of_the_embedded_issuer_are_accepted_by_the_embedded_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = EmbeddedIssuer(tmp_path / "issuer")
    for name, value in issuer.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MARKTPLATZ_ENVIRONMENT", raising=False)
    authenticator = OidcAuthenticator(AuthSettings())

    def token(by: EmbeddedIssuer, at: datetime) -> str:
        return by.sign_token(subject="anna", organisation="heide", organisation_name="Stadt Heide", roles=[Role.KUNDE], at=at)

    caller = await authenticator.authenticate(token(EmbeddedIssuer(tmp_path / "issuer"), now()))
    assert caller == Caller("anna", "heide", "Stadt Heide", frozenset({Role.KUNDE}))
    old = token(issuer, now() - timedelta(days=2))
    with pytest.raises(UnauthenticatedError, match="expired"):
        await authenticator.authenticate(old)


def test_the_embedded_key_is_for_its_owner_only(tmp_path: Path) -> None:
    issuer = EmbeddedIssuer(tmp_path / "issuer")
    assert (tmp_path / "issuer" / "key.json").stat().st_mode & 0o777 == 0o600
    assert "d" not in json.loads(issuer.jwks_file.read_bytes())["keys"][0]
    assert {file.name for file in (tmp_path / "issuer").iterdir()} == {"key.json", "jwks.json"}


@pytest.mark.parametrize("environment", ["production", "test", "staging", None])
def test_no_other_environment_starts_with_the_embedded_issuer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str | None
) -> None:
    for name, value in EmbeddedIssuer(tmp_path).environment().items():
        monkeypatch.setenv(name, value)
    if environment is None:
        monkeypatch.delenv("AUTH_ENVIRONMENT")
        monkeypatch.delenv("MARKTPLATZ_ENVIRONMENT", raising=False)
    else:
        monkeypatch.setenv("MARKTPLATZ_ENVIRONMENT", environment)
    with pytest.raises(ValidationError, match="embedded issuer"):
        AuthSettings()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"jwks_url": JWKS_URL, "jwks_file": "jwks.json"},
        {"jwks_url": "http://idp.land.test/jwks"},
        {"jwks_url": "file:///etc/passwd"},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        AuthSettings.model_validate({"issuer": ISSUER, "audience": AUDIENCE, "environment": "production", **settings})
