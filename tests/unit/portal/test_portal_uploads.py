"""Forms with a file are read as browsers send them, and bounded in every part."""

from __future__ import annotations

import pytest

from services.portal.pages.stored_files import download
from services.portal.uploads import PARTS, FormUnreadableError, parts_of

TYPE = "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW"
FILE = b"%PDF-1.7\r\n--\r\n\x00\xff"


def body(*parts: tuple[str, bytes]) -> bytes:
    """Return a body of parts, each with the rest of its Content-Disposition."""
    boundary = b"------WebKitFormBoundary7MA4YWxkTrZu0gW"
    written = [
        boundary + b"\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    ]
    return b"".join(written) + boundary + b"--\r\n"


def test_fields_and_file_are_read_byte_for_byte_and_the_name_of_the_file_is_not() -> None:
    sent = body(
        ('name="title"', "Gebühren\r\nzwei".encode()),
        ('name="tick"', b"a"),
        ('name="tick"', b"b"),
        ('name="file"; filename="../../x.pdf"\r\nContent-Type: text/html', FILE),
    )
    assert parts_of(TYPE, sent) == ({"title": ["Gebühren\r\nzwei"], "tick": ["a", "b"]}, {"file": FILE})


def test_a_field_in_which_no_file_was_chosen_brings_none() -> None:
    sent = body(('name="file"; filename=""\r\nContent-Type: application/octet-stream', b""), ('name="title"', b"x"))
    assert parts_of(TYPE, sent) == ({"title": ["x"]}, {})


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("multipart/form-data", body(('name="a"', b"b"))),
        (TYPE, b"no parts at all"),
        (TYPE, body(('filename="x"', b"b"))),
        (TYPE, body(*[(f'name="a{number}"', b"") for number in range(PARTS + 1)])),
        (TYPE, body(('name="file"; filename="x"\r\nContent-Transfer-Encoding: x-gzip', b"b"))),
    ],
    ids=["no boundary", "no parts", "no name", "too many", "encoded"],
)
def test_what_no_browser_sends_is_refused(kind: str, sent: bytes) -> None:
    with pytest.raises(FormUnreadableError) as refused:
        parts_of(kind, sent)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("Übersicht der Gebühren", "Uebersicht-der-Gebuehren.pdf"),
        ('"; filename=evil.html', "filename-evil-html.pdf"),
        ("../..\r\nSet-Cookie: a=b", "Set-Cookie-a-b.pdf"),
        ("…", "file.pdf"),
        ("a" * 200, "a" * 80 + ".pdf"),
    ],
)
def test_a_file_is_saved_by_a_plain_name_with_the_ending_of_what_it_holds(name: str, saved: str) -> None:
    headers = download(FILE, name).headers
    assert headers["content-disposition"] == f'attachment; filename="{saved}"'
    assert (headers["content-type"], headers["x-content-type-options"]) == ("application/pdf", "nosniff")
    assert download(b"<script>", name).headers["content-type"] == "application/octet-stream"
