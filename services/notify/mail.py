"""The e-mail message of a notification (RFC 5322, RFC 3834)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.notify.domain.contact import Contact, Language
from services.notify.domain.notification import Invited, Notification
from services.notify.headers import LINE, mailbox, section, unstructured, verify
from services.notify.texts import Text, Texts
from shared.invitation_keys import InvitationKey

IDEMPOTENCY_HEADER = "X-Idempotency-Key"
_BODY_HEADERS = ("Content-Type", "Content-Transfer-Encoding", "MIME-Version")
_BODY = SMTP.clone(max_line_length=LINE)


@dataclass(frozen=True, slots=True)
class Mail:
    """A message ready to be sent: the envelope's one sender and one recipient, and the octets, ASCII only."""

    sender: str
    recipient: str
    content: bytes

    def __bytes__(self) -> bytes:
        """Return the octets."""
        return self.content


@dataclass(frozen=True, slots=True)
class _Reader:
    """Whom a message goes to; ``name`` may be empty."""

    name: str
    address: str
    language: Language


class Composer:
    """Makes messages. A repeat has the same ``Message-ID`` and idempotency key as the first: a receiver can see it is one."""

    def __init__(self, texts: Texts, sender_name: str, sender_address: str) -> None:
        self.texts = texts
        self.sender_name = sender_name
        self.sender_address = sender_address

    def compose(self, notification: Notification, contact: Contact, organisation: str, at: datetime) -> Mail:
        """Return the message to one contact person. Plain text, UTF-8, ASCII-only on the wire; ``at`` is its date.

        Raises UnsafeHeaderError if it would not be read as it was meant.
        """
        text = self.texts.mail(notification, contact, organisation)
        link = self.texts.settings_link
        unsubscribe = () if link is None else (("List-Unsubscribe", f"<{link}>"),)
        return self._message(notification, _Reader(contact.name, contact.email, contact.language), text, at, *unsubscribe)

    def compose_invitation(self, notification: Notification, invited: Invited, key: InvitationKey, at: datetime) -> Mail:
        """Return the message to somebody invited, who is no contact yet. Raises as ``compose``, ValueError for a wrong key."""
        text = self.texts.invitation(notification, invited, key.secret_of(invited.invitation_id))
        return self._message(notification, _Reader("", key.unseal(invited.address), invited.language), text, at)

    def _message(self, notification: Notification, reader: _Reader, text: Text, at: datetime, *more: tuple[str, str]) -> Mail:
        domain = self.sender_address.rpartition("@")[2]
        headers = [
            ("From", mailbox(self.sender_name, self.sender_address)),
            ("To", mailbox(reader.name, reader.address)),
            ("Subject", unstructured(text.subject)),
            ("Date", format_datetime(at)),
            ("Message-ID", f"<{notification.id}@{domain}>"),
            # Mails about one thing form one thread in the recipient's mailbox.
            ("References", f"<{notification.subject.kind}.{notification.subject.id}@{domain}>"),
            (IDEMPOTENCY_HEADER, notification.id),
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            ("List-Id", f"<notifications.{domain}>"),
            *more,
            ("Content-Language", reader.language.value),
        ]
        content = section(headers) + _body(text.body)
        verify(
            content,
            [*(name for name, _ in headers), *_BODY_HEADERS],
            {"From": (self.sender_name, self.sender_address), "To": (reader.name, reader.address)},
            {"Subject": text.subject},
        )
        return Mail(self.sender_address, reader.address, content)


def _body(text: str) -> bytes:
    """Return the text with the headers that describe it; these hold nothing that somebody wrote."""
    body = EmailMessage(policy=_BODY)
    sendable = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no reason to keep the news
    body.set_content(sendable, charset="utf-8", cte="quoted-printable")
    return bytes(body)
