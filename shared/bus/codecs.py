"""Decompression with a limit: aiokafka unpacks a batch whatever size it has, so sixteen kilobytes could fill the memory.

``install`` puts the capped functions into the record modules of aiokafka, pure and compiled. A batch past the limit raises
OversizedBatchError before the memory is taken; the fetch guard (``shared.bus.consume.quarantine``) does the rest.
"""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable

import cramjam
from aiokafka.errors import KafkaError

from shared.bus.aiokafka_internals import replace_codecs

LIMIT = 8 * 1024 * 1024
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16
_GZIP_MEMBERS = 16  # writers make one; each further one costs a copy of the rest
_room = threading.local()


class OversizedBatchError(KafkaError):  # type: ignore[misc] # aiokafka is untyped
    """A batch unpacks to more than the limit, or the codec gave up at the limit."""


def gzip_capped(payload: bytes | memoryview) -> bytes:
    """Unpack gzip, all members. Raises OversizedBatchError past the limit, zlib.error on broken data."""
    rest, out = bytes(payload), b""
    for _ in range(_GZIP_MEMBERS):
        if not rest:
            return out
        member = zlib.decompressobj(wbits=31)
        out += member.decompress(rest, LIMIT - len(out) + 1)
        if len(out) > LIMIT:
            raise OversizedBatchError(f"a gzip batch unpacks to more than {LIMIT} bytes")
        if not member.eof:
            raise zlib.error("a gzip batch ends early")
        rest = member.unused_data
    raise OversizedBatchError(f"a gzip batch has more than {_GZIP_MEMBERS} members")


def snappy_capped(payload: bytes | memoryview) -> bytes:
    """Unpack snappy, raw or in xerial's blocks. Raises OversizedBatchError past the limit, the codec's error on broken data."""
    data = bytes(payload)
    if not data.startswith(_XERIAL):
        return _snappy_block(data, LIMIT)
    out, position = bytearray(), _XERIAL_HEADER
    while position < len(data):
        (size,) = struct.unpack_from(">i", data, position)
        if size < 0:
            raise ValueError("a snappy block has a negative size")
        out += _snappy_block(data[position + 4 : position + 4 + size], LIMIT - len(out))
        position += 4 + size
    return bytes(out)


def _snappy_block(block: bytes, room: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(block) > room:
        raise OversizedBatchError(f"a snappy batch unpacks to more than {LIMIT} bytes")
    return bytes(cramjam.snappy.decompress_raw(block))


def lz4_capped(payload: bytes | memoryview) -> bytes:
    """Unpack an lz4 frame into a fixed room. Raises OversizedBatchError past the limit and on broken data alike."""
    return _into_room("lz4", cramjam.lz4.decompress_into, payload)


def zstd_capped(payload: bytes | memoryview) -> bytes:
    """Unpack zstd into a fixed room. Raises OversizedBatchError past the limit and on broken data alike."""
    return _into_room("zstd", cramjam.zstd.decompress_into, payload)


def _into_room(name: str, unpack: Callable[[bytes, bytearray], int], payload: bytes | memoryview) -> bytes:
    room: bytearray | None = getattr(_room, "bytes", None)
    if room is None:
        room = _room.bytes = bytearray(LIMIT)
    try:
        size = unpack(bytes(payload), room)
    except cramjam.DecompressionError as error:
        raise OversizedBatchError(f"a {name} batch is broken or unpacks to more than {LIMIT} bytes") from error
    return bytes(memoryview(room)[:size])


_CAPPED: dict[str, Callable[[bytes | memoryview], bytes]] = {
    "gzip_decode": gzip_capped,
    "snappy_decode": snappy_capped,
    "lz4_decode": lz4_capped,
    "zstd_decode": zstd_capped,
}


def install() -> None:
    """Replace the decompression functions of aiokafka; safe to call again. Raises AttributeError if aiokafka has moved them."""
    replace_codecs(_CAPPED)
