"""The Vollmacht: brought at step 2 of a registration, read by administrators and deciding Anbieter only, deleted for good."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from services.eligibility.drafts import DRAFTS
from services.eligibility.repository import ORGANISATIONS
from services.eligibility.settings import Settings
from services.eligibility.vollmacht_files import read_content, store_content
from shared.messages.values import Channel
from shared.store.sqlite.store import SqliteStore
from tests.component.eligibility.conftest import ANNA, BERT, EVIDENCE, HUSUM, SACHSEN, STAFF, World
from tests.support.http import client

PDF = b"%PDF-1.7\nVollmacht des Herrn Hansen"
DRAFT = f"/registrations/{HUSUM}"
PATH = f"/organisations/{HUSUM}/vollmacht"
STEPS = {
    "person": {"capacity": "BEVOLLMAECHTIGT", "confirmed": True},
    "roles": ["KUNDE"],
    "accreditations": [{"channel": "govdigital", "role": "KUNDE"}],
}
OFFICE = {**STEPS, "person": {"capacity": "VERTRETUNGSBERECHTIGT", "confirmed": True}}


@pytest.fixture(autouse=True)
async def _no_drafts(store: SqliteStore) -> AsyncIterator[None]:
    yield
    await store.delete(DRAFTS, [document["_id"] for document in await store.scan(DRAFTS)])


@pytest.fixture
async def asking(store: SqliteStore) -> AsyncIterator[World]:
    """Eligibility where a Vollmacht is asked for."""
    world = World(store, Settings(_env_file=None, vollmacht_required=True))
    yield world
    await world.clear()


async def bring(
    world: World, path: str, token: str = ANNA, content: bytes = PDF, kind: str = "application/pdf"
) -> httpx.Response:
    """Bring a file."""
    async with client(world.app, token) as http:
        headers = {"Content-Type": kind, "If-Match": await world.tag(path, token) or '"1"'}
        return await http.put(f"/v1{path}", content=content, headers=headers)


async def content(world: World, token: str) -> tuple[int, bytes]:
    """Read the file."""
    answer = await world.call("GET", f"{PATH}/content", token)
    return answer.status_code, answer.content


async def registered(world: World) -> None:
    """Register Husum by a draft with a Vollmacht."""
    await world.call("PUT", DRAFT, ANNA, STEPS)
    assert (await bring(world, f"{DRAFT}/vollmacht")).status_code == 200
    assert (await world.call("POST", f"{DRAFT}/submit", ANNA)).status_code == 201


def files() -> list[bytes]:
    """Return the contents of all files that tests have stored."""
    return [path.read_bytes() for path in Path(EVIDENCE.name).rglob("*") if path.is_file()]


def remove(name: str) -> None:
    """Delete a stored file."""
    Path(EVIDENCE.name, name[:2], name).unlink()


class OneFile:
    """A place that gives out what it now holds, whatever the name."""

    content = b""

    async def put(self, name: str, content: bytes) -> None:
        del name
        self.content = content

    async def get(self, name: str) -> bytes | None:
        del name
        return self.content

    async def ping(self) -> None:
        """Answer."""


async def test_who_is_bevollmaechtigt_brings_the_vollmacht_before_submitting(asking: World) -> None:
    draft = await asking.call("PUT", DRAFT, ANNA, STEPS)
    assert [(it["step"], it["field"], it["code"]) for it in draft.json()["faults"]] == [
        ("person", "person.vollmacht", "vollmacht_missing")
    ]
    assert (await asking.call("POST", f"{DRAFT}/submit", ANNA)).json()["code"] == "registration_incomplete"
    direct = await asking.register(ANNA, ["KUNDE"], [])
    assert (direct.status_code, direct.json()["code"]) == (422, "vollmacht_missing")

    brought = await bring(asking, f"{DRAFT}/vollmacht")
    shown = brought.json()
    assert (shown["faults"], shown["vollmacht"]["sha256"]) == ([], hashlib.sha256(PDF).hexdigest())
    assert (await asking.call("POST", f"{DRAFT}/check", ANNA, STEPS)).json()["faults"] == []
    assert (await asking.change("PUT", DRAFT, ANNA, STEPS)).json()["vollmacht"] == shown["vollmacht"], "it stays with the draft"
    assert (await asking.call("POST", f"{DRAFT}/submit", ANNA)).status_code == 201
    assert await content(asking, ANNA) == (200, PDF)


async def test_who_is_authorised_by_office_needs_none(asking: World) -> None:
    assert (await asking.call("PUT", DRAFT, ANNA, OFFICE)).json()["faults"] == []
    assert (await asking.call("POST", f"{DRAFT}/submit", ANNA)).status_code == 201
    missing = await asking.call("GET", PATH, ANNA)
    assert (missing.status_code, missing.json()["code"]) == (404, "vollmacht_not_found")


async def test_administrators_and_the_anbieter_asked_read_it_and_nobody_else(world: World) -> None:
    await registered(world)
    await world.change("PATCH", f"/organisations/{HUSUM}", ANNA, {"functions": {"bert": ["BEARBEITUNG", "ZEICHNUNG"]}})
    assert await content(world, ANNA) == (200, PDF)
    assert await content(world, STAFF[Channel.GOVDIGITAL]) == (200, PDF)
    assert (await content(world, BERT))[0] == 403
    for stranger in (STAFF[Channel.FITKO], SACHSEN):
        assert (await content(world, stranger))[0] == 404
        assert (await world.call("GET", PATH, stranger)).status_code == 404
        assert (await bring(world, PATH, stranger)).status_code == 404
    assert (await world.change("DELETE", PATH, STAFF[Channel.GOVDIGITAL])).status_code == 404, "who decides only reads"
    assert (await bring(world, PATH, BERT)).status_code == 403


async def test_it_is_saved_as_a_file_and_never_run(world: World) -> None:
    await registered(world)
    answer = await world.call("GET", f"{PATH}/content", ANNA)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in answer.headers["Cache-Control"]


async def test_only_files_that_are_what_they_say_are_taken(world: World) -> None:
    await world.call("PUT", DRAFT, ANNA, STEPS)
    for path in (f"{DRAFT}/vollmacht", PATH):
        await world.register(ANNA, ["KUNDE"], [])
        differing = await bring(world, path, content=b"<script>", kind="application/pdf")
        assert (differing.status_code, differing.json()["code"]) == (422, "content_type_differs")
        assert (await bring(world, path, content=b"<html>", kind="text/html")).status_code == 415
        assert (await bring(world, path, content=PDF + bytes(10 * 1024 * 1024))).status_code == 413
    assert (await bring(world, "/registrations/DE-SN/vollmacht")).json()["code"] == "draft_not_found"


async def test_the_file_alone_gives_nothing_away(world: World) -> None:
    await registered(world)
    assert not [held for held in files() if PDF in held]
    document = await world.store.get(ORGANISATIONS, HUSUM)
    assert document is not None
    assert document["vollmacht"]["file"] in {hashlib.sha256(held).hexdigest() for held in files()}
    assert PDF.decode() not in str([event.data for event in world.publisher.events])
    assert document["vollmacht"]["key"] not in str([event.data for event in world.publisher.events])


async def test_what_is_deleted_or_replaced_cannot_be_read_any_more(world: World) -> None:
    await registered(world)
    newer = b"\x89PNG\r\n\x1a\nneu"
    assert (await bring(world, PATH, content=newer, kind="image/png")).status_code == 200
    assert await content(world, ANNA) == (200, newer)
    assert (await world.change("DELETE", PATH, ANNA)).status_code == 204
    assert (await world.change("DELETE", PATH, ANNA)).status_code == 204
    assert (await content(world, ANNA))[0] == 404
    document = await world.store.get(ORGANISATIONS, HUSUM)
    assert document is not None
    assert document["vollmacht"] is None


async def test_it_goes_with_its_draft_with_its_person_and_with_its_term(world: World) -> None:
    await world.call("PUT", DRAFT, BERT, STEPS)
    await bring(world, f"{DRAFT}/vollmacht", BERT)
    await world.change("DELETE", DRAFT, BERT)
    assert await world.store.scan(DRAFTS) == []

    await registered(world)
    everybody = {"bert": ["ZEICHNUNG", "VERWALTUNG"], "carla": ["ZEICHNUNG"]}
    await world.change("PATCH", f"/organisations/{HUSUM}", ANNA, {"functions": everybody})
    for token in (ANNA, BERT):
        named = {"person": "carla", "capacity": "BEVOLLMAECHTIGT"}
        assert (await world.change("PUT", f"/organisations/{HUSUM}/authorised-person", token, named)).status_code == 200
    assert (await content(world, ANNA))[0] == 404, "it was for the authorised person before"

    await bring(world, PATH)
    expire = next(it for it in world.service.periodic if it.name == "eligibility.delete-old-vollmachten")
    world.now += Settings(_env_file=None).vollmacht_term
    await expire.run()
    assert (await content(world, ANNA))[0] == 200
    world.now += timedelta(seconds=1)
    await expire.run()
    assert (await content(world, ANNA))[0] == 404


async def test_a_file_that_was_lost_or_changed_is_not_given_out(world: World) -> None:
    await registered(world)
    document = await world.store.get(ORGANISATIONS, HUSUM)
    assert document is not None
    remove(document["vollmacht"]["file"])
    lost = await world.call("GET", f"{PATH}/content", ANNA)
    assert (lost.status_code, lost.json()["code"]) == (409, "vollmacht_lost")

    place = OneFile()
    vollmacht = await store_content(place, PDF, "application/pdf", "anna", world.now)
    assert await read_content(place, vollmacht) == PDF
    place.content = place.content[:-1] + bytes([place.content[-1] ^ 1])
    assert await read_content(place, vollmacht) is None
