"""Files are looked through by clamd before they are stored: a finding refuses, and so does a scanner that says nothing clear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from shared.files.clamd import Clamd
from shared.files.opening import open_scanner
from shared.files.scanning import FileInfectedError, NoScanner, ScannerUnavailableError
from shared.files.settings import FilesSettings
from tests.support.clamd import EICAR, FakeClamd, clamd


def client(server: FakeClamd, timeout: float = 5) -> Clamd:
    return Clamd("127.0.0.1", server.port, timedelta(seconds=timeout))


@pytest.mark.parametrize("content", [b"", b"x", b"%PDF-" + bytes(range(256)) * 1000], ids=["empty", "short", "many parts"])
async def test_a_clean_file_is_taken_and_the_scanner_has_seen_all_of_it(content: bytes) -> None:
    async with clamd() as server:
        await client(server).require_clean(content)
        assert server.scanned == [content]


async def test_a_finding_refuses_the_file_and_is_named() -> None:
    async with clamd() as server:
        with pytest.raises(FileInfectedError, match="Eicar-Signature") as refused:
            await client(server).require_clean(b"%PDF-1.7 " + EICAR)
    assert (refused.value.code, refused.value.status) == ("file_infected", 422)


@pytest.mark.parametrize("answer", [None, "stream: OKAY", "COMMAND READ TIMED OUT", "stream: x FOUND FOUNDATION"])
async def test_what_is_no_answer_of_a_scanner_refuses_for_now(answer: str | None) -> None:
    async with clamd(FakeClamd(answer=answer)) as server:
        with pytest.raises(ScannerUnavailableError) as refused:
            await client(server).require_clean(b"x")
    assert (refused.value.code, refused.value.status) == ("scanner_unavailable", 503)


async def test_a_scanner_that_takes_too_long_is_not_waited_for() -> None:
    async with clamd(FakeClamd(answer="")) as server:
        with pytest.raises(ScannerUnavailableError):
            await client(server, timeout=0.1).require_clean(b"x")


async def test_a_file_that_the_scanner_does_not_take_whole_is_not_taken() -> None:
    async with clamd(FakeClamd(limit=1000)) as server:
        with pytest.raises(ScannerUnavailableError):
            await client(server).require_clean(b"x" * 300_000)


async def test_a_scanner_that_is_away_refuses_for_now_and_one_that_is_back_takes_the_file() -> None:
    async with clamd() as server:
        scanner = client(server)
    with pytest.raises(ScannerUnavailableError):
        await scanner.require_clean(b"x")
    async with clamd(FakeClamd(port=scanner.port)):
        await scanner.require_clean(b"x")


async def test_without_a_setting_nothing_is_asked_and_with_one_the_scanner_of_that_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(open_scanner(FilesSettings()), NoScanner)
    for address, host in (("clamd.sicherheit.svc:3310", "clamd.sicherheit.svc"), ("[::1]:3310", "::1")):
        monkeypatch.setenv("FILES_CLAMD_ADDRESS", address)
        scanner = open_scanner(FilesSettings())
        assert isinstance(scanner, Clamd)
        assert (scanner.host, scanner.port, scanner.timeout) == (host, 3310, 20)


@pytest.mark.parametrize("address", ["clamd", "http://clamd:3310", "clamd:3310/x", ":3310", "clamd:0"])
def test_an_address_that_names_no_host_and_port_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILES_CLAMD_ADDRESS", address)
    with pytest.raises(ValidationError):
        FilesSettings()
