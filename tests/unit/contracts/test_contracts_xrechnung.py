"""Statements become XRechnung 3.0: amounts, tax, addresses by the terms of EN 16931; what is missing is named."""

from __future__ import annotations

import copy
from base64 import b64decode
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from services.contracts.documents.billing import Billing
from services.contracts.documents.rendering import Rendered
from services.contracts.documents.xrechnung import xrechnung
from services.contracts.documents.yearly import read_statement
from shared.errors import InvalidError
from tests.support.contract_documents import BILLING, yearly

NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
NOT_TAXED = {"category": "O", "reason": "Nicht steuerbar (§ 2b UStG)"}


def invoice(statement: dict[str, Any], billing: dict[str, Any] | None = None, attached: Rendered | None = None) -> ET.Element:
    content = xrechnung(read_statement(statement), Billing.read(billing or BILLING), attached)
    return ET.fromstring(content)  # noqa: S314 - made a line above


def text(element: ET.Element, path: str) -> str:
    found = element.find("/".join(part if ":" in part else f"cbc:{part}" for part in path.split("/")), NAMES)
    assert found is not None, path
    return found.text or ""


def changed(*path: str, value: Any = None) -> dict[str, Any]:
    billing = copy.deepcopy(BILLING)
    *parents, last = path
    inner = billing
    for name in parents:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return billing


def test_a_statement_is_an_invoice_of_its_lines_with_tax_on_the_sum() -> None:
    statement = yearly()
    root = invoice(statement)
    assert root.tag.endswith("}Invoice")
    assert (text(root, "InvoiceTypeCode"), text(root, "ID"), text(root, "BuyerReference")) == (
        "380",
        statement["number"],
        "14-1234567890-12",
    )
    lines = root.findall("cac:InvoiceLine", NAMES)
    assert [text(line, "LineExtensionAmount") for line in lines] == [f"{line['cents'] / 100:.2f}" for line in statement["lines"]]
    net = statement["contract_cents"]
    owed = (net * 19 + 50) // 100
    assert text(root, "cac:LegalMonetaryTotal/PayableAmount") == f"{(net + owed) / 100:.2f}"
    assert text(root, "cac:TaxTotal/TaxAmount") == f"{owed / 100:.2f}" == f"{statement['tax']['cents'] / 100:.2f}"


def test_the_leitweg_id_is_the_address_of_a_buyer_without_another() -> None:
    address = invoice(yearly()).find("cac:AccountingCustomerParty/cac:Party/cbc:EndpointID", NAMES)
    assert address is not None
    assert (address.get("schemeID"), address.text) == ("0204", "14-1234567890-12")
    other = changed("buyer", "endpoint", value={"scheme": "EM", "id": "eingang@example.org"})
    assert text(invoice(yearly(), other), "cac:AccountingCustomerParty/cac:Party/EndpointID") == "eingang@example.org"


def test_the_lines_above_the_street_and_the_mailbox_of_the_buyer_stand_in_the_invoice() -> None:
    buyer = BILLING["buyer"] | {"care_of": ["Staatskanzlei", "Referat 13", "Haus 2"], "email": "rechnung@sachsen.example"}
    found = invoice(yearly(), BILLING | {"buyer": buyer}).find("cac:AccountingCustomerParty/cac:Party", NAMES)
    assert found is not None
    assert [(it.tag.partition("}")[2], (it.text or "").strip()) for it in found.findall("cac:PostalAddress/*", NAMES)] == [
        ("StreetName", "Archivstraße 1"),
        ("AdditionalStreetName", "Staatskanzlei"),
        ("CityName", "Dresden"),
        ("PostalZone", "01097"),
        ("AddressLine", ""),
        ("Country", ""),
    ]
    assert text(found, "cac:PostalAddress/cac:AddressLine/Line") == "Referat 13, Haus 2"
    assert text(found, "cac:Contact/ElectronicMail") == "rechnung@sachsen.example"


@pytest.mark.parametrize(("cents", "root", "code"), [(1190, "Invoice", "380"), (-1190, "CreditNote", "381")])
def test_a_correction_is_billed_by_its_difference_alone(cents: int, root: str, code: str) -> None:
    statement = yearly() | {"correction": {"previous_hash": "a" * 64, "contract_cents": cents, "budget_cents": 0}}
    found = invoice(statement, changed("previous_number", value="FITST/2026/0001-A-2025"))
    assert found.tag.endswith(f"}}{root}")
    assert text(found, f"{root}TypeCode") == code
    assert text(found, "cac:LegalMonetaryTotal/TaxExclusiveAmount") == "11.90"
    assert text(found, "cac:BillingReference/cac:InvoiceDocumentReference/ID") == "FITST/2026/0001-A-2025"


def test_without_tax_the_reason_stands_in_the_invoice_and_a_line_has_no_rate() -> None:
    billing = changed("seller", "vat_id")
    billing["seller"] |= {"tax_number": "045/123/45678", "register_id": "GnR 1234 B"}
    root = invoice(yearly(tax=NOT_TAXED), billing)
    assert text(root, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/TaxExemptionReason") == NOT_TAXED["reason"]
    assert root.find("cac:InvoiceLine/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent", NAMES) is None


def test_the_document_can_be_in_the_invoice() -> None:
    attached = Rendered("abrechnung.pdf", "Jahresabrechnung", "abrechnung-1", "application/pdf", b"%PDF")
    content = text(
        invoice(yearly(), attached=attached), "cac:AdditionalDocumentReference/cac:Attachment/EmbeddedDocumentBinaryObject"
    )
    assert b64decode(content) == b"%PDF"


def test_the_same_statement_gives_the_same_bytes() -> None:
    once, again = (xrechnung(read_statement(yearly()), Billing.read(BILLING)) for _ in range(2))
    assert once == again


@pytest.mark.parametrize(
    ("statement", "billing", "code"),
    [
        ({"contract": yearly()["contract"] | {"leitweg_id": None}}, BILLING, "leitweg_id_missing"),
        ({"tax": None}, BILLING, "tax_missing"),
        (
            {"lines": [], "contract_cents": 0, "budget_cents": 0, "tax": {**yearly()["tax"], "cents": 0}},
            BILLING,
            "nothing_to_bill",
        ),
        ({"tax": NOT_TAXED}, BILLING, "seller_tax_id"),
        ({}, changed("seller", "vat_id"), "seller_tax_id"),
        ({}, changed("seller", "contact", "phone"), "billing_incomplete"),
        ({}, changed("payment", "iban", value="DE"), "billing_incomplete"),
    ],
)
def test_what_an_invoice_lacks_is_named(statement: dict[str, Any], billing: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidError) as raised:
        invoice(yearly() | statement, billing)
    assert raised.value.code == code


def test_a_wrong_tax_is_no_statement() -> None:
    statement = yearly()
    statement["tax"]["cents"] += 1
    with pytest.raises(InvalidError, match="the tax on"):
        read_statement(statement)
