"""What others say of our documents: veraPDF of the PDFs, the rules of EN 16931 and of KoSIT of the invoices."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.contracts.documents.billing import Billing, BillingData
from services.contracts.documents.rendering import Renderer
from services.contracts.documents.sheets import contract_sheets
from services.contracts.documents.xrechnung import xrechnung
from services.contracts.documents.yearly import read_statement, statement_sheet
from shared.messages.eligibility import InvoiceAddress
from shared.messages.values import Party
from tests.deploy.maven import jars
from tests.support.contract_documents import ADDRESSES, BILLING, condition, contract, root_contract, yearly

HERE = Path(__file__).parent
Findings = dict[tuple[str, str], list[str]]

TEXTS = ["Łódź, ẞ, „Größe“ … 25 %", "Привет 😀", "W" * 200, "Satz. " * 60]
OWN_ADDRESS = InvoiceAddress(
    care_of=("Sächsisches Staatsministerium der Finanzen", "Zentrale Rechnungsstelle"),
    street="Postfach 10 09 48",
    postcode="01079",
    city="Dresden",
    email="rechnung@sachsen.example",
)
CORRECTION = {"previous_hash": "a" * 64, "budget_cents": 0}
UNTAXED_SELLER = {name: value for name, value in BILLING["seller"].items() if name != "vat_id"} | {
    "tax_number": "045/123/45678",
    "register_id": "GnR 1234 B",
}


def own_billing(address: InvoiceAddress) -> dict[str, Any]:
    """Return the data of an invoice to the buyer at the address that it has registered; the file of the Anbieter knows none."""
    account = {**BILLING["payment"], "days": 30}
    del account["due_on"]
    file = BillingData.model_validate({"seller": BILLING["seller"], "account": account})
    buyer = Party(id="DE-SN", name=BILLING["buyer"]["name"])
    return file.addressed(buyer.id, address).of(buyer, date(2026, 2, 15)).model_dump(mode="json")


def written(folder: Path) -> None:
    """Write the documents that are judged, and some with a planted fault."""
    renderer = Renderer()
    sheets = {
        "contract": contract_sheets(contract(prices=25, conditions=3), ADDRESSES),
        "root": contract_sheets(root_contract(), ADDRESSES)[:1],
        "texts": contract_sheets(contract() | {"conditions": [condition(text) for text in TEXTS]})[1:2],
        "statement": [statement_sheet(yearly("p01-efa-100000-all-laender", "DE-BB"), ADDRESSES)],
    }
    for name, found in sheets.items():
        for sheet in found:
            (folder / f"{name}-{sheet.name}").write_bytes(renderer.render(sheet).content)
    damaged = (folder / "root-vertrag.pdf").read_bytes().replace(b"<pdfaid:part>3<", b"<pdfaid:part>2<")
    (folder / "damaged.pdf").write_bytes(damaged)
    statement = yearly()
    document = renderer.render(statement_sheet(statement))
    invoices: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "taxed": (statement, BILLING),
        "exempt": (yearly(tax={"category": "E", "reason": "Steuerfrei nach § 4 Nr. 29 UStG"}), BILLING),
        "untaxed": (yearly(tax={"category": "O", "reason": "Nicht steuerbar"}), BILLING | {"seller": UNTAXED_SELLER}),
        "more": (statement | {"correction": CORRECTION | {"contract_cents": 1234}}, BILLING | {"previous_number": "A-1"}),
        "own-address": (statement, own_billing(OWN_ADDRESS)),
        "own-address-abroad": (
            statement,
            own_billing(InvoiceAddress(care_of=("Botschaft",), postcode="1010", city="Wien", country="AT")),
        ),
        "less": (statement | {"correction": CORRECTION | {"contract_cents": -1234}}, BILLING | {"previous_number": "A-1"}),
    }
    for name, (data, billing) in invoices.items():
        content = xrechnung(read_statement(data), Billing.read(billing), document if name == "taxed" else None)
        (folder / f"{name}.xml").write_bytes(content)
    wrong = (folder / "exempt.xml").read_bytes().replace(b"14-1234567890-12", b"").replace(b">0.00<", b">0.01<", 1)
    (folder / "wrong.xml").write_bytes(wrong)


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    java = shutil.which("java")
    if java is None:
        raise RuntimeError("the judges of documents need Java 17 or newer")
    folder = tmp_path_factory.mktemp("documents")
    written(folder)
    names = sorted(str(path) for path in folder.iterdir())
    command = [java, "-XX:TieredStopAtLevel=1", "-cp", f"{jars(HERE, 'judges-of-documents')}/*", str(HERE / "Judge.java"), *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {(line["file"], line["judge"]): line["findings"] for line in lines}


def test_every_pdf_is_pdf_a_3a_and_pdf_ua_1(findings: Findings) -> None:
    judged = {key: found for key, found in findings.items() if key[0].endswith(".pdf") and key[0] != "damaged.pdf"}
    assert len(judged) == 2 * 6
    assert {judge for _, judge in judged} == {"3a", "ua1"}
    assert {key: found for key, found in judged.items() if found} == {}


def test_every_invoice_is_valid_by_schema_and_rules(findings: Findings) -> None:
    judged = {name: found for (name, judge), found in findings.items() if judge == "xrechnung" and name != "wrong.xml"}
    own = ["own-address-abroad.xml", "own-address.xml"]
    assert sorted(judged) == ["exempt.xml", "less.xml", "more.xml", *own, "taxed.xml", "untaxed.xml"]
    assert {name: found for name, found in judged.items() if found} == {}


def test_the_judges_find_what_is_planted(findings: Findings) -> None:
    assert any("6.6.4" in found for found in findings["damaged.pdf", "3a"]), findings["damaged.pdf", "3a"]
    wrong = " ".join(findings["wrong.xml", "xrechnung"])
    assert "BR-DE-15" in wrong
    assert "BR-CO-" in wrong or "BR-E-" in wrong
