"""Each payer is told of its part of a yearly statement, and gets its documents, whatever dies in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from services.contracts.app import processor
from services.contracts.archive.entry import Entry
from services.contracts.archiving.log import ENTRIES, ArchiveLog
from services.contracts.audit.findings import Examined
from services.contracts.audit.whole import audited
from services.contracts.costs.reference import Json
from services.contracts.documents.billing import BillingData, BillingFile
from services.contracts.documents.rendering import Rendered, Renderer, Sheet
from services.contracts.documents.yearly import statement_of_share, yearly_statement
from services.contracts.invoice_address.follow import InvoiceAddresses
from services.contracts.leitweg.follow import LeitwegIds
from services.contracts.metrics import UNMADE_STATEMENTS
from services.contracts.repository import Contracts
from services.contracts.settings import Settings
from services.contracts.statements.invoicing import Invoicing
from services.contracts.statements.maker import KIND, OWED, StatementMaker, owed_ledger
from services.contracts.statements.statement import SHARES, Share
from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.errors import InvalidError, StoreUnavailableError
from shared.files.folder import FolderFiles
from shared.ids import derived_id
from shared.messages.contracts_statements import StatementDocumented, StatementOwed
from shared.messages.eligibility import InvoiceAddress, OrganisationChanged
from shared.messages.eligibility import Organisation as OrganisationState
from shared.messages.values import Channel, OrganisationType, Role
from tests.component.contracts.test_contracts_statements import (
    JANUARY,
    MARCH,
    SHARED,
    USED,
    FailingStore,
    made,
    whole,
)
from tests.support.contract_costs import (
    FITKO_TOKEN,
    GOVDIGITAL_TOKEN,
    HEIDE,
    HEIDE_TOKEN,
    HUSUM,
    HUSUM_TOKEN,
    OFFERING,
    PROVIDER_TOKEN,
    CostWorld,
    item,
)
from tests.support.contract_documents import BILLING, plain, text_of

RENDERER = Renderer()
LEITWEG = "01054056-1234-12"
DATA = BillingData.model_validate(
    {
        "seller": BILLING["seller"],
        "account": {"iban": "DE02120300000000202051", "holder": "govdigital eG", "days": 30},
        "tax": {"category": "S", "rate_bp": 1900},
        "addresses": {
            HUSUM.id: {"care_of": ["Kämmerei"], "place": {"street": "Zingel 10", "postcode": "25813", "city": "Husum"}},
            HEIDE.id: {"place": {"postcode": "25746", "city": "Heide"}},
        },
    }
)
OWN_ADDRESS = InvoiceAddress(
    care_of=("Amt für Finanzen", "Rechnungseingang"),
    street="Postfach 12 34",
    postcode="25801",
    city="Husum",
    email="rechnung@husum.example",
)
UBL = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"


class World(CostWorld):
    """Statements with their documents in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__()

    def built(self, settings: Settings | None = None) -> Any:
        return super().built(settings or Settings(documents_folder=self.folder))

    def maker(self, renderer: Renderer | None = RENDERER, billing: BillingData | BillingFile = DATA) -> StatementMaker:
        contracts, log = Contracts(self.resources), ArchiveLog(self.store, Settings().archive_origin)
        self.leitweg_ids, self.addresses = LeitwegIds(self.resources), InvoiceAddresses(self.resources)
        data = billing.data if isinstance(billing, BillingFile) else lambda: billing
        invoicing = Invoicing(owed_ledger(self.resources), data, self.leitweg_ids, self.addresses)
        return StatementMaker(contracts, Channel.GOVDIGITAL, FolderFiles(self.folder), log, invoicing, renderer)

    async def registers(
        self, organisation: str, leitweg_id: str | None, seq: int = 1, address: InvoiceAddress | None = None
    ) -> None:
        """Take in what eligibility tells of an organisation."""
        public = OrganisationState(
            id=organisation, name="Amt", type=OrganisationType.KOMMUNE, leitweg_id=leitweg_id, invoice_address=address,
            roles=(Role.KUNDE,), accreditations=(), registered_at=MARCH, changed_at=MARCH,
        )  # fmt: skip
        message = OrganisationChanged(organisation=public)
        cause = Cause(derived_id("event", organisation, str(seq)), message.TYPE, "eligibility", seq)
        for followed in (self.leitweg_ids, self.addresses):
            assert list(await followed.follow(Channel.GOVDIGITAL, [Received(message, organisation, cause, MARCH)])) == []

    async def papers(self) -> dict[str, list[dict[str, Any]]]:
        return {document["payer"]: document["papers"] for document in await self.store.scan(OWED)}

    async def invoice(self, payer: str) -> str:
        """Return the XRechnung of a payer that has been billed once."""
        (paper,) = [it for it in (await self.papers())[payer] if it["name"] == "xrechnung.xml"]
        return self.files()[paper["sha256"]].decode()

    async def entries(self) -> list[Entry]:
        entries = [Entry.read(document["raw"].encode()) for document in await self.store.scan(ENTRIES)]
        return [entry for entry in entries if entry.subject.kind == KIND]

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.glob("*/*")}

    def events(self, type_: str) -> list[Any]:
        return [event for event in self.resources.publisher.events if event.type == type_]  # type: ignore[attr-defined]


async def begun(folder: Path) -> World:
    world = World(folder)
    await world.prepare()
    world.now = JANUARY
    await world.publish(SHARED, published_at=JANUARY)
    await world.contract("a", HUSUM, leitweg_id=LEITWEG)
    await world.contract("b", HEIDE, at=datetime(2026, 7, 2, 9, tzinfo=UTC))
    world.now = MARCH
    return world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    found = await begun(tmp_path)
    yield found
    await found.store.close()


async def test_each_payer_gets_its_part_as_pdf_json_and_xrechnung(world: World) -> None:
    (outcome,) = (await made(world))["outcomes"]
    await world.maker().run()
    base = f"/v1/statements/{outcome['statement_id']}/documents"
    listed = (await world.get(base, HUSUM_TOKEN)).json()
    assert [it["name"] for it in listed["items"]] == ["abrechnung.pdf", "abrechnung.json", "xrechnung.xml"]
    answers = {it["name"]: await world.get(f"{base}/{it['name']}", HUSUM_TOKEN) for it in listed["items"]}
    for row in listed["items"]:
        answer = answers[row["name"]]
        assert (sha256(answer.content).hexdigest(), answer.headers["content-type"]) == (row["sha256"], row["media_type"])
    share = (await world.get(f"/v1/statements/{outcome['statement_id']}/share", HUSUM_TOKEN)).json()
    given = json.loads(answers["abrechnung.json"].content)
    assert (given["contract_cents"], given["statement_hash"]) == (share["contract_cents"], share["hash"])
    text = text_of(answers["abrechnung.pdf"].content)
    for words in ("Jahresabrechnung", "GD/2026/00001/2026-1", "Husum, Stadt", "Kämmerei", "Zingel 10", "25813 Husum"):
        assert plain(words) in text, words
    invoice = ET.fromstring(answers["xrechnung.xml"].content)  # noqa: S314 - made here
    assert [invoice.findtext(f"{UBL}{name}") for name in ("ID", "IssueDate", "DueDate", "BuyerReference")] == [
        "GD/2026/00001/2026-1", "2027-03-01", "2027-03-31", LEITWEG,
    ]  # fmt: skip
    assert answers["xrechnung.xml"].headers["content-disposition"].endswith('"GD-2026-00001-2026-1-xrechnung.xml"')
    heide = (await world.get(base, HEIDE_TOKEN)).json()
    assert (heide["no_invoice"], len(heide["items"])) == ("leitweg_id_missing", 2)


async def test_who_pays_and_its_anbieter_read_the_documents_and_nobody_else(world: World) -> None:
    (outcome,) = (await made(world))["outcomes"]
    await world.maker().run()
    base = f"/v1/statements/{outcome['statement_id']}/documents"
    for path in (base, f"{base}/abrechnung.pdf"):
        for token, query, status in (
            (HUSUM_TOKEN, "", 200), (HUSUM_TOKEN, f"?payer={HUSUM.id}", 200), (GOVDIGITAL_TOKEN, f"?payer={HUSUM.id}", 200),
            (HEIDE_TOKEN, f"?payer={HUSUM.id}", 404), (PROVIDER_TOKEN, f"?payer={HUSUM.id}", 404), (PROVIDER_TOKEN, "", 404),
            (FITKO_TOKEN, f"?payer={HUSUM.id}", 404), (GOVDIGITAL_TOKEN, "", 404), ("u7/govdigital/KUNDE", f"?payer={HUSUM.id}", 404),
        ):  # fmt: skip
            assert (await world.get(path + query, token)).status_code == status, (path, token, query)
    assert (await world.get(f"{base}/other.pdf", HUSUM_TOKEN)).status_code == 404
    assert (await world.get(f"{base}/..%2Fsecret", HUSUM_TOKEN)).status_code in {404, 422}


async def test_what_a_share_says_is_what_the_whole_statement_says(world: World) -> None:
    (outcome,) = (await made(world))["outcomes"]
    result, given = await whole(world, outcome["statement_id"]), await whole(world, outcome["statement_id"], "/input")
    items = {(version["version"], it["id"]): it for version in given["cost_information"] for it in version["items"]}
    for document in await world.store.scan(SHARES):
        share = Share.of(document).model_dump()
        contract = {"number": "GD/1", "title": "t", "offering_title": "o", "customer": {"id": share["payer"], "name": "n"},
                    "anbieter": {"id": "govdigital", "name": "govdigital eG"}}  # fmt: skip
        assert DATA.tax is not None
        stated = {"number": "GD/1/2026-1", "issued_on": "2027-03-01"}
        whole_one = yearly_statement(result, contract, **stated, items=items, tax=DATA.tax.model_dump())
        assert statement_of_share(share, contract, **stated, tax=DATA.tax) == whole_one


async def corrected(world: World, billing: BillingData = DATA, *, documented: bool = True) -> None:
    """State the year 2027 by uses, then once more after a report was corrected; ``documented``: that has its documents too."""
    body = {"channel": "govdigital", "effective_from": "2027-04-01", "items": [USED]}
    assert (await world.post(f"/v1/offers/{OFFERING}/cost-information", body)).status_code == 201
    world.now = datetime(2028, 1, 10, 9, tzinfo=UTC)
    for number in range(1, 13):
        await world.report("a", HUSUM, f"2027-{number:02d}", 100, seq=number)
        await world.report("b", HEIDE, f"2027-{number:02d}", 100, seq=number)
    world.later(days=1)
    await made(world, "1", year=2027)
    await world.maker(billing=billing).run()
    world.later(days=1)
    await world.report("a", HUSUM, "2027-12", 50, seq=20)
    world.later(days=1)
    await made(world, "2", year=2027)
    if documented:
        await world.maker(billing=billing).run()


async def test_a_correction_is_a_difference_statement_and_a_credit_note(world: World) -> None:
    await corrected(world)
    (document,) = [it for it in await world.store.scan(OWED) if (it["payer"], it["number"]) == (HUSUM.id, 2)]
    files = {paper["name"]: world.files()[paper["sha256"]] for paper in document["papers"]}
    share = await world.store.get(SHARES, f"{document['statement_id']}:{HUSUM.id}")
    assert share is not None
    assert json.loads(files["abrechnung.json"])["correction"]["contract_cents"] == share["correction"]["contract_cents"] < 0
    assert plain("Berichtigung") in text_of(files["abrechnung.pdf"])
    credit = ET.fromstring(files["xrechnung.xml"])  # noqa: S314 - made here
    assert credit.tag.endswith("}CreditNote")
    assert b"GD/2026/00001/2027-1</cbc:ID>" in files["xrechnung.xml"]


async def test_each_payer_is_told_once_and_the_archive_names_its_documents(world: World) -> None:
    await made(world)
    for _ in range(2):
        await world.maker().run()
    assert len(world.events(StatementOwed.TYPE)) == len(world.events(StatementDocumented.TYPE)) == 2
    entries, papers = await world.entries(), await world.papers()
    assert sorted(sorted(it.sha256 for it in entry.documents) for entry in entries) == sorted(
        sorted(paper["sha256"] for paper in of_payer) for of_payer in papers.values()
    )
    settings = Settings(documents_folder=world.folder)
    for work in processor(Channel.GOVDIGITAL)(world.resources).periodic:
        if work.name.endswith(".archive"):
            await work.run()
    assert [finding.line async for finding in audited(world.resources, settings, Examined())] == []


async def test_without_a_typesetter_payers_are_told_and_whoever_has_one_makes_the_documents(world: World) -> None:
    await made(world)
    await world.maker(None).run()
    assert (len(world.events(StatementOwed.TYPE)), world.files()) == (2, {})
    await world.maker().run()
    assert len(world.events(StatementOwed.TYPE)) == len(world.events(StatementDocumented.TYPE)) == 2
    assert {len(papers) for papers in (await world.papers()).values()} == {2, 3}
    assert len(await world.entries()) == 4


async def test_without_data_for_invoices_there_are_pdf_and_json(world: World) -> None:
    await made(world)
    await world.maker(billing=BillingData()).run()
    found = {document["payer"]: document["no_invoice"] for document in await world.store.scan(OWED)}
    assert found == {HUSUM.id: "billing_incomplete", HEIDE.id: "billing_incomplete"}
    assert {len(papers) for papers in (await world.papers()).values()} == {2}


async def test_an_invoice_is_made_once_what_it_lacked_is_stated(world: World) -> None:
    await made(world)
    await world.maker(billing=BillingData()).run()
    before = await world.papers()
    world.later(days=5)
    for _ in range(2):
        await world.maker().run()
    papers = await world.papers()
    assert (papers[HEIDE.id], papers[HUSUM.id][:2]) == (before[HEIDE.id], before[HUSUM.id])
    (paper,) = papers[HUSUM.id][2:]
    invoice = ET.fromstring(world.files()[paper["sha256"]])  # noqa: S314 - made here
    assert [invoice.findtext(f"{UBL}{name}") for name in ("ID", "IssueDate", "DueDate", "BuyerReference")] == [
        "GD/2026/00001/2026-1", "2027-03-06", "2027-04-05", LEITWEG,
    ]  # fmt: skip
    assert [document["no_invoice"] for document in await world.store.scan(OWED)].count(None) == 1
    assert [len(json.loads(event.data)["documents"]) for event in world.events(StatementDocumented.TYPE)] == [2, 2, 3]
    named = [[it.name for it in entry.documents] for entry in await world.entries()]
    assert max(named, key=len) == ["abrechnung.json", "abrechnung.pdf", "xrechnung.xml"]


async def test_a_leitweg_id_that_comes_later_brings_the_invoice_and_only_that_one(world: World) -> None:
    await made(world)
    await world.maker().run()
    address = DATA.addresses[HEIDE.id].model_copy(update={"leitweg_id": "01051044-99-39"})
    for _ in range(2):
        await world.maker(billing=DATA.model_copy(update={"addresses": {**DATA.addresses, HEIDE.id: address}})).run()
    assert {payer: len(papers) for payer, papers in (await world.papers()).items()} == {HUSUM.id: 3, HEIDE.id: 3}
    assert len(world.events(StatementDocumented.TYPE)) == 3


async def test_a_leitweg_id_that_is_registered_later_brings_the_invoice_without_a_new_start(world: World) -> None:
    await made(world)
    maker = world.maker()
    await maker.run()
    assert len((await world.papers())[HEIDE.id]) == 2
    await world.registers(HEIDE.id, None)
    await maker.run()
    assert len((await world.papers())[HEIDE.id]) == 2
    await world.registers(HEIDE.id, "01051044-99-39", seq=2)
    await maker.run()
    papers = (await world.papers())[HEIDE.id]
    assert papers[-1]["name"] == "xrechnung.xml"
    assert b"<cbc:BuyerReference>01051044-99-39<" in world.files()[papers[-1]["sha256"]]


async def test_an_invoice_has_the_leitweg_id_that_replaced_that_of_the_contract(world: World) -> None:
    maker = world.maker()
    await world.registers(HUSUM.id, LEITWEG)
    await world.registers(HUSUM.id, "01051044-99-39", seq=2)
    await made(world)
    await maker.run()
    papers = {paper["name"]: world.files()[paper["sha256"]] for paper in (await world.papers())[HUSUM.id]}
    assert b"<cbc:BuyerReference>01051044-99-39<" in papers["xrechnung.xml"]
    assert json.loads(papers["abrechnung.json"])["contract"]["leitweg_id"] == "01051044-99-39"


async def test_the_address_that_the_payer_has_registered_stands_on_its_documents_before_that_of_the_file(world: World) -> None:
    maker = world.maker()
    await world.registers(HUSUM.id, LEITWEG, address=OWN_ADDRESS)
    await made(world)
    await maker.run()
    invoice = await world.invoice(HUSUM.id)
    for name, text in (
        ("StreetName", "Postfach 12 34"), ("AdditionalStreetName", "Amt für Finanzen"), ("Line", "Rechnungseingang"),
        ("PostalZone", "25801"), ("ElectronicMail", "rechnung@husum.example"), ("Name", HUSUM.name),
    ):  # fmt: skip
        assert f"<cbc:{name}>{text}</cbc:{name}>" in invoice
    assert f'<cbc:EndpointID schemeID="0204">{LEITWEG}<' in invoice, "the electronic address is another matter"
    assert "Zingel" not in invoice
    texts = {payer: text_of(world.files()[papers[0]["sha256"]]) for payer, papers in (await world.papers()).items()}
    assert plain("Amt für FinanzenRechnungseingangPostfach 12 3425801 Husum") in texts[HUSUM.id]
    assert plain("25746 Heide") in texts[HEIDE.id], "each payer has its own"
    assert plain("Postfach") not in texts[HEIDE.id]


async def test_what_the_file_states_beside_the_postal_address_stays(world: World) -> None:
    endpoint = {"scheme": "EM", "id": "eingang@husum.example"}
    stated = DATA.model_dump(mode="json")
    stated["addresses"][HUSUM.id] |= {"endpoint": endpoint}
    stated["addresses"][HEIDE.id] |= {"leitweg_id": "01051044-99-39"}
    maker = world.maker(billing=BillingData.model_validate(stated))
    for payer in (HUSUM.id, HEIDE.id):
        await world.registers(payer, None, address=OWN_ADDRESS)
    await made(world)
    await maker.run()
    assert '<cbc:EndpointID schemeID="EM">eingang@husum.example<' in await world.invoice(HUSUM.id)
    heide = await world.invoice(HEIDE.id)
    assert "<cbc:BuyerReference>01051044-99-39<" in heide
    assert "Postfach 12 34" in heide


async def test_an_address_that_is_registered_later_brings_the_invoice_without_a_new_start(world: World) -> None:
    await made(world)
    maker = world.maker(billing=DATA.model_copy(update={"addresses": {}}))
    await maker.run()
    before = await world.papers()
    assert {document["no_invoice"] for document in await world.store.scan(OWED)} == {"billing_incomplete"}
    await world.registers(HUSUM.id, None)
    await maker.run()
    assert await world.papers() == before
    await world.registers(HUSUM.id, None, seq=2, address=OWN_ADDRESS)
    await maker.run()
    papers = await world.papers()
    assert (papers[HEIDE.id], papers[HUSUM.id][:2]) == (before[HEIDE.id], before[HUSUM.id]), "what was made stays as it is"
    assert "Postfach 12 34" in await world.invoice(HUSUM.id)


async def test_an_invoice_that_was_made_stays_and_the_next_one_has_the_address_of_then(world: World) -> None:
    maker = world.maker()
    await world.registers(HUSUM.id, None, address=OWN_ADDRESS)
    await made(world, "of-2026")
    await maker.run()
    first = await world.papers()
    moved = OWN_ADDRESS.model_copy(update={"street": "Neue Straße 1", "care_of": ()})
    await world.registers(HUSUM.id, None, seq=2, address=moved)
    await maker.run()
    assert await world.papers() == first
    await corrected(world)
    parts = {(it["payer"], it["year"], it["number"]): it["papers"] for it in await world.store.scan(OWED)}
    invoices = {key: world.files()[papers[-1]["sha256"]].decode() for key, papers in parts.items() if key[0] == HUSUM.id}
    assert [("Postfach" in invoices[key], "Neue Straße 1" in invoices[key]) for key in sorted(invoices)] == [
        (True, False), (False, True), (False, True),
    ]  # fmt: skip
    await world.registers(HUSUM.id, None, seq=3)
    world.later(days=1)
    await world.report("a", HUSUM, "2027-12", 10, seq=21)
    world.later(days=1)
    await made(world, "3", year=2027)
    await world.maker().run()
    (last,) = [it for it in await world.store.scan(OWED) if (it["payer"], it["number"]) == (HUSUM.id, 3)]
    assert b"Zingel 10" in world.files()[last["papers"][-1]["sha256"]], (
        "without an address of its own that of the file counts again"
    )


async def test_the_file_of_the_anbieter_is_read_again_when_it_has_changed(world: World, tmp_path: Path) -> None:
    file = tmp_path / "govdigital.json"
    await made(world)
    maker = world.maker(billing=BillingFile(file))
    await maker.run()
    assert {len(papers) for papers in (await world.papers()).values()} == {2}
    file.write_text(DATA.model_dump_json())
    await maker.run()
    whole_ = await world.papers()
    assert {payer: len(papers) for payer, papers in whole_.items()} == {HUSUM.id: 3, HEIDE.id: 2}
    file.write_text('{"seller": 1}')
    await maker.run()
    assert (await world.papers(), maker.billing) == (whole_, DATA)
    file.unlink()
    await maker.run()
    assert maker.billing == BillingData()


@pytest.mark.parametrize("documented", [True, False])
async def test_late_invoices_of_a_correction_name_the_one_before(world: World, documented: bool) -> None:  # noqa: FBT001
    await corrected(world, BillingData(), documented=documented)
    await world.maker().run()
    parts = {it["number"]: it["papers"] for it in await world.store.scan(OWED) if it["payer"] == HUSUM.id}
    content = {number: world.files()[papers[-1]["sha256"]] for number, papers in parts.items()}
    assert b"CreditNote" in content[2]
    assert b"GD/2026/00001/2027-1</cbc:ID>" in content[2]
    assert b"GD/2026/00001/2027-1</cbc:ID>" in content[1]
    assert b"BillingReference" not in content[1]


async def test_a_lost_document_keeps_back_its_invoice_alone(world: World) -> None:
    await made(world)
    await world.maker(billing=BillingData()).run()
    (lost,) = [paper["sha256"] for paper in (await world.papers())[HUSUM.id] if paper["name"] == "abrechnung.pdf"]
    (path,) = world.folder.glob(f"*/{lost}")
    content = path.read_bytes()
    path.unlink()
    await world.maker().run()
    assert len((await world.papers())[HUSUM.id]) == 2
    path.write_bytes(content)
    await world.maker().run()
    assert len((await world.papers())[HUSUM.id]) == 3


async def test_who_bears_a_cost_without_a_contract_is_told_and_has_no_document(world: World) -> None:
    land = item(key={"type": "KOENIGSTEIN", "table": "KS2019"}, funding="EFA_FINANZIERT", valid_from="2027-01-01")
    body = {"channel": "govdigital", "effective_from": "2027-03-02", "items": [land]}
    assert (await world.post(f"/v1/offers/{OFFERING}/cost-information", body)).status_code == 201
    for name, customer in (("a", HUSUM), ("b", HEIDE)):
        await world.terminate(name, customer, date(2026, 12, 31), seq=9)
    await world.contract("c", HEIDE.model_copy(update={"id": "DE-SH", "name": "Schleswig-Holstein"}), at=MARCH)
    world.now = datetime(2028, 1, 10, 9, tzinfo=UTC)
    await made(world, year=2027)
    await world.maker().run()
    papers = await world.papers()
    assert papers["DE"] == []
    assert [paper["name"] for paper in papers["DE-SH"]] == ["abrechnung.pdf", "abrechnung.json"]


class UnfitRenderer(Renderer):
    """Cannot typeset the part of one payer."""

    def render(self, sheet: Sheet) -> Rendered:
        statement: Mapping[str, Json] = sheet.data["statement"]
        if statement["contract"]["customer"]["id"] == HEIDE.id:
            raise InvalidError("unfit", code="document_not_typeset")
        return RENDERER.render(sheet)


async def test_a_part_that_cannot_be_typeset_holds_up_no_other(world: World) -> None:
    await made(world)
    await world.maker(UnfitRenderer()).run()
    assert {payer: bool(papers) for payer, papers in (await world.papers()).items()} == {HUSUM.id: True, HEIDE.id: False}
    assert UNMADE_STATEMENTS.labels("govdigital")._value.get() == 1
    await world.maker().run()
    assert all((await world.papers()).values())
    assert UNMADE_STATEMENTS.labels("govdigital")._value.get() == 0


@pytest.mark.slow
@pytest.mark.parametrize("done", [False, True])
async def test_a_death_at_any_write_leaves_neither_document_nor_entry_alone(tmp_path: Path, *, done: bool) -> None:
    (tmp_path / "whole").mkdir()
    first = await begun(tmp_path / "whole")
    await made(first)
    await first.maker().run()
    papers, files = await first.papers(), first.files()
    for place in range(20):
        world = await begun(tmp_path / str(place))
        await made(world)
        failing = FailingStore(world, place, done=done)
        try:
            await world.maker().run()
        except StoreUnavailableError:
            await world.maker().run()
        assert (await world.papers(), world.files()) == (papers, files), place
        named = {paper["sha256"] for of_payer in papers.values() for paper in of_payer}
        assert {it.sha256 for entry in await world.entries() for it in entry.documents} == named
        await world.store.close()
        if not failing.failed:
            assert place > 4
            return
    pytest.fail("the maker never ended")
