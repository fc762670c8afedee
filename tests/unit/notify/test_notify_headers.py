"""What somebody wrote stands in a mail header as text: no reader finds another header, address or line in it."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from email.header import decode_header
from email.message import EmailMessage
from email.utils import getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notify import mail as mail_module
from services.notify.domain.contact import Contact
from services.notify.headers import UnsafeHeaderError, mailbox, phrase, plain, section, unstructured, verify
from services.notify.mail import Composer, Mail
from shared.messages import ordering
from tests.support.builders.events import AT, head
from tests.unit.notify.test_notify_texts import HEADERS, notification, texts

ADDRESS = "erika@kommune.example"
SENDER = "no-reply@marktplatz.example"
SMUGGLED = [
    "=?utf-8?q?Erika=0D=0ABcc=3A_dritte=40anderswo.example?=",
    "=?utf-8?q?x=0D=0A=0D=0AFrueh?= =?utf-8?b?DQpCY2M6IGFAYi5leGFtcGxl?=",
    "==?utf-8?q?=0D=0ABcc=3A_a=40b.example?=?=",
    "=?us-ascii?q?a=2C_b=40anderswo=2Eexample=2C?=",
    "Mustermann, Erika, Amt fuer Buergerdienste und Ordnung, Sachgebiet Fuehrerscheinwesen",
    'Erika "die" <erika@anderswo.example>, Max\\',
    "Erika \\",
    "a(b)c: d@e.example; f",
    "ü" * 120,
    "Erika Mustermann " * 11,
    "@",
    '"',
    "a" * 200,
    "Erika\r\nBcc: x@y.example",
    "\ud800Erika",
    "🐦" * 60,
]
WRITTEN = st.one_of(
    st.sampled_from(SMUGGLED),
    st.text(max_size=220),
    st.text(st.sampled_from('ab=?qBu8-_,;:<>@"\\() .\r\n\t\x00äß🐦\u2028\u202e'), min_size=1, max_size=220),
    st.lists(st.sampled_from([*SMUGGLED, "=?", "?=", "utf-8", "?q?", "=0D=0A", " ", ","]), max_size=8).map("".join),
)


def composed(name: str, title: str, sender: str = "EfA-Marktplatz") -> Mail:
    live = ordering.WentLive(order=head(), at=AT)
    noted = notification(live, "went-live")
    parameters = noted.parameters.model_copy(update={"offering_title": title, "order_number": title, "provider": title})
    noted = noted.model_copy(update={"parameters": parameters})
    contact = Contact.model_construct(**{**dict(CONTACT), "name": name})
    return Composer(texts, sender, SENDER).compose(noted, contact, title, AT)


CONTACT = Contact(person="erika", name="Erika", email=ADDRESS, changed_at=AT)


def lines_of(content: bytes) -> list[tuple[str, str]]:
    """Read the header section by hand, as RFC 5322 writes it: nothing but CRLF ends a line."""
    top = content.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ")
    return [(name, value) for name, _, value in (line.partition(": ") for line in top.split("\r\n"))]


def spoken(value: str) -> str:
    """Decode base64 words by hand; white space between two of them is none."""
    joined = re.sub(r"(?<=\?=) +(?==\?)", "", value)
    return re.sub(r"(=\?utf-8\?b\?[A-Za-z0-9+/=]+\?=)+", lambda words: _octets(words[0]).decode(), joined)


def _octets(words: str) -> bytes:
    return b"".join(base64.b64decode(word) for word in re.findall(r"=\?utf-8\?b\?([A-Za-z0-9+/=]+)\?=", words))


@given(name=WRITTEN, title=WRITTEN, sender=WRITTEN)
@example(name=SMUGGLED[0], title=SMUGGLED[1], sender=SMUGGLED[4])
def test_a_mail_has_its_own_headers_one_recipient_and_one_sender_whatever_was_written(name: str, title: str, sender: str) -> None:
    content = composed(name, title, sender).content
    headers = lines_of(content)
    assert sorted(header.lower() for header, _ in headers) == sorted(HEADERS)
    values = dict(headers)
    for header, said, address in (("To", name, ADDRESS), ("From", sender, SENDER)):
        assert re.fullmatch(rf"([^<>,;:@()\"\\]+ )?<{re.escape(address)}>", values[header]), values[header]
        assert spoken(values[header].rpartition("<")[0].strip()) == plain(said)
    assert title == "" or plain(title)[:20] in spoken(values["Subject"])
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 78
    content.decode("ascii")


@given(name=WRITTEN, title=WRITTEN)
def test_the_library_of_this_interpreter_reads_the_same(name: str, title: str) -> None:
    raw = composed(name, title).content
    message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    assert {header.lower() for header in message.keys()} == HEADERS  # noqa: SIM118 - a message's keys may repeat
    assert [address.addr_spec for address in message["To"].addresses] == [ADDRESS]
    ((read, address),) = getaddresses([re.sub(r"\r?\n", "", email.message_from_bytes(raw)["To"])])
    assert address == ADDRESS
    decoded = "".join(part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in decode_header(read))
    assert decoded == plain(name)


@given(name=WRITTEN)
def test_nothing_that_is_decoded_looks_encoded_once_more(name: str) -> None:
    assert "=?" not in spoken(phrase(name))
    assert "=?" not in spoken(unstructured(name).replace("\r\n ", " "))


@given(names=st.lists(WRITTEN, max_size=5))
def test_each_encoded_word_can_be_decoded_on_its_own_and_fits_on_its_line(names: list[str]) -> None:
    for name in names:
        value = mailbox(name, ADDRESS)
        assert max(len(line) for line in f"From: {value}".split("\r\n")) <= 76
        for word in re.findall(r"=\?utf-8\?b\?([^?]+)\?=", value):
            base64.b64decode(word, validate=True).decode()


@pytest.mark.parametrize("name", ["Erika Mustermann", "O'Brien", "Poststelle-Husum"])
def test_plain_names_stay_readable(name: str) -> None:
    assert mailbox(name, ADDRESS) == f"{name} <{ADDRESS}>"


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.example", "a\n b", "ü", "a\r\n\r\n b", "a\x00"])
def test_a_value_that_would_leave_its_line_is_refused(value: str) -> None:
    with pytest.raises(UnsafeHeaderError):
        section([("Subject", value)])


GOOD = b"To: Erika <erika@kommune.example>\r\nSubject: x\r\n\r\ny\r\n"


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace(b"\r\n\r\n", b"\r\nBcc: a@b.example\r\n\r\n"),
        GOOD.replace(b"Subject", b"To: Max <max@b.example>\r\nSubject"),
        GOOD.replace(b"Subject", b"\r\nSubject"),
        GOOD.replace(b"Erika <", b"Muster, Erika <"),
        GOOD.replace(b"Erika <", b"Max <"),
        GOOD.replace(b"erika@kommune", b"erika@anderswo"),
        GOOD.replace(b": x", b": z"),
        GOOD.replace(b": x", b": =?utf-8?b?gA==?="),
    ],
)
def test_a_message_that_does_not_read_as_it_was_meant_is_refused(content: bytes) -> None:
    expected = (["To", "Subject"], {"To": ("Erika", ADDRESS)}, {"Subject": "x"})
    verify(GOOD, *expected)
    with pytest.raises(UnsafeHeaderError):
        verify(content, *expected)


def test_every_mail_is_read_back_before_it_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "mailbox", lambda name, address: f"{name} <{address}>")
    with pytest.raises(UnsafeHeaderError):
        composed("Mustermann, Erika", "Wohngeld")
