"""What holds for files wherever they lie: whole, named by their content, verified when they are read."""

from __future__ import annotations

import asyncio
import hashlib
import tracemalloc

import pytest

from shared.files.port import FileDamagedError
from tests.contract.files.conftest import Place

PDF = b"%PDF-1.7\nSatzung"
NAME = hashlib.sha256(PDF).hexdigest()
MIB = 1024 * 1024


async def test_a_file_is_read_back_as_it_was_written(place: Place) -> None:
    assert await place.files.get(NAME) is None
    await place.files.put(NAME, PDF)
    assert await place.files.get(NAME) == PDF


async def test_an_empty_file_is_a_file(place: Place) -> None:
    name = hashlib.sha256(b"").hexdigest()
    await place.files.put(name, b"")
    assert await place.files.get(name) == b""


async def test_the_same_file_written_by_many_at_once_is_there_once(place: Place) -> None:
    await asyncio.gather(*(place.files.put(NAME, PDF) for _ in range(8)))
    assert await place.files.get(NAME) == PDF
    assert [path.rpartition("/")[2] for path in place.found()] == [NAME]


async def test_content_that_is_not_what_its_name_states_is_not_written(place: Place) -> None:
    with pytest.raises(ValueError, match="does not have the SHA-256"):
        await place.files.put(NAME, PDF + b"x")
    assert await place.files.get(NAME) is None


@pytest.mark.parametrize("content", [PDF[:-1], PDF + b"x", b""])
async def test_a_damaged_file_is_not_given_out_and_a_repeat_mends_it(place: Place, content: bytes) -> None:
    await place.files.put(NAME, PDF)
    place.damage(NAME, content)
    with pytest.raises(FileDamagedError, match="another SHA-256"):
        await place.files.get(NAME)
    await place.files.put(NAME, PDF)
    assert await place.files.get(NAME) == PDF


@pytest.mark.parametrize(
    "name", ["", "..", "../secret", f"../{NAME}", f"{NAME}/..", f"/{NAME}", NAME.upper(), NAME[1:], f"{NAME}\n", f"{NAME}?acl"]
)
async def test_a_name_leads_to_no_other_place(place: Place, name: str) -> None:
    before = place.found()
    for attempt in (place.files.get(name), place.files.put(name, PDF)):
        with pytest.raises(ValueError, match=r"SHA-256|no name of a file"):
            await attempt
    assert place.found() == before


async def test_a_file_larger_than_any_is_neither_written_nor_read_to_its_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.files.put(NAME, PDF)
    for module in ("port", "folder", "s3"):
        monkeypatch.setattr(f"shared.files.{module}.LARGEST", len(PDF) - 1)
    with pytest.raises(ValueError, match="larger than"):
        await place.files.put(NAME, PDF)
    with pytest.raises(FileDamagedError, match="longer than"):
        await place.files.get(NAME)


async def test_large_files_take_no_more_memory_the_more_of_them_there_are(place: Place) -> None:
    contents = [bytes([number]) * (4 * MIB) for number in range(5)]
    names = [hashlib.sha256(content).hexdigest() for content in contents]
    tracemalloc.start()
    try:
        for name, content in zip(names, contents, strict=True):
            await place.files.put(name, content)
            assert await place.files.get(name) == content
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10 * MIB, f"{most / MIB:.1f} MiB: more than one file and its parts"


async def test_a_place_that_can_be_read_answers(place: Place) -> None:
    await place.files.ping()
