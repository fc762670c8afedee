"""Damages stored batches as a disk or a malicious writer would: the broker hands them out as they are."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import cramjam
from aiokafka.record.util import calc_crc32c

_HEADER = 61
_ATTRIBUTES = 21
_CRC = 17


def batches(segment: bytes) -> list[bytearray]:
    """Return the batches of a log segment."""
    found: list[bytearray] = []
    position = 0
    while position + 12 <= len(segment):
        (length,) = struct.unpack_from(">i", segment, position + 8)
        if length <= 0:
            break
        found.append(bytearray(segment[position : position + 12 + length]))
        position += 12 + length
    return found


def damage(log_dir: Path, topic: str, changes: Mapping[int, Callable[[bytearray], bytearray]]) -> dict[int, bytes]:
    """Rewrite the segment of partition 0: change the batches at these base offsets. Returns their bytes as they lie there now."""
    (segment,) = (log_dir / f"{topic}-0").glob("*.log")
    stored = batches(segment.read_bytes())
    result: dict[int, bytes] = {}
    for number, batch in enumerate(stored):
        (base,) = struct.unpack_from(">q", batch)
        if base in changes:
            stored[number] = changes[base](batch)
            result[base] = bytes(stored[number])
    segment.write_bytes(b"".join(bytes(batch) for batch in stored))
    segment.with_suffix(".index").write_bytes(b"")  # its positions no longer hold; an empty one is valid
    return result


def bad_crc(batch: bytearray) -> bytearray:
    batch[_CRC] ^= 0xFF
    return batch


def unknown_codec(batch: bytearray) -> bytearray:
    batch[_ATTRIBUTES + 1] = (batch[_ATTRIBUTES + 1] & ~0x07) | 0x06
    return _sealed(batch)


def truncated(batch: bytearray) -> bytearray:
    """Cut the compressed records short, so that header and checksum are right and the codec finds no end."""
    return _sealed(batch[: _HEADER + (len(batch) - _HEADER) // 2])


def bomb(codec: int, size: int) -> Callable[[bytearray], bytearray]:
    """Return a change that puts ``size`` bytes of zeros, packed by a codec of Kafka, in place of the records."""

    def change(batch: bytearray) -> bytearray:
        batch[_ATTRIBUTES + 1] = (batch[_ATTRIBUTES + 1] & ~0x07) | codec
        return _sealed(batch[:_HEADER] + bytearray(pack(codec, size)))

    return change


def pack(codec: int, size: int) -> bytes:
    zeros = bytes(size)
    packers: dict[int, Callable[[], object]] = {
        1: lambda: cramjam.gzip.compress(zeros),
        2: lambda: cramjam.snappy.compress_raw(zeros),
        3: lambda: cramjam.lz4.compress(zeros),
        4: lambda: cramjam.zstd.compress(zeros),
    }
    return bytes(packers[codec]())  # type: ignore[call-overload, no-any-return]


def _sealed(batch: bytearray) -> bytearray:
    struct.pack_into(">i", batch, 8, len(batch) - 12)
    struct.pack_into(">I", batch, _CRC, calc_crc32c(bytes(batch[_ATTRIBUTES:])))
    return batch
