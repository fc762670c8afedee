"""The identity provider's certificate may be of an authority of its own: APIs and portal trust that one where it is named."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from services.portal.provider import Client, Provider, ProviderUnavailableError
from services.portal.sessions import Pending
from shared.clock import now
from shared.errors import InvalidError
from shared.http.keys import Keys, KeysUnavailableError
from shared.http.oidc import AuthSettings, authenticator_of
from tests.support.certificates import certificate

KID = "of-the-data-centre"
PENDING = Pending("state", "nonce", "verifier", "/")


class IdentityProvider:
    """What an identity provider states of itself, and its keys, over TLS."""

    def __init__(self, port: int) -> None:
        self.issuer = f"https://127.0.0.1:{port}/realms/marktplatz"
        addresses = {
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/certs",
        }
        key = ECKey.generate_key("P-256").as_dict(private=False)
        self.documents = {
            "/realms/marktplatz/.well-known/openid-configuration": {"issuer": self.issuer, **addresses},
            "/realms/marktplatz/certs": {"keys": [{**key, "kid": KID, "use": "sig"}]},
        }

    def settings(self, ca_file: Path | None) -> AuthSettings:
        return AuthSettings(issuer=self.issuer, audience="efa-marktplatz", jwks_url=f"{self.issuer}/certs", ca_file=ca_file)

    def portal(self, ca_file: Path | None) -> Provider:
        settings = self.settings(ca_file)
        client = Client(self.issuer, "portal", None, "https://portal.test/login/callback", "https://portal.test/", "openid")
        return Provider(client, authenticator_of(settings), now, trust=settings.trust())


def keys_of(settings: AuthSettings) -> Keys:
    return authenticator_of(settings).keys


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    return certificate(tmp_path, "own")


@pytest.fixture
async def identity_provider(authority: Path) -> AsyncIterator[IdentityProvider]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    served: dict[str, object] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
        body = json.dumps(served[path]).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls) as server:
        found = IdentityProvider(server.sockets[0].getsockname()[1])
        served |= found.documents
        yield found


async def test_an_authority_that_is_named_is_trusted_for_keys_and_log_ins(
    identity_provider: IdentityProvider, authority: Path
) -> None:
    assert len(await keys_of(identity_provider.settings(authority)).find(KID)) == 1
    portal = identity_provider.portal(authority)
    assert (await portal.address(PENDING, "de")).startswith(f"{identity_provider.issuer}/auth?")
    await portal.close()


@pytest.mark.parametrize("named", [False, True], ids=["none_named", "another_named"])
async def test_a_certificate_of_another_authority_is_not(
    identity_provider: IdentityProvider, tmp_path: Path, *, named: bool
) -> None:
    other = certificate(tmp_path, "foreign") if named else None
    with pytest.raises(KeysUnavailableError):
        await keys_of(identity_provider.settings(other)).find(KID)
    portal = identity_provider.portal(other)
    with pytest.raises(ProviderUnavailableError, match="ConnectError"):
        await portal.address(PENDING, "de")
    await portal.close()


def test_a_file_that_holds_no_certificate_ends_the_start(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_text("the authority of your identity provider", encoding="ascii")
    settings = IdentityProvider(443).settings(file)
    with pytest.raises(InvalidError, match="AUTH_CA_FILE") as refused:
        authenticator_of(settings)
    assert refused.value.code == "auth_trust_unreadable"
