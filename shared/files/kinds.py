"""Kinds of files that people bring, judged by what a file holds: neither its name nor what its sender says of it counts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from shared.errors import InvalidError

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
ODT: Final = "application/vnd.oasis.opendocument.text"

_BEGINNINGS: Final[Mapping[str, tuple[tuple[int, bytes], ...]]] = MappingProxyType(
    {
        PDF: ((0, b"%PDF-"),),
        PNG: ((0, b"\x89PNG\r\n\x1a\n"),),
        JPEG: ((0, b"\xff\xd8\xff"),),
        # A package whose first entry is the plain text of its media type (OpenDocument 1.3, part 2, section 3.3).
        ODT: ((0, b"PK\x03\x04"), (30, b"mimetype" + ODT.encode() + b"PK")),
    }
)
"""By media type: which bytes stand where."""
EVIDENCE_KINDS: Final = (PDF, PNG, JPEG)
"""Media types of documents that prove something."""
DOCUMENT_KINDS: Final = (PDF, PNG, JPEG, ODT)
"""Media types of documents that describe an offer. None of them is run by a browser."""
SAFE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)
"""With each file that somebody brought: it is saved, and nothing in it is run in the marketplace's name."""
ENDINGS: Final[Mapping[str, str]] = MappingProxyType({PDF: ".pdf", PNG: ".png", JPEG: ".jpg", ODT: ".odt"})


def kind_of(content: bytes) -> str | None:
    """Return the media type of a file by what it holds, None for a kind that is not taken anywhere."""
    return next((it for it, marks in _BEGINNINGS.items() if all(content.startswith(mark, at) for at, mark in marks)), None)


def require_kind(content: bytes, media_type: str) -> None:
    """Raise InvalidError (``content_type_differs``) unless a file is of the media type that its sender states."""
    if kind_of(content) != media_type:
        raise InvalidError(f"The file does not begin as one of type {media_type} does.", code="content_type_differs")


def saved_as(name: str, media_type: str) -> dict[str, str]:
    """Return the headers of a file that a browser saves under a name with the ending of its kind (RFC 6266).

    ``name`` holds letters, digits and hyphens only.
    """
    return {"Content-Disposition": f'attachment; filename="{name}{ENDINGS.get(media_type, "")}"', **SAFE_HEADERS}


def file_responses(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return what an OpenAPI document says of an answer that is a file of one of these kinds."""
    return {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in media_types}}}
