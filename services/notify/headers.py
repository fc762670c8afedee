"""Text as mail headers (RFC 5322, RFC 2047), so that no reader takes it for syntax, and the proof that this has worked.

Nothing here asks the interpreter to fold or to encode: its versions differ in what they quote, and some decode what they get.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import getaddresses

from services.notify.texts import one_line

LINE = 76
_WORD = 39  # octets: 64 characters as an encoded word, so that it fits on a line behind any name of a header used here
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_PRINTABLE = re.compile(r"[ -~]*", re.ASCII)
_FOLD = "\r\n "


class UnsafeHeaderError(ValueError):
    """A built message does not say what it was built from: it must not be sent."""


def plain(text: str) -> str:
    """Return the text as one line in which nothing looks like an encoded word, however often somebody decodes it."""
    return one_line(text).replace("=?", "= ?")


def phrase(name: str) -> str:
    """Return a person's or sender's name for an address header: plain atoms as they are, anything else encoded whole."""
    text = plain(name)
    return text if len(text) <= _WORD and _ATOMS.fullmatch(text) else _encoded(text)


def unstructured(text: str) -> str:
    """Return the text for a header without syntax, such as ``Subject``."""
    line = plain(text)
    return line if len(line) <= LINE - len("Subject: ") and _PRINTABLE.fullmatch(line) else _encoded(line)


def mailbox(name: str, address: str) -> str:
    """Return the value of an address header with one address."""
    words = phrase(name)
    if not words:
        return f"<{address}>"
    fits = len(f"From: {words} <{address}>") <= LINE and _FOLD not in words
    return f"{words}{' ' if fits else _FOLD}<{address}>"


def section(headers: Sequence[tuple[str, str]]) -> bytes:
    """Return headers as they stand in a message. Raises UnsafeHeaderError for a value that would break out of its line."""
    for name, value in headers:
        if not _PRINTABLE.fullmatch(value.replace(_FOLD, " ")):
            raise UnsafeHeaderError(f"{name} holds something else than printable ASCII")
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii")


def verify(content: bytes, names: Sequence[str], mailboxes: Mapping[str, tuple[str, str]], lines: Mapping[str, str]) -> None:
    """Read a message as a receiver does and compare: these headers once each, one address with this name, these texts.

    ``mailboxes``: header to name and address. Raises UnsafeHeaderError.
    """
    message = message_from_bytes(content, policy=policy.compat32)
    if sorted(name.lower() for name in message.keys()) != sorted(name.lower() for name in names):  # noqa: SIM118 - names may repeat
        raise UnsafeHeaderError("the message has other headers than it was given")
    for header, (name, address) in mailboxes.items():
        found = getaddresses([_unfolded(message[header])])
        if [read for _, read in found] != [address] or _decoded(found[0][0]) != plain(name):
            raise UnsafeHeaderError(f"{header} does not hold the one address and name that it was given")
    for header, text in lines.items():
        if _decoded(_unfolded(message[header])) != plain(text):
            raise UnsafeHeaderError(f"{header} does not say what it was given")


def _encoded(text: str) -> str:
    return _FOLD.join(f"=?utf-8?b?{base64.b64encode(part).decode('ascii')}?=" for part in _parts(text))


def _parts(text: str) -> Iterator[bytes]:
    """Cut between characters: each encoded word must be decodable on its own (RFC 2047, section 5)."""
    part = b""
    for sign in text:
        octets = sign.encode()
        if len(part) + len(octets) > _WORD:
            yield part
            part = b""
        part += octets
    if part:
        yield part


def _unfolded(value: object) -> str:
    return re.sub(r"\r?\n(?=[ \t])", "", str(value))


def _decoded(value: str) -> str:
    try:
        return "".join(
            part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in decode_header(value)
        )
    except (HeaderParseError, LookupError, UnicodeError) as error:
        raise UnsafeHeaderError("a header cannot be decoded") from error
