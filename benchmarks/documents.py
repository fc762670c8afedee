"""What documents cost: a thousand contracts typeset one after the other, the memory that it takes, and yearly statements."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.figures import BenchError
from benchmarks.statements import given_of
from services.contracts.documents.billing import BillingData
from services.contracts.documents.rendering import Renderer
from services.contracts.documents.sheets import contract_sheets
from services.contracts.documents.xrechnung import xrechnung
from services.contracts.documents.yearly import read_statement, statement_sheet, yearly_statement
from services.contracts.pricing.statement import statement
from services.contracts.schemas import ContractDetail
from shared.canonical_json import canonical
from shared.messages.values import Party

DOCUMENTS = 1000
STATEMENTS = 200
WARM = 100
GROWTH = 16
"""Megabytes that may be added after the first hundred."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Documents per second of CPU, bytes of one, megabytes resident after the first hundred and after all.

    ``stated``: parts of a yearly statement per second of CPU, each as PDF, JSON and XRechnung.
    """

    made: float
    size: int
    warm: float
    after: float
    stated: float


def measure() -> Figures:
    """Return the figures. Raises BenchError if memory grows with the documents made."""
    example = ContractDetail.model_config["json_schema_extra"]
    if (
        not isinstance(example, dict)
        or not isinstance(examples := example["examples"], list)
        or not isinstance(examples[0], dict)
    ):
        raise BenchError("the API shows no example of a contract")
    example_of: dict[str, Any] = dict(examples[0])
    renderer, size, warm = Renderer(), 0, 0.0
    seconds = time.process_time()
    for place in range(DOCUMENTS):
        data = example_of | {"number": f"FITST/2026/{place:04d}", "order_number": f"V-2026-{place:06d}"}
        size = len(renderer.render(contract_sheets(data)[0]).content)
        if place == WARM:
            warm = _megabytes()
    made = DOCUMENTS / (time.process_time() - seconds)
    after = _megabytes()
    if after - warm > GROWTH:
        raise BenchError(f"memory grew from {warm:.0f} MB to {after:.0f} MB over {DOCUMENTS - WARM} documents")
    return Figures(made, size, warm, after, _stated(renderer, example_of))


def _stated(renderer: Renderer, contract: dict[str, Any]) -> float:
    result = statement(given_of(STATEMENTS))
    tax = {"category": "S", "rate_bp": 1900}
    seconds, size = time.process_time(), 0
    for row in result["payers"]:
        customer = Party(id=row["payer"], name=row["payer"])
        own = contract | {"customer": customer.model_dump(), "leitweg_id": "14-1234567890-12"}
        given = yearly_statement(result, own, number=f"{own['number']}/2026-1", issued_on="2027-03-01", tax=tax)
        document = renderer.render(statement_sheet(given))
        invoice = xrechnung(read_statement(given), _billing(customer.id).of(customer, date(2027, 3, 1)), document)
        size += len(canonical(given))
        if document.sha256.encode() not in invoice:
            raise BenchError("an invoice does not hold the document of its statement")
    if size < STATEMENTS:
        raise BenchError("parts of a statement are empty")
    return len(result["payers"]) / (time.process_time() - seconds)


def _billing(payer: str) -> BillingData:
    place = {"postcode": "10115", "city": "Berlin"}
    seller = {
        "name": "Anbieter",
        "place": place,
        "contact": {"name": "Rechnungswesen", "phone": "030 1234567", "email": "rechnung@example.org"},
        "endpoint": {"scheme": "EM", "id": "rechnung@example.org"},
        "vat_id": "DE123456789",
    }
    account = {"iban": "DE02120300000000202051", "holder": "Anbieter", "days": 30}
    return BillingData.model_validate({"seller": seller, "account": account, "addresses": {payer: {"place": place}}})


def report(figures: Figures) -> None:
    """Print the figures."""
    print(f"  contracts typeset      {figures.made:10,.0f} PDF/A per second of CPU, {figures.size:,} bytes each")
    print(f"  parts of a statement   {figures.stated:10,.0f} per second of CPU, each as PDF/A, JSON and XRechnung")
    print(f"  memory                 {figures.warm:10,.0f} MB after {WARM}, {figures.after:,.0f} MB after {DOCUMENTS:,}")


def _megabytes() -> float:
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
