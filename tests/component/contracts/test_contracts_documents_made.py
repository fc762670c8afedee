"""Every concluded contract gets its documents, whatever dies in between; its parties and its Anbieter read them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contracts import channels
from services.contracts.app import build, processor
from services.contracts.archiving.archivist import Archivist, checkpoint_ledger, content_of
from services.contracts.archiving.export import Export
from services.contracts.archiving.log import ENTRIES, ArchiveLog
from services.contracts.audit.findings import Examined, Fault
from services.contracts.audit.whole import audited
from services.contracts.documents import rendering
from services.contracts.documents.maker import Maker
from services.contracts.documents.rendering import Rendered, Renderer, Sheet
from services.contracts.domain.contract import Contract
from services.contracts.domain.provision import Provision
from services.contracts.domain.transitions import Actor
from services.contracts.handlers import give_notice, provide
from services.contracts.metrics import UNMADE
from services.contracts.repository import CONTRACTS, Contracts
from services.contracts.settings import Settings
from shared.aggregate.change import Cause, Change
from shared.aggregate.ledger import Ledger
from shared.errors import InvalidError, StoreUnavailableError
from shared.files.folder import FolderFiles
from shared.files.port import FilesUnavailableError
from shared.files.s3 import S3Files
from shared.http.app import create_app
from shared.ids import bereitstellung_id, contract_id, derived_id
from shared.messages.base import Message
from shared.messages.contracts_chain import ContractDocumented
from shared.messages.values import Channel, Condition, Verdict
from shared.process.service import Resources
from tests.component.contracts.test_contracts_api import Healthy
from tests.component.contracts.test_contracts_provisions import asked
from tests.support.archive_log import KEY, ORIGIN, verified
from tests.support.contract_documents import plain, reader, text_of
from tests.support.contract_requests import AT, NRW, order_id, received, request
from tests.support.http import FakeAuthenticator, client
from tests.support.memory_store import Documents, MemoryStore
from tests.support.publisher import RecordingPublisher

RENDERER = Renderer()
PERSON = "3f0c8b7e-vergabestelle"
CONDITIONS = (Condition(id=derived_id("condition", "a"), text="Die Gebührensatzung wird geliefert.", agreed_at=AT),)
KUNDE, ANBIETER, OTHER_ANBIETER = "u1/DE-SN/KUNDE", "u4/fitko/ANBIETER", "u5/govdigital/ANBIETER"
PROVIDER, STRANGER = "u2/DE-NW/BEREITSTELLER", "u3/DE-BY/KUNDE"
FIRST = contract_id(Channel.FITKO, order_id("a"))
OFFERING = request().order.offering_id
ROOT = bereitstellung_id("fitko", OFFERING)
TERMS = channels.load_terms(None, {})[Channel.FITKO]


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
        self.publisher = RecordingPublisher()

    def resources(self, store: MemoryStore | None = None) -> Resources:
        opened = store or MemoryStore(documents=self.documents)
        return Resources(opened, self.publisher, Path("data"), clock=lambda: datetime(2026, 11, 24, 12, tzinfo=UTC))

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
        archive = ArchiveLog(contracts.store, ORIGIN)
        return Maker(contracts, Channel.FITKO, files or FolderFiles(self.folder), archive, renderer)

    async def provide(self, number: str | None = "BV-7") -> None:
        """Let the Bereitstellungsvertrag of the offer be known, as the catalogue states it."""
        listed = Provision(ROOT, Channel.FITKO, OFFERING, "Anwohnerparken", 1, NRW, number, AT)
        cause = Cause(derived_id("event", OFFERING, str(number)), "t", OFFERING, 1 if number is None else 2)
        await self.ledger.apply_one(provide(listed, TERMS, AT, cause))

    async def amend(self, reference: str) -> None:
        """Agree a further version of the first contract."""

        def decide(contract: Contract | None) -> tuple[Contract, list[Message]]:
            assert contract is not None
            contract.version, contract.order_reference = contract.version + 1, reference
            return contract, contract.restate()

        await self.ledger.apply_one(Change(FIRST, decide))

    async def archive(self) -> list[dict[str, Any]]:
        """Archive what waits, and return all entries."""
        resources = self.resources()
        log = ArchiveLog(resources.store, ORIGIN)
        await Archivist(Contracts(resources), Channel.FITKO, log, KEY, checkpoint_ledger(resources)).run()
        return [json.loads(document["raw"]) for _, document in sorted(self.documents[ENTRIES.name].items())]

    async def faults(self) -> list[Fault]:
        settings = Settings(documents_folder=self.folder, archive_origin=ORIGIN)
        return [finding.fault async for finding in audited(self.resources(), settings, Examined())]

    async def no_document_without_entry(self) -> None:
        """Hold what contracts name, what the archive names and what lies with the files against each other."""
        entries = await self.archive()
        archived = {it["sha256"] for entry in entries for it in entry["documents"] if it["name"].endswith(".pdf")}
        named = {row["sha256"] for rows in self.recorded().values() for row in rows}
        assert archived == named
        assert named <= self.files().keys()

    @property
    def ledger(self) -> Ledger[Contract]:
        return Contracts(self.resources()).ledger

    def recorded(self) -> Mapping[str, list[dict[str, Any]]]:
        stored = self.documents.get(CONTRACTS.name, {})
        return {key: document["papers"] for key, document in stored.items() if document.get("papers")}

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.glob("*/*")}

    async def get(self, path: str, token: str | None = KUNDE, **headers: str) -> httpx.Response:
        service = build(self.resources(), Settings(documents_folder=self.folder, archive_origin=ORIGIN))
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
    concluded = await world.ledger.get(FIRST)
    assert concluded is not None
    await world.maker().run()
    for content in world.files().values():
        (attached,) = reader(content).attachments["vertrag.json"]
        assert attached == content_of(concluded[0])
        assert PERSON.encode() not in attached


async def test_a_bereitstellungsvertrag_gets_its_document_once_its_number_is_known(world: World) -> None:
    await world.provide(None)
    maker = world.maker()
    await maker.run()
    assert world.recorded() == {}
    await world.provide()
    await maker.run()
    (document,) = world.recorded()[ROOT]
    text = text_of(world.files()[document["sha256"]])
    for words in ("SaaS-Bereitstellungsvertrag", "BV-7", "1. dieser Vertrag 2. Leistungsbeschreibung", "FITKO"):
        assert plain(words) in text, words


async def test_a_bereitstellungsvertrag_that_was_asked_for_gets_its_document(world: World) -> None:
    _, consumer, *_ = processor(Channel.FITKO)(world.resources()).consumers
    assert list(await consumer.handle([asked()])) == []
    await world.maker().run()
    (document,) = world.recorded()[ROOT]
    text = text_of(world.files()[document["sha256"]])
    for words in ("SaaS-Bereitstellungsvertrag", "FITST/2026/0001", "Nordrhein-Westfalen", "FITKO"):
        assert plain(words) in text, words


async def test_what_was_stored_before_documents_were_made_gets_them_too(world: World) -> None:
    await world.provide()
    await world.form("a")
    for document in world.documents[CONTRACTS.name].values():
        del document["papers"], document["undocumented_at"]
    await world.maker().run()
    assert set(world.recorded()) == {FIRST, ROOT}


async def test_the_archive_names_each_document_of_a_contract_and_what_is_told_is_the_same(world: World) -> None:
    await world.form("a")
    await world.archive()
    await world.maker().run()
    entries = [entry for entry in await world.archive() if entry["subject"]["id"] == FIRST]
    assert [entry["effect"].split(".")[-2] for entry in entries] == ["concluded", "documented"]
    names = {it["name"]: it["sha256"] for it in entries[-1]["documents"]}
    assert names.items() > {row["name"]: row["sha256"] for row in world.recorded()[FIRST]}.items()
    (told,) = [event for event in world.publisher.events if event.type == ContractDocumented.TYPE]
    assert told.id == entries[-1]["effect_id"]
    log = ArchiveLog(world.resources().store, ORIGIN)
    files = world.files()
    for export in (Export(log), Export(log, FolderFiles(world.folder)), Export(log, FolderFiles(world.folder), documents=False)):
        lines = [line async for line in export.whole()]
        assert verified(lines) == ("VALID", [])
        papers = [it["sha256"] for it in map(json.loads, lines) if it["t"] == "document" and it["sha256"] in files]
        assert sorted(papers) == (sorted(files) if export.files is not None and export.documents else [])
    receipt = (await world.get(f"{FIRST}/archive")).content.splitlines()
    assert verified(receipt) == ("VALID", [])
    held = {it["sha256"] for it in map(json.loads, receipt) if it["t"] == "document"}
    assert held > {row["sha256"] for row in world.recorded()[FIRST]}
    assert await world.faults() == []
    for path in world.folder.glob("*/*"):
        path.write_bytes(b"%PDF-1.7 other")
    assert set(await world.faults()) == {Fault.DOCUMENT_DIFFERS}
    lines = [line async for line in Export(log, FolderFiles(world.folder)).whole()]
    assert verified(lines) == ("VALID", [])
    assert not {it["sha256"] for it in map(json.loads, lines) if it["t"] == "document"} & files.keys()
    for path in world.folder.glob("*/*"):
        path.unlink()
    assert set(await world.faults()) == {Fault.DOCUMENT_MISSING}


@pytest.mark.parametrize("archived", [False, True])
async def test_each_version_has_its_documents_also_one_that_has_passed(world: World, *, archived: bool) -> None:
    await world.form("a")
    whole = World(world.folder / "whole")
    await whole.form("a")
    await whole.maker().run()
    if archived:
        await world.archive()
    await world.amend("Az. 2")
    if archived:
        await world.archive()
    await world.maker().run()
    rows = world.recorded()[FIRST]
    assert [row for row in rows if row["version"] == 1] == whole.recorded()[FIRST]
    assert [row["name"] for row in rows if row["version"] == 2] == [row["name"] for row in rows if row["version"] == 1]
    last = [entry for entry in await world.archive() if entry["subject"]["id"] == FIRST][-1]
    assert {it["name"] for it in last["documents"]} >= {"vertrag.pdf", "1/vertrag.pdf", "contract.json"}
    items = (await world.get(f"{FIRST}/documents")).json()["items"]
    assert [item["version"] for item in items] == [2, 2, 2, 1, 1, 1]
    newest = await world.get(f"{FIRST}/documents/vertrag.pdf")
    assert newest.content == (await world.get(f"{FIRST}/documents/vertrag.pdf?version=2")).content
    first = await world.get(f"{FIRST}/documents/vertrag.pdf?version=1")
    assert (plain("Az. 2") in text_of(newest.content), plain("Az. 2") in text_of(first.content)) == (True, False)
    assert (await world.get(f"{FIRST}/documents/vertrag.pdf?version=3")).status_code == 404


async def test_notice_of_a_contract_changes_nothing_in_its_documents(tmp_path: Path) -> None:
    made = []
    for name in ("before", "after"):
        world = World(tmp_path / name)
        await world.form("a")
        notice = give_notice(FIRST, AT.date(), date(2026, 12, 31), AT, Actor.ANBIETER, TERMS)
        steps = [world.maker().run(), world.ledger.apply_one(notice)]
        for step in steps if name == "before" else reversed(steps):
            await step
        made.append(world.recorded()[FIRST])
    assert made[0] == made[1]


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_death_at_any_access_leaves_no_contract_without_documents(tmp_path: Path, where: str) -> None:
    whole = World(tmp_path / "whole")
    await whole.form("a", "b")
    await whole.maker().run()
    died = 0
    while await _dies(whole, tmp_path / str(died), where, died):
        died += 1
    assert died == 5
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
    await world.no_document_without_entry()
    await world.maker().run()
    await world.no_document_without_entry()
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
    await world.provide()
    await world.maker().run()
    for token, status in ((PROVIDER, 200), (ANBIETER, 200), (KUNDE, 404), (OTHER_ANBIETER, 404), ("u6/fitko/KUNDE", 404)):
        assert (await world.get(f"{ROOT}/documents/vertrag.pdf", token)).status_code == status, token
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
