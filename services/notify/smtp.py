"""Sends mail by SMTP (RFC 5321) and reports of each whether it was accepted, may be tried again, or is refused for good."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiosmtplib
import structlog

from services.notify.mail import Mail
from services.notify.replies import Delayed, Outcome, Sent, of_connection, of_data, of_recipient, of_sender
from services.notify.settings import Settings
from shared import failpoints

log = structlog.get_logger()


class SmtpTransport:
    """A mail server, as the settings name it. The password file is read at each connection, so that it can be rotated."""

    def __init__(self, settings: Settings) -> None:
        if settings.smtp_host is None:
            raise ValueError("NOTIFY_SMTP_HOST names no mail server")
        self.host = settings.smtp_host
        self.settings = settings

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[SmtpConnection]:
        """Give a connection that opens with its first mail, takes many, and is closed at the end."""
        connection = SmtpConnection(self)
        try:
            yield connection
        finally:
            await connection.close()

    async def open(self) -> aiosmtplib.SMTP:
        """Connect, secure and log in. Raises SMTPException or OSError."""
        settings = self.settings
        username = settings.smtp_username or await _content(settings.smtp_username_file)
        password = await _content(settings.smtp_password_file)
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=settings.port,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            cert_bundle=None if settings.smtp_ca_file is None else str(settings.smtp_ca_file),
            username=username,
            password=password,
            timeout=settings.smtp_connect_timeout.total_seconds(),
        )
        await client.connect()
        return client


class SmtpConnection:
    """One connection, used by one task; it is opened again after it broke."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, mail: Mail) -> Outcome:
        """Send one mail to its recipient within the time-outs and return what came of it: a code only, replies may name people.

        ``smtp_timeout`` and ``smtp_disconnected`` may come after the server has accepted the mail.
        """
        try:
            client = await self._open()
        except (aiosmtplib.SMTPException, OSError) as error:
            return self._judged(error, Delayed("smtp_unreachable", unreachable=True))
        try:
            async with asyncio.timeout(self._transport.settings.smtp_send_timeout.total_seconds()):
                failpoints.passing("smtp.send", "before")
                await client.sendmail(mail.sender, [mail.recipient], mail.content)
                failpoints.passing("smtp.send", "after")
        except TimeoutError:
            self._drop()
            return Delayed("smtp_timeout")
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            return self._judged(error, Delayed("smtp_disconnected"))
        except (aiosmtplib.SMTPException, OSError):
            self._drop()
            return Delayed("smtp_disconnected")
        except asyncio.CancelledError:
            self._drop()
            raise
        return Sent()

    def _judged(self, error: Exception, without_reply: Delayed) -> Outcome:
        """Return what went wrong, and log it if it blames the installation: the code only, replies may name people."""
        outcome: Outcome = without_reply
        match error:
            case aiosmtplib.SMTPRecipientsRefused(recipients=[refused, *_]):
                outcome = of_recipient(refused.code, refused.message)
            case aiosmtplib.SMTPSenderRefused():
                outcome = of_sender(error.code, error.message)
            case aiosmtplib.SMTPDataError():
                outcome = of_data(error.code, error.message)
            case aiosmtplib.SMTPResponseException():
                outcome = of_connection(error.code)
        if isinstance(outcome, Delayed) and outcome.unreachable:
            log.warning("smtp_unreachable", host=self._transport.host, code=outcome.code, error=type(error).__name__)
        return outcome

    async def close(self) -> None:
        """End the session, if the connection stands."""
        if self._client is not None and self._client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit()
        self._drop()

    async def _open(self) -> aiosmtplib.SMTP:
        if self._client is None or not self._client.is_connected:
            self._client = await self._transport.open()
        return self._client

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


async def _content(file: Path | None) -> str | None:
    return None if file is None else (await asyncio.to_thread(file.read_text, encoding="utf-8")).strip()
