"""Every concluded contract gets its documents, whatever dies in between; its parties and its Anbieter read them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contracts.app import build, processor
from services.contracts.archiving.archivist import content_of
from services.contracts.documents import rendering
from services.contracts.documents.maker import Maker
from services.contracts.documents.records import RECORDED
from services.contracts.documents.rendering import Rendered, Renderer, Sheet
from services.contracts.metrics import UNMADE
from services.contracts.repository import Contracts
from services.contracts.settings import Settings
from shared.errors import InvalidError, StoreUnavailableError
from shared.files.folder import FolderFiles
from shared.files.port import FilesUnavailableError
from shared.files.s3 import S3Files
from shared.http.app import create_app
from shared.ids import contract_id, derived_id
from shared.messages.values import Channel, Condition, Verdict
from shared.process.service import Resources
from tests.component.contracts.test_contracts_api import Healthy
from tests.support.contract_documents import reader
from tests.support.contract_requests import AT, order_id, received, request
from tests.support.http import FakeAuthenticator, client
from tests.support.memory_store import Documents, MemoryStore
from tests.support.publisher import RecordingPublisher

RENDERER = Renderer()
PERSON = "3f0c8b7e-vergabestelle"
CONDITIONS = (Condition(id=derived_id("condition", "a"), text="Die Gebührensatzung wird geliefert.", agreed_at=AT),)
KUNDE, ANBIETER, OTHER_ANBIETER = "u1/DE-SN/KUNDE", "u4/fitko/ANBIETER", "u5/govdigital/ANBIETER"
PROVIDER, STRANGER = "u2/DE-NW/BEREITSTELLER", "u3/DE-BY/KUNDE"
FIRST = contract_id(Channel.FITKO, order_id("a"))


class DyingFiles(FolderFiles):
    """Files that fail at their n-th write, before or after it."""

    def __init__(self, folder: Path, writes: int, *, after: bool) -> None:
        super().__init__(folder)
        self.left, self.after = writes, after

    async def put(self, name: str, content: bytes) -> None:
        self.left -= 1
        if self.left >= 0 or self.after:
            await super().put(name, content)
        if self.left < 0:
            raise FilesUnavailableError("killed")


class UnfitRenderer(Renderer):
    """Cannot typeset the contract of one number."""

    def render(self, sheet: Sheet) -> Rendered:
        if sheet.data["contract"]["number"].endswith("/0001"):
            raise InvalidError("unfit", code="document_not_typeset")
        return RENDERER.render(sheet)


class World:
    """Contracts in a store, files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.documents: Documents = {}
        self.folder = folder

    def resources(self, store: MemoryStore | None = None) -> Resources:
        opened = store or MemoryStore(documents=self.documents)
        return Resources(opened, RecordingPublisher(), Path(), clock=lambda: datetime(2026, 11, 24, 12, tzinfo=UTC))

    async def form(self, *names: str) -> None:
        consumer, *_ = processor(Channel.FITKO)(self.resources()).consumers
        events = [
            received(
                request(name, verdict=Verdict.NOT_EXEMPT)
                if name == "refused"
                else request(name, verdict=Verdict.RISK, signed_off_by=PERSON, conditions=CONDITIONS)
            )
            for name in names
        ]
        assert list(await consumer.handle(events)) == []

    def maker(self, store: MemoryStore | None = None, files: FolderFiles | None = None, renderer: Renderer = RENDERER) -> Maker:
        contracts = Contracts(self.resources(store))
        return Maker(contracts, Channel.FITKO, files or FolderFiles(self.folder), renderer)

    def recorded(self) -> Mapping[str, list[dict[str, Any]]]:
        records = self.documents.get(RECORDED.name, {})
        return {record["contract"]: record["documents"] for record in records.values()}

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.glob("*/*")}

    async def get(self, path: str, token: str | None = KUNDE, **headers: str) -> httpx.Response:
        service = build(self.resources(), Settings(documents_folder=self.folder))
        app = create_app(
            "contracts", service.router, authenticator=FakeAuthenticator(), store=self.resources().store, health=Healthy()
        )
        async with client(app, token) as http:
            return await http.get(f"/v1/contracts/{path}", headers=headers)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_each_concluded_contract_gets_its_documents_once_and_a_refused_one_none(world: World) -> None:
    await world.form("a", "b", "refused")
    maker = world.maker()
    for _ in range(2):
        await maker.run()
    assert set(world.recorded()) == {contract_id(Channel.FITKO, order_id(name)) for name in "ab"}
    rows = world.recorded()[FIRST]
    assert [row["name"] for row in rows] == ["vertrag.pdf", "konditionen.pdf", "kostenblatt.pdf"]
    files = world.files()
    assert {row["sha256"] for rows in world.recorded().values() for row in rows} == files.keys()
    assert all(hashlib.sha256(content).hexdigest() == name for name, content in files.items())
    assert all(len(files[row["sha256"]]) == row["size"] for row in rows)


async def test_what_is_formed_later_gets_its_documents_in_a_later_run(world: World) -> None:
    maker = world.maker()
    for name in "ab":
        await world.form(name)
        await maker.run()
    assert len(world.recorded()) == 2


async def test_the_attached_data_are_those_of_the_archive_and_name_no_person(world: World) -> None:
    await world.form("a")
    await world.maker().run()
    contract = await Contracts(world.resources()).ledger.find(FIRST, lambda _: True)
    assert contract is not None
    for content in world.files().values():
        (attached,) = reader(content).attachments["vertrag.json"]
        assert attached == content_of(contract[0])
        assert PERSON.encode() not in attached


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_death_at_any_access_leaves_no_contract_without_documents(tmp_path: Path, where: str) -> None:
    whole = World(tmp_path / "whole")
    await whole.form("a", "b")
    await whole.maker().run()
    died = 0
    while await _dies(whole, tmp_path / str(died), where, died):
        died += 1
    assert died == 4
    for write in range(6):
        world = World(tmp_path / f"write-{write}")
        await world.form("a", "b")
        with pytest.raises(StoreUnavailableError):
            await world.maker(files=DyingFiles(world.folder, write, after=where == "after")).run()
        assert all(row["sha256"] in world.files() for rows in world.recorded().values() for row in rows)
        await world.maker().run()
        assert (world.recorded(), world.files()) == (whole.recorded(), whole.files())


async def _dies(whole: World, folder: Path, where: str, access: int) -> bool:
    """Return whether a maker that dies at this access to the store comes to it; the next one completes it either way."""
    world = World(folder)
    await world.form("a", "b")
    passed = 0

    async def die(point: str) -> None:
        nonlocal passed
        passed += point.endswith(where)
        if passed > access and point.endswith(where):
            raise StoreUnavailableError("killed")

    died = False
    try:
        await world.maker(MemoryStore(die, world.documents)).run()
    except StoreUnavailableError:
        died = True
    await world.maker().run()
    assert (world.recorded(), world.files()) == (whole.recorded(), whole.files())
    return died


async def test_a_contract_that_cannot_be_typeset_holds_up_no_other(world: World) -> None:
    await world.form("a", "b")
    await world.maker(renderer=UnfitRenderer()).run()
    assert len(world.recorded()) == 1
    assert UNMADE.labels("fitko")._value.get() == 1
    await world.maker().run()
    assert (len(world.recorded()), UNMADE.labels("fitko")._value.get()) == (2, 0)


async def test_only_a_processor_that_can_typeset_makes_documents(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def names() -> set[str]:
        return {work.name for work in processor(Channel.FITKO)(world.resources()).periodic}

    assert "contracts.fitko.documents" in names()
    monkeypatch.setattr(rendering, "find_spec", lambda _: None)
    assert "contracts.fitko.documents" not in names()


async def test_parties_and_anbieter_read_the_documents_and_nobody_else(world: World) -> None:
    await world.form("a")
    assert (await world.get(f"{FIRST}/documents")).json() == {"items": []}
    await world.maker().run()
    for token, status in ((KUNDE, 200), (ANBIETER, 200), (PROVIDER, 404), (OTHER_ANBIETER, 404), (STRANGER, 404), (None, 401)):
        for path in (f"{FIRST}/documents", f"{FIRST}/documents/vertrag.pdf"):
            assert (await world.get(path, token)).status_code == status, (token, path)
    items = (await world.get(f"{FIRST}/documents")).json()["items"]
    assert items == world.recorded()[FIRST]
    assert json.dumps(items).count("sha256") == 3


async def test_a_document_comes_with_its_type_its_name_and_its_hash_as_etag(world: World) -> None:
    await world.form("a")
    await world.maker().run()
    answer = await world.get(f"{FIRST}/documents/vertrag.pdf")
    digest = world.recorded()[FIRST][0]["sha256"]
    assert hashlib.sha256(answer.content).hexdigest() == digest
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["etag"] == f'"{digest}"'
    assert answer.headers["content-disposition"] == 'attachment; filename="FITST-2026-0001-vertrag.pdf"'
    again = await world.get(f"{FIRST}/documents/vertrag.pdf", **{"If-None-Match": f'W/"{digest}"'})
    assert (again.status_code, again.content) == (304, b"")
    other = await world.get(f"{FIRST}/documents/vertrag.pdf", **{"If-None-Match": '"' + "0" * 64 + '"'})
    assert other.status_code == 200
    assert (await world.get(f"{FIRST}/documents/rechnung.pdf")).status_code == 404
    assert (await world.get(f"{FIRST}/documents/..%2Fsecret")).status_code in {404, 422}


async def test_a_document_that_lies_there_no_more_or_damaged_is_not_answered(world: World) -> None:
    await world.form("a")
    await world.maker().run()
    digest = world.recorded()[FIRST][0]["sha256"]
    file = world.folder / digest[:2] / digest
    file.write_bytes(b"%PDF-1.7 other")
    for _ in range(2):
        answer = await world.get(f"{FIRST}/documents/vertrag.pdf")
        assert (answer.status_code, answer.json()["code"]) == (409, "content_lost")
        file.unlink(missing_ok=True)


def test_files_lie_in_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("access", "secret"):
        (tmp_path / name).write_text("key", "ascii")
        monkeypatch.setenv(f"FILES_S3_{name.upper()}_KEY_FILE", str(tmp_path / name))
    monkeypatch.setenv("FILES_S3_ENDPOINT", "https://s3.example")
    monkeypatch.setenv("FILES_S3_BUCKET", "documents")
    with pytest.raises(InvalidError) as raised:
        Settings(documents_folder=tmp_path).files()
    assert raised.value.code == "files_place_twice"
    assert isinstance(Settings().files(), S3Files)
