"""Evidence documents over HTTP: metadata that are only added to, content that is what the document says, and who reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.eligibility.fact_store.state import State
from services.eligibility.settings import Settings
from shared.errors import InvalidError
from shared.http import limits
from shared.messages.values import Channel
from shared.store.sqlite.store import SqliteStore
from tests.component.eligibility.conftest import ANNA, EVIDENCE, HUSUM, SACHSEN, STAFF, World
from tests.support.facts import facts_of
from tests.support.http import client
from tests.support.s3 import s3_server, write_keys

PDF = b"%PDF-1.7\nSatzung"
DOCUMENT = {"type": "TESTAT", "title": "Testat 2025", "valid_from": "2026-02-01", "reason": "Jahresabschluss"}
GOVDIGITAL = STAFF[Channel.GOVDIGITAL]


async def record(world: World, **fields: Any) -> dict[str, Any]:
    answer = await world.call("POST", "/evidence", ANNA, {**DOCUMENT, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def bring(
    world: World, name: str, content: bytes = PDF, kind: str = "application/pdf", token: str = ANNA
) -> httpx.Response:
    async with client(world.app, token) as caller:
        return await caller.put(f"/v1/evidence/{name}/content", content=content, headers={"Content-Type": kind})


async def test_a_document_gets_its_content_and_both_are_read_back(world: World) -> None:
    document = await record(world)
    brought = await bring(world, document["id"])
    assert (brought.status_code, brought.json()["size"], brought.json()["rev"]) == (200, len(PDF), 2)
    assert brought.json()["document"]["document_sha256"] == hashlib.sha256(PDF).hexdigest()
    read = await world.call("GET", f"/evidence/{document['id']}/content", ANNA)
    assert (read.content, read.headers["content-type"], read.headers["x-content-type-options"]) == (
        PDF,
        "application/pdf",
        "nosniff",
    )
    assert (await bring(world, document["id"])).json()["rev"] == 2, "the same again changes nothing"


async def test_content_that_is_not_what_the_document_says_is_refused(world: World) -> None:
    document = await record(world, document_sha256=hashlib.sha256(b"%PDF-other").hexdigest())
    other = await bring(world, document["id"])
    faked = await bring(world, document["id"], b"MZ executable")
    assert [(it.status_code, it.json()["code"]) for it in (other, faked)] == [
        (422, "content_differs"),
        (422, "content_type_differs"),
    ]
    assert (await world.call("GET", f"/evidence/{document['id']}/content", ANNA)).status_code == 404


@pytest.mark.parametrize("kind", ["application/json", "text/html", "application/zip"])
async def test_files_of_other_types_are_refused_before_they_are_kept(world: World, kind: str) -> None:
    document = await record(world)
    refused = await bring(world, document["id"], PDF, kind)
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


async def test_a_file_that_is_too_long_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPLOAD_BYTES", 20)
    document = await record(world)
    assert (await bring(world, document["id"], PDF + b"x" * 20)).status_code == 413
    assert (await bring(world, document["id"], PDF)).status_code == 200


async def test_a_file_is_taken_by_the_route_for_it_and_by_no_other(world: World) -> None:
    async with client(world.app, ANNA) as caller:
        answer = await caller.post("/v1/evidence", content=PDF, headers={"Content-Type": "application/pdf"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_document_is_for_whoever_recorded_it_and_whom_a_fact_that_cites_it_concerns(world: World) -> None:
    await world.accredit_husum()
    document = await record(world)
    path = f"/evidence/{document['id']}"
    await bring(world, document["id"])
    before = [(await world.call("GET", path, token)).status_code for token in (GOVDIGITAL, SACHSEN)]
    figures = {"kind": "activity", "org": HUSUM, "year": 2025, "basis": "TURNOVER", "scope": "SOLO", "status": "ACTUAL"}
    figures |= {"total": 1000, "entrusted": 900, "valid_from": None, "valid_to": None}
    fact = {"fact": {**figures, "evidence": [document["id"]]}, "reason": "Jahresabschluss"}
    assert (await world.call("POST", "/facts", ANNA, fact)).status_code == 201
    after = [(await world.call("GET", f"{path}/content", token)).status_code for token in (GOVDIGITAL, SACHSEN, ANNA)]
    assert (before, after) == ([404, 404], [200, 404, 200])
    foreign = await world.call("POST", f"{path}/withdrawal", GOVDIGITAL, {"reason": "x"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "document_not_yours")


async def test_a_corrected_and_a_withdrawn_document_keep_their_history_and_a_withdrawn_one_carries_nothing(world: World) -> None:
    document = await record(world)
    path = f"/evidence/{document['id']}"
    corrected = await world.call("PUT", path, ANNA, {**DOCUMENT, "valid_to": "2027-02-01"}, If_Match='"1"')
    assert (corrected.status_code, corrected.headers["etag"]) == (200, '"2"')
    assert (await world.call("PUT", path, ANNA, DOCUMENT, If_Match='"1"')).status_code == 412
    withdrawn = (await world.call("POST", f"{path}/withdrawal", ANNA, {"reason": "Falsch"})).json()
    assert [(it["rev"], it["withdrawn"], it["content"]["valid_to"]) for it in withdrawn["history"]] == [
        (1, False, None),
        (2, False, "2027-02-01"),
        (3, True, "2027-02-01"),
    ]
    view = (await facts_of(world.service).world()).view(None)
    assert document["id"] not in view.documents


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"type": "ZETTEL"}, "INVALID_FIELD"), ({"valid_to": "2026-02-01"}, "INVALID_INTERVAL")],
)
async def test_a_document_that_the_specification_refuses_gets_its_code(world: World, fields: dict[str, Any], code: str) -> None:
    answer = await world.call("POST", "/evidence", ANNA, {**DOCUMENT, **fields})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def content_file(content: bytes = PDF) -> Path:
    name = hashlib.sha256(content).hexdigest()
    return Path(EVIDENCE.name) / name[:2] / name


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"%PDF-1.7 other")], ids=["gone", "damaged"])
async def test_a_content_that_is_lost_is_named_and_bringing_it_again_mends_it(
    world: World, damage: Callable[[Path], object]
) -> None:
    document = await record(world)
    await bring(world, document["id"])
    damage(content_file())
    lost = await world.call("GET", f"/evidence/{document['id']}/content", ANNA)
    assert (lost.status_code, lost.json()["code"]) == (409, "content_lost")
    again = await bring(world, document["id"])
    assert (again.status_code, again.json()["rev"]) == (200, 2), "the document is as it was"
    assert (await world.call("GET", f"/evidence/{document['id']}/content", ANNA)).content == PDF


@pytest.mark.slow
async def test_while_the_store_of_contents_is_away_nothing_is_recorded_and_a_repeat_succeeds(
    store: SqliteStore, loaded: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with s3_server() as server:
        server.bucket("evidence-test")
        access_key, secret_key = write_keys(tmp_path)
        settings = {"ENDPOINT": server.endpoint, "BUCKET": "evidence-test", "PATIENCE": "PT3S"}
        keys = {"ACCESS_KEY_FILE": str(access_key), "SECRET_KEY_FILE": str(secret_key)}
        for name, value in (settings | keys).items():
            monkeypatch.setenv(f"FILES_S3_{name}", value)
        world = World(store, Settings(_env_file=None), loaded)
        document = await record(world)
        path = f"/evidence/{document['id']}"
        server.stop()
        away = await bring(world, document["id"])
        assert (away.status_code, away.json()["code"], away.headers["retry-after"]) == (503, "files_unavailable", "2")
        assert server.endpoint not in away.text
        assert (await world.call("GET", path, ANNA)).json()["rev"] == 1, "metadata are served and unchanged"
        server.start()
        assert (await bring(world, document["id"])).json()["rev"] == 2
        assert (await world.call("GET", f"{path}/content", ANNA)).content == PDF
        server.stop()
        reading = await world.call("GET", f"{path}/content", ANNA)
        assert (reading.status_code, reading.json()["code"]) == (503, "files_unavailable")
        await world.clear()


def test_contents_have_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    access_key, secret_key = write_keys(tmp_path)
    monkeypatch.setenv("FILES_S3_ENDPOINT", "https://s3.example")
    monkeypatch.setenv("FILES_S3_BUCKET", "evidence")
    monkeypatch.setenv("FILES_S3_ACCESS_KEY_FILE", str(access_key))
    monkeypatch.setenv("FILES_S3_SECRET_KEY_FILE", str(secret_key))
    with pytest.raises(InvalidError, match="set one of them"):
        Settings(_env_file=None, evidence_folder=tmp_path).files()
