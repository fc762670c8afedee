"""The parser of the AsyncAPI initiative has nothing to say about the published documents."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared.schemas.generate import FOLDER
from tests.deploy.npm import installed

HERE = Path(__file__).parent
DOCUMENTS = sorted(FOLDER.glob("asyncapi*.json"))


@pytest.fixture(scope="module")
def modules() -> Path:
    return installed(HERE, "asyncapi-parser")


def diagnostics(modules: Path, document: Any) -> list[str]:
    command = ["node", str(HERE / "diagnose.cjs"), str(modules)]
    done = subprocess.run(command, input=json.dumps(document), capture_output=True, text=True, timeout=300, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_there_are_documents_for_all_readers() -> None:
    names = ["asyncapi-operators.json", "asyncapi-partners.json", "asyncapi-portals.json", "asyncapi.json"]
    assert [file.name for file in DOCUMENTS] == names


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.stem)
def test_the_parser_has_no_diagnostics(modules: Path, file: Path) -> None:
    assert diagnostics(modules, json.loads(file.read_text("utf-8"))) == []


@pytest.mark.parametrize("fault", ["reference", "member", "type"])
def test_the_parser_finds_what_is_planted(modules: Path, fault: str) -> None:
    document = copy.deepcopy(json.loads((FOLDER / "asyncapi-portals.json").read_text("utf-8")))
    if fault == "reference":
        document["channels"]["catalog.offering.v1"]["messages"]["x"] = {"$ref": "#/components/messages/none"}
    elif fault == "member":
        document["channels"]["catalog.offering.v1"]["topic"] = "x"
    else:
        document["components"]["messages"]["catalog.offering.published.v1"]["payload"]["type"] = "objekt"
    assert diagnostics(modules, document)
