"""What an S3-compatible store may do wrong: be away, be slow, be another one. Nothing is lost, and it is reported."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from shared.errors import InvalidError
from shared.files.opening import open_files
from shared.files.port import Files, FilesUnavailableError
from shared.files.settings import FilesSettings
from tests.support.s3 import S3Server, s3_server, write_keys

PDF = b"%PDF-1.7\nSatzung"
NAME = hashlib.sha256(PDF).hexdigest()
BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SHORT = timedelta(seconds=0.3)


def opened(settings: FilesSettings, **changed: object) -> Files:
    return open_files(settings.model_copy(update=changed), "evidence", Path("unused"))


async def refused(files: Files) -> list[str]:
    """Return what reading, writing and asking answer."""
    answers = []
    for attempt in (files.get(NAME), files.put(NAME, PDF), files.ping()):
        with pytest.raises(FilesUnavailableError) as caught:
            await attempt
        answers.append(caught.value.detail.partition("cannot be used: ")[2])
    return answers


async def test_a_bucket_that_is_missing_is_no_missing_file(s3_settings: FilesSettings) -> None:
    assert await refused(opened(s3_settings, s3_bucket="not-there")) == ["404 NoSuchBucket"] * 3


async def test_a_wrong_key_is_refused_by_the_store_and_a_new_one_counts_at_once(
    s3_settings: FilesSettings, tmp_path: Path
) -> None:
    files = opened(s3_settings)
    write_keys(tmp_path, secret_key="wrong")
    assert await refused(files) == ["403 SignatureDoesNotMatch"] * 3
    write_keys(tmp_path, access_key="unknown")
    assert await refused(files) == ["403 InvalidAccessKeyId"] * 3
    write_keys(tmp_path)
    await files.put(NAME, PDF)
    assert await files.get(NAME) == PDF


async def test_a_key_that_is_gone_is_reported_without_its_text(s3_settings: FilesSettings, tmp_path: Path) -> None:
    files = opened(s3_settings)
    write_keys(tmp_path, access_key="")
    with pytest.raises(FilesUnavailableError, match="FILES_S3_SECRET_KEY_FILE") as caught:
        await files.get(NAME)
    assert "a-secret-of-tests" not in str(caught.value)


@pytest.mark.slow
async def test_a_store_that_comes_back_is_used_again_and_has_what_was_written(s3_settings: FilesSettings) -> None:
    with s3_server() as server:
        server.bucket(str(s3_settings.s3_bucket))
        settings = s3_settings.model_copy(update={"s3_endpoint": server.endpoint})
        files = opened(settings, s3_patience=timedelta(minutes=3))
        await files.put(NAME, PDF)
        server.stop()
        assert set(await refused(opened(settings, s3_patience=SHORT))) <= {"ConnectError", "TimeoutError"}
        patient = asyncio.create_task(files.get(NAME))
        await asyncio.to_thread(server.start)
        assert await patient == PDF, "repeated until the store was back"


async def test_a_busy_store_is_asked_again(s3_settings: FilesSettings) -> None:
    asked = 0

    async def busy_twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        body = b"%d" % len(PDF)
        writer.write(BUSY if asked < 3 else b"HTTP/1.1 200 OK\r\nContent-Length: " + body + b"\r\n\r\n" + PDF)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(busy_twice, "127.0.0.1", 0) as server:
        assert await opened(s3_settings, s3_endpoint=address(server)).get(NAME) == PDF
    assert asked == 3


async def test_a_store_that_never_answers_is_given_up(s3_settings: FilesSettings) -> None:
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        ended.set()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        files = opened(s3_settings, s3_endpoint=address(server), s3_timeout=SHORT, s3_patience=SHORT)
        with pytest.raises(FilesUnavailableError, match="Timeout"):
            await files.get(NAME)
        await asyncio.wait_for(ended.wait(), 60)


async def test_a_request_is_signed_for_the_region_and_its_content(s3_settings: FilesSettings) -> None:
    heads: list[bytes] = []

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(record, "127.0.0.1", 0) as server:
        await opened(s3_settings, s3_endpoint=address(server)).put(NAME, PDF)
    (head,) = heads
    assert b"/eu-de-1/s3/aws4_request" in head
    assert f"x-amz-content-sha256: {NAME}".encode() in head
    assert f"PUT /{s3_settings.s3_bucket}/evidence/{NAME} HTTP/1.1".encode() in head


async def test_a_folder_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    files = open_files(FilesSettings(_env_file=None), "evidence", in_the_way / "evidence")
    attempts: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: files.get(NAME),
        lambda: files.put(NAME, PDF),
        files.ping,
    )
    for attempt in attempts:
        with pytest.raises(FilesUnavailableError, match="Not a directory") as caught:
            await attempt()
        assert (caught.value.code, caught.value.status) == ("files_unavailable", 503)


def address(server: asyncio.Server) -> str:
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("missing", ["s3_endpoint", "s3_bucket", "s3_access_key_file", "s3_secret_key_file"])
def test_settings_by_half_are_refused_with_the_name_of_what_is_missing(s3_settings: FilesSettings, missing: str) -> None:
    given = s3_settings.model_dump(exclude={missing})
    with pytest.raises(ValueError, match=f"configured by half: set FILES_{missing.upper()} too"):
        FilesSettings(_env_file=None, **given)


def test_documents_do_not_travel_in_clear_to_another_machine(s3_settings: FilesSettings) -> None:
    given = s3_settings.model_dump(exclude={"s3_endpoint"})
    with pytest.raises(ValueError, match="must be an https address"):
        FilesSettings(_env_file=None, s3_endpoint="http://s3.example", **given)
    assert FilesSettings(_env_file=None, s3_endpoint="https://s3.example", **given).s3_endpoint == "https://s3.example"


@pytest.mark.parametrize(
    "value", ["https://s3.example/bucket", "https://user:pw@s3.example", "s3.example", "https://s3.example?x"]
)
def test_an_address_is_one_of_a_server_and_nothing_more(s3_settings: FilesSettings, value: str) -> None:
    given = s3_settings.model_dump(exclude={"s3_endpoint"})
    with pytest.raises(ValueError, match="s3_endpoint"):
        FilesSettings(_env_file=None, s3_endpoint=value, **given)


def test_missing_keys_and_authorities_end_the_start(s3_settings: FilesSettings, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="mount the secret there") as key:
        opened(s3_settings, s3_access_key_file=tmp_path / "none")
    with pytest.raises(InvalidError, match="FILES_S3_CA_FILE") as trust:
        opened(s3_settings, s3_endpoint="https://s3.example", s3_ca_file=tmp_path / "none")
    assert (key.value.code, trust.value.code) == ("files_key_unreadable", "files_trust_unreadable")


def test_without_a_store_files_lie_in_the_folder(tmp_path: Path, server: S3Server) -> None:
    del server
    assert open_files(FilesSettings(_env_file=None), "evidence", tmp_path).__class__.__name__ == "FolderFiles"
