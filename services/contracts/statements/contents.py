"""Large JSON in the store: canonical bytes, compressed, in documents of a bounded size, named by their SHA-256."""

from __future__ import annotations

import base64
import zlib
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Final

from shared.errors import NotFoundError
from shared.messages.base import Value
from shared.store.port import Collection, Store

CONTENTS = Collection("statement_contents")
PART_BYTES: Final = 1024 * 1024
"""Compressed bytes of a part: what is read at once."""


class Content(Value):
    """Where a content lies: SHA-256 and number of its bytes, number of its parts."""

    sha256: str
    size: int
    parts: int


class Packed:
    """A content on its way into the store. Compressing takes a while: make it in a thread."""

    def __init__(self, content: bytes) -> None:
        packed = zlib.compress(content)
        self.pieces = [packed[start : start + PART_BYTES] for start in range(0, len(packed), PART_BYTES)]
        self.content = Content(sha256=sha256(content).hexdigest(), size=len(content), parts=len(self.pieces))


async def put(store: Store, packed: Packed) -> Content:
    """Store a content and return where it lies. What is there already stays."""
    for number, piece in enumerate(packed.pieces):
        document = {"_id": _part_id(packed.content, number), "data": base64.b64encode(piece).decode()}
        await store.insert_many(CONTENTS, [document])
    return packed.content


async def read(store: Store, content: Content) -> AsyncIterator[bytes]:
    """Yield the bytes of a content, part by part. Raises NotFoundError (``statement_content_lost``)."""
    unpacked = zlib.decompressobj()
    for number in range(content.parts):
        document = await store.get(CONTENTS, _part_id(content, number))
        if document is None:
            raise NotFoundError(f"Part {number} of {content.sha256} is lost.", code="statement_content_lost")
        if piece := unpacked.decompress(base64.b64decode(document["data"])):
            yield piece
    if rest := unpacked.flush():
        yield rest


async def whole(store: Store, content: Content) -> bytes:
    """Return the bytes of a content. Raises NotFoundError."""
    return b"".join([piece async for piece in read(store, content)])


def _part_id(content: Content, number: int) -> str:
    return f"{content.sha256}:{number:05d}"
