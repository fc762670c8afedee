"""The e-mail message of a notification (RFC 5322, RFC 3834)."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.notify.domain.contact import Contact
from services.notify.domain.notification import Notification
from services.notify.texts import Texts, one_line

IDEMPOTENCY_HEADER = "X-Idempotency-Key"


class Composer:
    """Makes messages. A repeat has the same ``Message-ID`` and idempotency key as the first: a receiver can see it is one."""

    def __init__(self, texts: Texts, sender_name: str, sender_address: str) -> None:
        self.texts = texts
        self.sender = Address(one_line(sender_name), addr_spec=sender_address)

    def compose(self, notification: Notification, contact: Contact, organisation: str, at: datetime) -> EmailMessage:
        """Return the message to one contact person. Plain text, UTF-8, ASCII-only on the wire; ``at`` is its date."""
        text = self.texts.mail(notification, contact, organisation)
        domain = self.sender.domain
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = Address(one_line(contact.name), addr_spec=contact.email)
        message["Subject"] = text.subject
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{notification.id}@{domain}>"
        # Mails about one thing form one thread in the recipient's mailbox.
        message["References"] = f"<{notification.subject.kind}.{notification.subject.id}@{domain}>"
        message[IDEMPOTENCY_HEADER] = notification.id
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message["List-Id"] = f"<notifications.{domain}>"
        message["List-Unsubscribe"] = f"<{self.texts.settings_link}>"
        message.set_content(text.body, charset="utf-8", cte="quoted-printable")
        message["Content-Language"] = contact.language.value
        return message
