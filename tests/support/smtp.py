"""A mail server for tests: keeps what it gets, and refuses, delays or hangs when told to."""

from __future__ import annotations

import asyncio
import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from marktplatz.infrastructure.smtp_capture import SmtpListener

Step = Literal["EHLO", "MAIL", "RCPT", "DATA"]


@dataclass(frozen=True)
class Captured:
    """One mail as it came: the envelope and the parsed message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes

    @property
    def text(self) -> str:
        return str(self.message.get_content())


class CapturingServer:
    """Async context manager; listens on ``host`` and ``port`` while entered. ``mails`` holds what was accepted, in order."""

    def __init__(self, port: int = 0, **options: Any) -> None:
        self.mails: list[Captured] = []
        self.tries = 0
        self.attempts = 0
        self.hanging = asyncio.Event()
        self.released = asyncio.Event()
        self._answers: dict[Step, list[str]] = {"EHLO": [], "MAIL": [], "RCPT": [], "DATA": []}
        self._hang: Literal["before", "after"] | None = None
        self._listener = SmtpListener(self, port=port, **options)

    @property
    def host(self) -> str:
        return self._listener.host

    @property
    def port(self) -> int:
        return self._listener.port

    async def __aenter__(self) -> Self:
        await self._listener.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._listener.stop()

    def answer(self, reply: str, step: Step = "RCPT", times: int = 1) -> None:
        """Answer the next ``times`` commands of that step with ``reply``, e.g. ``451 4.3.0 later``."""
        self._answers[step] += [reply] * times

    def forget_answers(self) -> None:
        """Accept everything from now on."""
        for answers in self._answers.values():
            answers.clear()

    def hang(self, when: Literal["before", "after"] | None) -> None:
        """Leave DATA without an answer until ``released``, before or after keeping the mail; None ends that."""
        self._hang = when

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._listener.connections

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [self._answers["EHLO"].pop(0)] if self._answers["EHLO"] else responses

    async def handle_HELO(self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str) -> str:  # noqa: N802 - aiosmtpd's name
        session.host_name = hostname
        return self._answers["EHLO"].pop(0) if self._answers["EHLO"] else "250 localhost"

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tries += 1
        if self._answers["MAIL"]:
            return self._answers["MAIL"].pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.attempts += 1
        if self._answers["RCPT"]:
            return self._answers["RCPT"].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self._answers["DATA"]:
            return self._answers["DATA"].pop(0)
        if self._hang == "before":
            await self._wait()
        raw = envelope.original_content or b""
        message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
        self.mails.append(Captured(envelope.mail_from or "", tuple(envelope.rcpt_tos), message, raw))
        if self._hang == "after":
            await self._wait()
        return "250 2.0.0 ok"

    async def _wait(self) -> None:
        self.hanging.set()
        await self.released.wait()
