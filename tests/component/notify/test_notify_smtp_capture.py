"""The demo's mail server keeps each mail as a file."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib

from marktplatz.infrastructure.smtp_capture import CapturingSmtp


def mail(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@marktplatz.example", "b@kommune.example", subject
    message.set_content("Grüße aus Köln.\n.\n..zwei Punkte\n")
    return message


async def test_each_mail_becomes_one_file_that_holds_it_unchanged(tmp_path: Path) -> None:
    capture = CapturingSmtp(tmp_path / "mails")
    await capture.start()
    for number in range(3):
        await aiosmtplib.send(mail(f"Nummer {number}"), hostname=capture.host, port=capture.port)
    await capture.stop()
    assert capture.count == 3
    assert names(tmp_path / "mails") == ["00001.eml", "00002.eml", "00003.eml"]
    recorded = email.message_from_bytes(
        (tmp_path / "mails" / "00003.eml").read_bytes(), _class=EmailMessage, policy=email.policy.default
    )
    assert recorded["Subject"] == "Nummer 2"
    assert recorded.get_content().splitlines() == ["Grüße aus Köln.", ".", "..zwei Punkte"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_later_run_keeps_the_files_of_the_one_before(tmp_path: Path) -> None:
    for _ in range(2):
        capture = CapturingSmtp(tmp_path)
        await capture.start()
        await aiosmtplib.send(mail("x"), hostname=capture.host, port=capture.port)
        await capture.stop()
        assert capture.count == 1
    assert names(tmp_path) == ["00001.eml", "00002.eml"]


async def test_stopping_twice_is_stopping_once(tmp_path: Path) -> None:
    capture = CapturingSmtp(tmp_path)
    await capture.start()
    await capture.stop()
    await capture.stop()
