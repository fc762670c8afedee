"""A file is what it holds: neither its name nor the word of its sender decides."""

from __future__ import annotations

import io
import zipfile

import pytest

from shared.errors import InvalidError
from shared.files.kinds import DOCUMENT_KINDS, ENDINGS, EVIDENCE_KINDS, JPEG, ODT, PDF, PNG, kind_of, require_kind, saved_as


def package(media_type: str, *, compressed: bool = False) -> bytes:
    """A package as office programs write it: first its media type."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        file.writestr("mimetype", media_type, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
        file.writestr("content.xml", "<office/>")
    return written.getvalue()


FILES = {PDF: b"%PDF-1.7\n", PNG: b"\x89PNG\r\n\x1a\n\0", JPEG: b"\xff\xd8\xff\xe0", ODT: package(ODT)}


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_each_kind_is_known_by_how_it_begins(kind: str) -> None:
    assert kind_of(FILES[kind]) == kind
    require_kind(FILES[kind], kind)
    for other in set(DOCUMENT_KINDS) - {kind}:
        with pytest.raises(InvalidError) as refused:
            require_kind(FILES[kind], other)
        assert refused.value.code == "content_type_differs"


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"%PDF", b"MZ\x90\0", b"<!doctype html><script>alert(1)</script>", b"<svg onload='alert(1)'/>", b" %PDF-1.7"),
        package("application/vnd.oasis.opendocument.text-template"),
        package(ODT, compressed=True),
        package("application/epub+zip"),
    ],
)
def test_anything_else_is_of_no_kind_that_is_taken(content: bytes) -> None:
    assert kind_of(content) is None


def test_files_are_saved_and_never_shown_or_run() -> None:
    headers = saved_as("abc", PDF)
    assert headers["Content-Disposition"] == 'attachment; filename="abc.pdf"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert ENDINGS.keys() == set(DOCUMENT_KINDS) >= set(EVIDENCE_KINDS)
