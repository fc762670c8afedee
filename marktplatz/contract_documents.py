"""Documents of contracts and statements in files: PDF, and XRechnung of statements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import typer

from services.contracts.documents.billing import Billing
from services.contracts.documents.rendering import Renderer
from services.contracts.documents.sheets import contract_sheets, download_name
from services.contracts.documents.xrechnung import xrechnung
from services.contracts.documents.yearly import SPEC, read_statement, statement_sheet
from services.contracts.domain.owed import INVOICE
from shared.errors import InvalidError


def write_documents(file: Path, folder: Path, addresses: Path | None, billing: Path | None) -> None:
    """Write the documents of a contract or statement into a folder, and print name and SHA-256 of each.

    Raises OSError, InvalidError for what is neither, TypesetterMissingError.
    """
    data = _read(file)
    rows: Mapping[str, list[str]] = {} if addresses is None else _read(addresses)
    renderer = Renderer()
    made: dict[str, bytes]
    if data.get("spec") == SPEC:
        statement = read_statement(data)
        document = renderer.render(statement_sheet(data, rows))
        made = {document.name: document.content}
        if billing is not None:
            made[INVOICE] = xrechnung(statement, Billing.read(_read(billing)), document)
        number: str | None = statement.number
    else:
        if billing is not None:
            raise InvalidError("--xrechnung is for statements: a contract is no invoice", code="no_statement_document")
        made = {document.name: document.content for document in map(renderer.render, contract_sheets(data, rows))}
        number = data.get("number")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        path = folder / download_name(number, name)
        path.write_bytes(content)
        typer.echo(f"{sha256(content).hexdigest()}  {path}")


def _read(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_bytes())
    except ValueError as error:
        raise InvalidError(f"{file} holds no JSON: {error}", code="no_document_data") from error
    if not isinstance(data, dict):
        raise InvalidError(f"{file} holds no object", code="no_document_data")
    return data
