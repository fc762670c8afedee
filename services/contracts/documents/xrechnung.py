"""Yearly statements as XRechnung 3.0 in UBL 2.1 (EN 16931-1, KoSIT): an invoice, or a credit note if money goes back.

A statement is billed as it is, a correction by its difference alone. BT-… are the business terms of EN 16931.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from services.contracts.documents.billing import Billing, Buyer, Endpoint, Place, Seller
from services.contracts.documents.rendering import Rendered
from services.contracts.documents.yearly import Tax, YearlyStatement
from shared.errors import InvalidError

MEDIA_TYPE: Final = "application/xml"
_CUSTOMIZATION: Final = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
_PROFILE: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd"
_CAC: Final = f"{_UBL}:CommonAggregateComponents-2"
_CBC: Final = f"{_UBL}:CommonBasicComponents-2"
_PREFIXES: Final = {"inv": f"{_UBL}:Invoice-2", "cn": f"{_UBL}:CreditNote-2", "cac": _CAC, "cbc": _CBC}
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEITWEG: Final = "0204"
_SEPA_TRANSFER: Final = "58"
_UNIT: Final = "C62"


@dataclass(frozen=True, slots=True)
class _Kind:
    root: str
    code: str
    type_element: str
    line: str
    quantity: str


_INVOICE: Final = _Kind("Invoice", "380", "InvoiceTypeCode", "InvoiceLine", "InvoicedQuantity")
_CREDIT: Final = _Kind("CreditNote", "381", "CreditNoteTypeCode", "CreditNoteLine", "CreditedQuantity")


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    description: str
    cents: int
    first: str
    last: str


def xrechnung(statement: YearlyStatement, billing: Billing, attached: Rendered | None = None) -> bytes:
    """Return the invoice of a yearly statement as XML, with the statement as PDF in it if it is given.

    Raises InvalidError: ``leitweg_id_missing`` (BT-10), ``tax_missing``, ``nothing_to_bill``, ``seller_tax_id`` (category O
    is for sellers without VAT number, which state ``register_id``).
    """
    tax, leitweg_id = statement.tax, statement.contract.leitweg_id or billing.buyer.leitweg_id
    if leitweg_id is None:
        raise InvalidError(
            "An XRechnung needs a Leitweg-ID (BT-10): neither the contract nor the buyer states one", code="leitweg_id_missing"
        )
    if tax is None:
        raise InvalidError("An XRechnung needs the category of value added tax: the statement has no tax", code="tax_missing")
    _check_tax_id(billing.seller, tax)
    lines = _lines(statement)
    net = sum(line.cents for line in lines)
    if not lines or net == 0:
        raise InvalidError(f"The statement {statement.number} has nothing to bill", code="nothing_to_bill")
    kind = _INVOICE if net > 0 else _CREDIT
    if kind is _CREDIT:
        lines = [_Line(line.name, line.description, -line.cents, line.first, line.last) for line in lines]
    return _write(_document(kind, statement, billing, lines, tax, leitweg_id, attached))


def _check_tax_id(seller: Seller, tax: Tax) -> None:
    if tax.category == "O" and seller.vat_id is not None:
        raise InvalidError("Not subject to VAT (O) goes without the seller's VAT number: give tax_number", code="seller_tax_id")
    if seller.vat_id is None and seller.tax_number is None:
        raise InvalidError("The seller states its VAT number or tax number (BT-31, BT-32)", code="seller_tax_id")
    if seller.vat_id is None and seller.register_id is None:
        raise InvalidError("A seller without VAT number states where it is registered: register_id (BT-30)", code="seller_tax_id")


def _lines(statement: YearlyStatement) -> list[_Line]:
    first, last = statement.period.first, statement.period.last
    if statement.correction is not None:
        difference = statement.correction.contract_cents
        return [_Line("Berichtigung der Jahresabrechnung", statement.contract.offering_title, difference, first, last)]
    return [
        _Line(line.label or line.item, f"Kosteninformation {line.version}, Schlüssel {line.effective_key}, Anteil {line.share}",
              line.cents, line.window.first, line.window.last)
        for line in statement.own_lines
    ]  # fmt: skip


def _document(
    kind: _Kind,
    statement: YearlyStatement,
    billing: Billing,
    lines: Sequence[_Line],
    tax: Tax,
    leitweg_id: str,
    attached: Rendered | None,
) -> ET.Element:
    contract, due = statement.contract, billing.payment.due_on.isoformat()
    root = ET.Element(f"{{{_UBL}:{kind.root}-2}}{kind.root}")
    _add(root, "CustomizationID", _CUSTOMIZATION)
    _add(root, "ProfileID", _PROFILE)
    _add(root, "ID", statement.number)
    _add(root, "IssueDate", statement.issued_on)
    if kind is _INVOICE:
        _add(root, "DueDate", due)
    _add(root, kind.type_element, kind.code)
    _add(root, "Note", f"{contract.title} {contract.number}: {contract.offering_title}. Prüfsumme {statement.statement_hash}")
    _add(root, "DocumentCurrencyCode", statement.currency)
    _add(root, "BuyerReference", leitweg_id)
    _period(root, statement.period.first, statement.period.last)
    if contract.order_reference is not None:
        _add(_sub(root, "OrderReference"), "ID", contract.order_reference)
    if billing.previous_number is not None:
        _add(_sub(_sub(root, "BillingReference"), "InvoiceDocumentReference"), "ID", billing.previous_number)
    _add(_sub(root, "ContractDocumentReference"), "ID", contract.number)
    if attached is not None:
        _attach(root, attached)
    _seller(root, billing.seller)
    _buyer(root, billing.buyer, Endpoint(scheme=_LEITWEG, id=leitweg_id))
    means = _sub(root, "PaymentMeans")
    _add(means, "PaymentMeansCode", _SEPA_TRANSFER)
    if kind is _CREDIT:
        _add(means, "PaymentDueDate", due)
    _add(means, "PaymentID", statement.number)
    account = _sub(means, "PayeeFinancialAccount")
    _add(account, "ID", billing.payment.iban)
    _add(account, "Name", billing.payment.holder)
    if billing.payment.terms is not None:
        _add(_sub(root, "PaymentTerms"), "Note", billing.payment.terms)
    _totals(root, sum(line.cents for line in lines), tax)
    for place, line in enumerate(lines, start=1):
        _line(root, kind, place, line, tax)
    return root


def _seller(root: ET.Element, seller: Seller) -> None:
    party = _sub(_sub(root, "AccountingSupplierParty"), "Party")
    _head(party, seller.endpoint, seller.name, seller.place)
    for number, scheme in ((seller.vat_id, "VAT"), (seller.tax_number, "FC")):
        if number is not None:
            registered = _sub(party, "PartyTaxScheme")
            _add(registered, "CompanyID", number)
            _add(_sub(registered, "TaxScheme"), "ID", scheme)
    entity = _sub(party, "PartyLegalEntity")
    _add(entity, "RegistrationName", seller.name)
    if seller.register_id is not None:
        _add(entity, "CompanyID", seller.register_id)
    contact = _sub(party, "Contact")
    _add(contact, "Name", seller.contact.name)
    _add(contact, "Telephone", seller.contact.phone)
    _add(contact, "ElectronicMail", seller.contact.email)


def _buyer(root: ET.Element, buyer: Buyer, otherwise: Endpoint) -> None:
    party = _sub(_sub(root, "AccountingCustomerParty"), "Party")
    _head(party, buyer.endpoint or otherwise, buyer.name, buyer.place, buyer.care_of)
    _add(_sub(party, "PartyLegalEntity"), "RegistrationName", buyer.name)
    if buyer.email is not None:
        _add(_sub(party, "Contact"), "ElectronicMail", buyer.email)


def _head(party: ET.Element, endpoint: Endpoint, name: str, place: Place, care_of: Sequence[str] = ()) -> None:
    _add(party, "EndpointID", endpoint.id, schemeID=endpoint.scheme)
    _add(_sub(party, "PartyName"), "Name", name)
    address = _sub(party, "PostalAddress")
    if place.street is not None:
        _add(address, "StreetName", place.street)
    if care_of:
        _add(address, "AdditionalStreetName", care_of[0])
    _add(address, "CityName", place.city)
    _add(address, "PostalZone", place.postcode)
    if len(care_of) > 1:  # there is room for two lines: BT-51 and BT-163
        _add(_sub(address, "AddressLine"), "Line", ", ".join(care_of[1:]))
    _add(_sub(address, "Country"), "IdentificationCode", place.country)


def _totals(root: ET.Element, net: int, tax: Tax) -> None:
    owed = tax.on(net)
    total = _sub(root, "TaxTotal")
    _amount(total, "TaxAmount", owed)
    subtotal = _sub(total, "TaxSubtotal")
    _amount(subtotal, "TaxableAmount", net)
    _amount(subtotal, "TaxAmount", owed)
    _category(subtotal, "TaxCategory", tax, reason=True)
    sums = _sub(root, "LegalMonetaryTotal")
    _amount(sums, "LineExtensionAmount", net)
    _amount(sums, "TaxExclusiveAmount", net)
    _amount(sums, "TaxInclusiveAmount", net + owed)
    _amount(sums, "PayableAmount", net + owed)


def _line(root: ET.Element, kind: _Kind, place: int, line: _Line, tax: Tax) -> None:
    element = _sub(root, kind.line)
    _add(element, "ID", str(place))
    _add(element, kind.quantity, "1", unitCode=_UNIT)
    _amount(element, "LineExtensionAmount", line.cents)
    _period(element, line.first, line.last)
    item = _sub(element, "Item")
    _add(item, "Description", line.description)
    _add(item, "Name", line.name)
    _category(item, "ClassifiedTaxCategory", tax)
    _amount(_sub(element, "Price"), "PriceAmount", line.cents)


def _category(parent: ET.Element, name: str, tax: Tax, *, reason: bool = False) -> None:
    category = _sub(parent, name)
    _add(category, "ID", tax.category)
    if tax.category != "O" or reason:  # BR-O-05 forbids the rate in a line, BR-DE-14 asks for it in the sum
        _add(category, "Percent", _decimal(tax.rate_bp))
    if reason and tax.reason is not None:
        _add(category, "TaxExemptionReason", tax.reason)
    _add(_sub(category, "TaxScheme"), "ID", "VAT")


def _attach(root: ET.Element, attached: Rendered) -> None:
    reference = _sub(root, "AdditionalDocumentReference")
    _add(reference, "ID", attached.sha256)
    _add(reference, "DocumentDescription", attached.title)
    content = b64encode(attached.content).decode()
    _add(
        _sub(reference, "Attachment"),
        "EmbeddedDocumentBinaryObject",
        content,
        mimeCode=attached.media_type,
        filename=attached.name,
    )


def _period(parent: ET.Element, first: str, last: str) -> None:
    period = _sub(parent, "InvoicePeriod")
    _add(period, "StartDate", first)
    _add(period, "EndDate", last)


def _amount(parent: ET.Element, name: str, cents: int) -> None:
    _add(parent, name, _decimal(cents), currencyID="EUR")


def _decimal(hundredths: int) -> str:
    return f"{'-' if hundredths < 0 else ''}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


def _sub(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{_CAC}}}{name}")


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, f"{{{_CBC}}}{name}", attributes).text = _NO_XML.sub("\ufffd", text)


def _write(root: ET.Element) -> bytes:
    for prefix, namespace in _PREFIXES.items():
        ET.register_namespace(prefix, namespace)
    ET.indent(root)
    content = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return bytes(content) + b"\n"
