"""No batch is unpacked past the cap, in any codec, in either of aiokafka's record modules."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable

import cramjam
import pytest
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bus import codecs
from shared.bus.codecs import LIMIT, OversizedBatchError, gzip_capped, lz4_capped, snappy_capped, zstd_capped

Codec = tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]
CODECS: dict[str, Codec] = {
    "gzip": (gzip_encode, gzip_capped),
    "snappy": (snappy_encode, snappy_capped),
    "snappy raw": (lambda data: bytes(cramjam.snappy.compress_raw(data)), snappy_capped),
    "lz4": (lz4_encode, lz4_capped),
    "zstd": (zstd_encode, zstd_capped),
}
every_codec = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())


@every_codec
def test_the_cap_itself_is_unpacked_and_one_byte_more_is_refused(codec: Codec) -> None:
    pack, unpack = codec
    assert unpack(pack(bytes(LIMIT))) == bytes(LIMIT)
    with pytest.raises(OversizedBatchError):
        unpack(pack(bytes(LIMIT + 1)))


@every_codec
@given(data=st.binary(max_size=5000))
@settings(max_examples=30)
def test_what_was_packed_comes_out_again(codec: Codec, data: bytes) -> None:
    pack, unpack = codec
    assert unpack(pack(data)) == data
    assert unpack(memoryview(pack(data))) == data  # type: ignore[arg-type] # aiokafka's pure module gives views


@every_codec
@given(data=st.binary(min_size=1, max_size=300))
@settings(max_examples=50)
def test_broken_data_never_gives_more_than_the_cap(codec: Codec, data: bytes) -> None:
    _, unpack = codec
    assert len(_unpacked(unpack, data)) <= LIMIT


def _unpacked(unpack: Callable[[bytes], bytes], data: bytes) -> bytes:
    try:
        return unpack(data)
    except Exception:  # noqa: BLE001 - the guard catches the same, whatever it is
        return b""


def test_gzip_that_ends_early_or_never_ends_is_refused() -> None:
    packed = gzip_encode(b"x" * 1000)
    with pytest.raises(zlib.error):
        gzip_capped(packed[:-9])
    assert gzip_capped(packed + packed) == b"x" * 2000
    with pytest.raises(OversizedBatchError):
        gzip_capped(gzip_encode(b"") * 17)


@pytest.mark.parametrize("module", ["aiokafka.record.default_records", "aiokafka.record._crecords.default_records"])
def test_the_record_modules_use_the_capped_functions(module: str) -> None:
    codecs.install()
    loaded = importlib.import_module(module)
    for name, function in codecs._CAPPED.items():
        assert getattr(loaded, name) is function
    batch_type = loaded.DefaultRecordBatch
    for number, (pack, _) in ((1, CODECS["gzip"]), (2, CODECS["snappy"]), (3, CODECS["lz4"]), (4, CODECS["zstd"])):
        header = bytearray(61)
        header[16], header[22], header[60] = 2, number, 1
        with pytest.raises(OversizedBatchError):
            next(iter(batch_type(bytes(header) + pack(bytes(LIMIT + 1)))))


def test_a_module_that_has_moved_its_functions_is_not_passed_over_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = importlib.import_module("aiokafka.record.default_records")
    monkeypatch.delattr(loaded, "zstd_decode")
    with pytest.raises(AttributeError, match="the bound on decompression would be lost"):
        codecs.install()
