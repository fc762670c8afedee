"""Mail to another machine travels encrypted to a server that proves who it is, and after a log-in if one is set."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiosmtpd.smtp import AuthResult, LoginPassword

from services.notify.mail import Mail
from services.notify.replies import Delayed, Outcome, Sent
from services.notify.settings import Settings
from services.notify.smtp import SmtpTransport
from tests.support.certificates import certificate
from tests.support.smtp import CapturingServer

PASSWORD = "correct horse"
PATIENCE = timedelta(seconds=60)


def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
    return AuthResult(success=given == LoginPassword(b"notify", PASSWORD.encode()), handled=False)


@pytest.fixture
def own_ca(tmp_path: Path) -> Path:
    return certificate(tmp_path, "own")


@pytest_asyncio.fixture
async def secure(own_ca: Path) -> AsyncIterator[CapturingServer]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own_ca)
    async with CapturingServer(tls_context=tls, require_starttls=True, auth_required=True, authenticator=check) as server:
        yield server


async def outcome(server: CapturingServer, tmp_path: Path, ca: Path, password: str = PASSWORD, **changes: Any) -> Outcome:
    secret = tmp_path / "password"
    secret.write_text(password + "\n", encoding="utf-8")
    values: dict[str, Any] = {
        "smtp_host": server.host,
        "smtp_port": server.port,
        "smtp_security": "starttls",
        "smtp_username": "notify",
        "smtp_password_file": secret,
        "smtp_ca_file": ca,
        "smtp_connect_timeout": PATIENCE,
        "smtp_send_timeout": PATIENCE,
        **changes,
    }
    mail = Mail("a@marktplatz.example", "b@kommune.example", b"Subject: x\r\n\r\nx\r\n")
    async with SmtpTransport(Settings(**values)).connection() as connection:
        return await connection.send(mail)


async def test_a_mail_goes_over_tls_after_log_in(secure: CapturingServer, tmp_path: Path, own_ca: Path) -> None:
    assert await outcome(secure, tmp_path, own_ca) == Sent()
    assert len(secure.mails) == 1


async def test_the_user_of_the_log_in_may_stand_in_a_file(secure: CapturingServer, tmp_path: Path, own_ca: Path) -> None:
    user = tmp_path / "username"
    user.write_text("notify\n", encoding="utf-8")
    assert await outcome(secure, tmp_path, own_ca, smtp_username=None, smtp_username_file=user) == Sent()
    user.write_text("somebody\n", encoding="utf-8")
    assert await outcome(secure, tmp_path, own_ca, smtp_username=None, smtp_username_file=user) == Delayed(
        "smtp_535", unreachable=True
    )


async def test_a_server_that_cannot_prove_who_it_is_gets_no_mail(secure: CapturingServer, tmp_path: Path) -> None:
    foreign = certificate(tmp_path, "foreign")
    assert await outcome(secure, tmp_path, foreign) == Delayed("smtp_unreachable", unreachable=True)
    assert secure.mails == []


async def test_a_refused_log_in_is_no_fault_of_the_mail(secure: CapturingServer, tmp_path: Path, own_ca: Path) -> None:
    assert await outcome(secure, tmp_path, own_ca, password="wrong") == Delayed("smtp_535", unreachable=True)
    assert secure.mails == []


async def test_a_server_without_encryption_gets_no_mail_when_encryption_is_set(tmp_path: Path, own_ca: Path) -> None:
    async with CapturingServer() as open_server:
        assert isinstance(await outcome(open_server, tmp_path, own_ca), Delayed)
        assert open_server.mails == []


async def test_a_password_file_that_is_gone_delays_and_loses_nothing(
    secure: CapturingServer, tmp_path: Path, own_ca: Path
) -> None:
    gone = await outcome(secure, tmp_path, own_ca, smtp_password_file=tmp_path / "gone")
    assert gone == Delayed("smtp_unreachable", unreachable=True)


async def test_a_changed_password_file_counts_from_the_next_connection(
    secure: CapturingServer, tmp_path: Path, own_ca: Path
) -> None:
    assert isinstance(await outcome(secure, tmp_path, own_ca, password="old"), Delayed)
    assert await outcome(secure, tmp_path, own_ca, password=PASSWORD) == Sent()
