"""The image with the typesetter: the product's layers and one more, which makes documents as on any other machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.images.test_images_contents import HARDENED, LARGEST
from tests.deploy.images.test_images_licences import sbom
from tests.support.contract_documents import contract
from tests.support.docker import PRODUCT, built, docker

TYPESETTER = 75_000_000
"""What the typesetter may add to an image."""


@pytest.fixture(scope="module")
def documents(product: str) -> str:
    del product
    return built(f"{PRODUCT}-documents")


def inspected(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", image))[0]
    return found


def test_it_is_the_product_and_one_layer_more(product: str, documents: str) -> None:
    below, whole = inspected(product), inspected(documents)
    assert whole["RootFS"]["Layers"][:-1] == below["RootFS"]["Layers"]
    assert whole["Config"]["Entrypoint"] == below["Config"]["Entrypoint"]
    assert whole["Config"]["User"] == below["Config"]["User"] == "10001:10001"
    assert whole["Config"]["Labels"] == below["Config"]["Labels"]
    assert whole["Size"] < LARGEST + TYPESETTER


def test_it_makes_the_documents_that_are_made_here_byte_for_byte(documents: str, tmp_path: Path) -> None:
    from services.contracts.documents.rendering import Renderer  # noqa: PLC0415 - the typesetter of this machine
    from services.contracts.documents.sheets import contract_sheets  # noqa: PLC0415

    data = contract(prices=12, conditions=3)
    tmp_path.chmod(0o755)
    (tmp_path / "contract.json").write_text(json.dumps(data), "utf-8")
    mount = f"type=bind,source={tmp_path},target=/given,readonly"
    arguments = ("contracts", "document", "/given/contract.json", "--to", "/tmp")  # noqa: S108 - inside the container
    printed = docker("run", "--rm", *HARDENED, "--network", "none", "--mount", mount, documents, *arguments)
    hashes = [line.split()[0] for line in printed.splitlines()]
    assert hashes == [Renderer().render(sheet).sha256 for sheet in contract_sheets(data)]


def test_the_image_without_it_says_what_is_missing(product: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "contract.json").write_text(json.dumps(contract()), "utf-8")
    mount = f"type=bind,source={tmp_path},target=/given,readonly"
    arguments = ("contracts", "document", "/given/contract.json")
    with pytest.raises(RuntimeError, match="typesetter_missing"):
        docker("run", "--rm", *HARDENED, "--network", "none", "--mount", mount, product, *arguments)


def test_the_bill_names_the_typesetter_with_a_reviewed_licence(documents: str) -> None:
    files = sbom.texts_of(documents)
    reviewed = sbom.tomllib.loads((sbom.ROOT / "deploy/docker/licences.toml").read_text(encoding="utf-8"))
    names = {component.name: component for component in sbom.python_components(files, reviewed)}
    assert "typst" in names
    assert names["typst"].hashes
    assert "uvloop" in names
