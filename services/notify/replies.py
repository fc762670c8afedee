"""What a mail server's reply means: whose fault it is, and whether the mail may be tried again (RFC 5321, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """The server has accepted the mail."""


@dataclass(frozen=True, slots=True)
class Delayed:
    """Not now. ``unreachable``: the server is away or takes nothing from this installation; that says nothing about this mail."""

    code: str
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: the server refuses this mail for good."""

    code: str


Outcome = Sent | Delayed | Refused

_PERMANENT = 500
_CLOSING = 421
_STORAGE = 552
_OF_THE_DIALOGUE = frozenset({500, 502, 503, 504, 523, 524, 525, 530, 534, 535, 538, 555})
"""Commands, their order and parameters, log-in and encryption (RFC 5321, RFC 4954, RFC 5248): never about one mail."""

_SENDER = frozenset(
    {"1.7", "1.8", *(f"7.{number}" for number in (8, 9, 10, 11, 12, 13, 14, *range(20, 29)))}
)  # its address, log-in, encryption, DKIM, SPF, reverse DNS, volume (IANA, SMTP Enhanced Status Codes)
_NOT_AUTHORISED = frozenset({"7.0", "7.1"})
_SIZE = "3.4"
_DETAIL = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})\b")
_NO_RELAY = re.compile(r"\brelay|authenticat", re.IGNORECASE)


def of_connection(code: int) -> Outcome:
    """Return what a reply to the greeting, EHLO, STARTTLS or AUTH means: the mail waits, and so do all others."""
    return _of_installation(code)


def of_sender(code: int, text: str) -> Outcome:
    """Return what a reply to MAIL means: it speaks of the installation, unless the size announced there is too large."""
    if code == _STORAGE or _detail(text) == _SIZE:
        return Delayed(f"smtp_{code}")
    return _of_installation(code)


def of_recipient(code: int, text: str) -> Outcome:
    """Return what a reply to RCPT means. 5xx is final, but 552 stands for 452 (RFC 5321, section 4.5.3.1.10).

    A server that does not take mails of this sender at all may say so here only ("relay access denied", 5.7.1).
    """
    detail = _detail(text)
    denied = detail in _NOT_AUTHORISED or (not detail and _NO_RELAY.search(text))
    if code >= _PERMANENT and denied:
        return _of_installation(code)
    return Delayed(f"smtp_{code}") if code == _STORAGE else _by_class(code, detail)


def of_data(code: int, text: str) -> Outcome:
    """Return what a reply to DATA or to the mail itself means: by its class."""
    return _by_class(code, _detail(text))


def _by_class(code: int, detail: str) -> Outcome:
    if code == _CLOSING or code in _OF_THE_DIALOGUE or (code >= _PERMANENT and detail in _SENDER):
        return _of_installation(code)
    return Refused(f"smtp_{code}") if code >= _PERMANENT else Delayed(f"smtp_{code}")


def _of_installation(code: int) -> Delayed:
    return Delayed(f"smtp_{code}", unreachable=True)


def _detail(text: str) -> str:
    """Return subject and detail of an enhanced status code, empty if the reply has none."""
    found = _DETAIL.match(text)
    return found[1] if found else ""
