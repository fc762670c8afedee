"""Documents of offers over HTTP: brought by the Bereitsteller, judged by content, read with the offer that names them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.catalog.documents import repository
from services.catalog.reference import load_reference
from services.catalog.settings import Settings
from shared.errors import InvalidError
from tests.component.catalog.conftest import DATAPORT, FITKO, GOVDIGITAL, KOMM_ONE, KUNDE, MUSTS, World
from tests.support.builders.offerings import form_body
from tests.support.clamd import EICAR, FakeClamd, clamd
from tests.support.s3 import write_keys

PDF = b"%PDF-1.7\nLeistungsbeschreibung"
PNG = b"\x89PNG\r\n\x1a\nStartseite"
LATER = b"%PDF-1.7\nLeistungsbeschreibung 2"


@pytest.fixture(name="shelf", autouse=True)
def _shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CATALOG_DOCUMENTS_FOLDER", str(tmp_path / "shelf"))
    return tmp_path / "shelf"


@pytest.fixture(name="prepared")
def _prepared(make_world: Callable[[], Any], excerpt: Path) -> Callable[[], Any]:
    """What makes a world, once the settings are as the test wants them."""

    async def make() -> World:
        world: World = await make_world()
        await load_reference(world.store, excerpt, lambda _name, _done, _total: None)
        return world

    return make


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def bring(
    world: World, offering_id: str, content: bytes = PDF, kind: str = "application/pdf", token: str = KOMM_ONE, name: str = ""
) -> httpx.Response:
    path = f"/v1/offerings/{offering_id}/documents/{name or digest(content)}"
    return await world.as_(token).put(path, content=content, headers={"Content-Type": kind})


async def read(world: World, offering_id: str, content: bytes = PDF, token: str | None = None) -> httpx.Response:
    return await world.as_(token).get(f"/v1/offerings/{offering_id}/documents/{digest(content)}")


async def name(world: World, offering_id: str, etag: str, *entries: dict[str, Any]) -> httpx.Response:
    """Replace the form by one that names these documents."""
    body = form_body(MUSTS, documents=[{"title": "Leistungsbeschreibung", **it} for it in entries])
    return await world.as_(KOMM_ONE).put(f"/v1/offerings/{offering_id}", json=body, headers={"If-Match": etag})


def stored(shelf: Path) -> list[Path]:
    """Return what lies there."""
    return [*shelf.rglob("*")]


def entry(answer: httpx.Response) -> dict[str, Any]:
    """Return what the form names of a document that was brought."""
    assert answer.status_code == 200, answer.text
    return {name: answer.json()[name] for name in ("media_type", "url", "sha256")}


async def test_a_document_is_brought_named_in_the_form_and_read_by_whoever_may_read_the_offer(
    prepared: Callable[[], Any],
) -> None:
    world = await prepared()
    offering_id = await world.published()
    brought = await bring(world, offering_id)
    assert brought.json()["url"] == f"http://marktplatz.test/v1/offerings/{offering_id}/documents/{digest(PDF)}"
    unnamed = [(await read(world, offering_id, token=token)).status_code for token in (None, KUNDE, GOVDIGITAL, KOMM_ONE)]
    assert unnamed == [404, 404, 404, 200], "it is the Bereitsteller's alone until the form names it"
    etag = (await world.as_(KOMM_ONE).get(f"/v1/offerings/{offering_id}")).headers["ETag"]
    assert (await name(world, offering_id, etag, entry(brought))).status_code == 200
    waiting = [(await read(world, offering_id, token=token)).status_code for token in (None, KUNDE, GOVDIGITAL, KOMM_ONE)]
    assert waiting == [404, 404, 200, 200], "until the version is in force, those who examine it read it"
    assert (await world.do(GOVDIGITAL, offering_id, "accept")).status_code == 200
    answer = await read(world, offering_id)
    assert (answer.content, answer.headers["content-type"]) == (PDF, "application/pdf")
    assert answer.headers["content-disposition"] == f'attachment; filename="{digest(PDF)}.pdf"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_document_or_screenshot_of_an_earlier_version_stays_readable(prepared: Callable[[], Any]) -> None:
    world = await prepared()
    offering_id = await world.published()
    files = ((PDF, "application/pdf", "documents"), (PNG, "image/png", "screenshots"), (LATER, "application/pdf", "documents"))
    for content, kind, member in files:
        brought = {"title": "Titel", **entry(await bring(world, offering_id, content, kind))}
        etag = (await world.as_(KOMM_ONE).get(f"/v1/offerings/{offering_id}")).headers["ETag"]
        body = form_body(MUSTS, **{member: [brought]})
        answer = await world.as_(KOMM_ONE).put(f"/v1/offerings/{offering_id}", json=body, headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text
        waiting = [(await read(world, offering_id, content, token)).status_code for token in (None, GOVDIGITAL)]
        assert waiting == [404, 200], "who examines the version reads what it adds"
        assert (await world.do(GOVDIGITAL, offering_id, "accept")).status_code == 200
    found = [(await read(world, offering_id, content)).content for content, _, _ in files]
    assert found == [content for content, _, _ in files]


async def test_a_screenshot_is_a_picture(prepared: Callable[[], Any]) -> None:
    world = await prepared()
    draft = await world.draft()
    brought = {"title": "Startseite", **entry(await bring(world, draft["id"]))}
    body = form_body(MUSTS, screenshots=[brought])
    refused = await world.as_(KOMM_ONE).put(f"/v1/offerings/{draft['id']}", json=body, headers={"If-Match": draft["etag"]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/screenshots/0/media_type")


async def test_documents_of_a_draft_are_for_its_bereitsteller_and_after_submission_for_the_anbieter(
    prepared: Callable[[], Any],
) -> None:
    world = await prepared()
    draft = await world.draft()
    brought = entry(await bring(world, draft["id"]))
    assert (await name(world, draft["id"], draft["etag"], brought)).status_code == 200
    readers = (None, KUNDE, DATAPORT, GOVDIGITAL, KOMM_ONE)
    assert [(await read(world, draft["id"], token=it)).status_code for it in readers] == [404, 404, 404, 404, 200]
    assert (await world.do(KOMM_ONE, draft["id"], "submit")).status_code == 200
    assert [(await read(world, draft["id"], token=it)).status_code for it in readers] == [404, 404, 404, 200, 200]
    shown = await read(world, draft["id"], token=GOVDIGITAL)
    assert shown.headers["cache-control"] == "private, no-store"
    refused = await bring(world, draft["id"], LATER)
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_move"), "a form that is handed in is not changed"


async def test_only_the_bereitsteller_of_the_offer_brings_documents(prepared: Callable[[], Any]) -> None:
    world = await prepared()
    offering_id = await world.published()
    answers = [await bring(world, offering_id, token=it) for it in (DATAPORT, FITKO, KUNDE)]
    assert [it.status_code for it in answers] == [403, 403, 403]
    draft = await world.draft()
    assert (await bring(world, draft["id"], token=DATAPORT)).status_code == 404


async def test_a_file_is_judged_by_what_it_holds(prepared: Callable[[], Any], shelf: Path) -> None:
    world = await prepared()
    draft = await world.draft()
    html = b"<!doctype html><script>alert(1)</script>"
    faked = await bring(world, draft["id"], html)
    other = await bring(world, draft["id"], PDF, name=digest(LATER))
    plain = await bring(world, draft["id"], html, "text/html")
    assert [(it.status_code, it.json()["code"]) for it in (faked, other, plain)] == [
        (422, "content_type_differs"),
        (422, "content_differs"),
        (415, "unsupported_media_type"),
    ]
    assert stored(shelf) == []


async def test_a_finding_refuses_a_scanner_that_is_away_asks_to_come_back_and_neither_stores_anything(
    prepared: Callable[[], Any], shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with clamd() as server:
        monkeypatch.setenv("FILES_CLAMD_ADDRESS", server.address)
        world = await prepared()
        draft = await world.draft()
        infected = await bring(world, draft["id"], PDF + EICAR)
    away = await bring(world, draft["id"])
    assert [(it.status_code, it.json()["code"]) for it in (infected, away)] == [
        (422, "file_infected"),
        (503, "scanner_unavailable"),
    ]
    assert away.headers["retry-after"]
    assert stored(shelf) == []
    async with clamd(FakeClamd(port=server.port)):
        assert (await bring(world, draft["id"])).status_code == 200


async def test_a_lost_content_is_named_and_bringing_it_again_mends_it(prepared: Callable[[], Any], shelf: Path) -> None:
    world = await prepared()
    draft = await world.draft()
    await bring(world, draft["id"])
    (shelf / digest(PDF)[:2] / digest(PDF)).write_bytes(b"%PDF-1.7 other")
    lost = await read(world, draft["id"], token=KOMM_ONE)
    assert (lost.status_code, lost.json()["code"]) == (409, "content_lost")
    await bring(world, draft["id"])
    assert (await read(world, draft["id"], token=KOMM_ONE)).content == PDF


async def test_an_offer_takes_so_many_documents_and_no_more(prepared: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "MOST_DOCUMENTS", 1)
    world = await prepared()
    draft = await world.draft()
    await bring(world, draft["id"])
    refused = await bring(world, draft["id"], LATER)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_documents")
    assert (await bring(world, draft["id"])).status_code == 200, "what is there can be brought again"


def test_documents_have_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    access_key, secret_key = write_keys(tmp_path)
    monkeypatch.setenv("FILES_S3_ENDPOINT", "https://s3.example")
    monkeypatch.setenv("FILES_S3_BUCKET", "marktplatz")
    monkeypatch.setenv("FILES_S3_ACCESS_KEY_FILE", str(access_key))
    monkeypatch.setenv("FILES_S3_SECRET_KEY_FILE", str(secret_key))
    with pytest.raises(InvalidError, match="set one of them"):
        Settings(_env_file=None, documents_folder=tmp_path).files()
