"""The bill of materials names everything in the image with hash and licence, and every licence has been reviewed."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from email.message import Message
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
from packaging.utils import canonicalize_name

from tests.deploy.images.test_images_contents import python
from tests.support.docker import ROOT, VERSION

REVIEWED: dict[str, Any] = tomllib.loads((ROOT / "deploy/docker/licences.toml").read_text(encoding="utf-8"))
INSTALLED = "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
NOT_FOR_LINUX = {"colorama"}


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "deploy/docker/sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sbom = _module()


@pytest.fixture(scope="module")
def reports(product: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    del product
    folder = tmp_path_factory.mktemp("sbom")
    assert sbom.main(folder) == 0
    return folder


@pytest.fixture(scope="module")
def components(reports: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((reports / "sbom.cdx.json").read_text(encoding="utf-8"))["components"]
    return {_name(unquote(component["purl"])): component for component in found}


def _name(purl: str) -> str:
    """Return the package without its version; of a vendored package each file is a component of its own."""
    return purl if purl.startswith("pkg:npm/") else purl.split("@", maxsplit=1)[0]


def test_each_pinned_requirement_is_in_the_image_and_in_the_bill(product: str, components: dict[str, Any]) -> None:
    lines = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8").splitlines()
    pinned = {match.group(1) for line in lines if (match := re.match(r"([a-z0-9._-]+)==", line))} - NOT_FOR_LINUX
    installed = {canonicalize_name(name) for name in python(product, INSTALLED).split()}
    listed = {purl.removeprefix("pkg:pypi/") for purl in components if purl.startswith("pkg:pypi/")}
    assert installed == listed == pinned


def test_each_debian_package_of_the_image_is_in_the_bill(components: dict[str, Any]) -> None:
    lines = (ROOT / "deploy/docker/packages.txt").read_text(encoding="ascii").splitlines()
    packages = {line for line in lines if line and not line.startswith("#")}
    assert {purl.removeprefix("pkg:deb/debian/") for purl in components if purl.startswith("pkg:deb/")} == packages


def test_the_hash_of_each_wheel_is_one_that_the_lock_file_pins(components: dict[str, Any]) -> None:
    pinned = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")))
    hashes = {component["hashes"][0]["content"] for purl, component in components.items() if purl.startswith("pkg:pypi/")}
    assert len(hashes) > 40
    assert hashes <= pinned


def test_each_file_of_others_that_browsers_get_is_in_the_bill_with_the_hash_of_what_is_served(
    product: str, reports: Path
) -> None:
    program = (
        "import gzip, hashlib, pathlib, services.portal.assets as a;"
        "print(*(hashlib.sha256(gzip.decompress(p.read_bytes()) if p.suffix == '.gz' else p.read_bytes()).hexdigest()"
        " for p in (a.FOLDER / 'vendor').iterdir() if p.suffix in ('.gz', '.woff2')))"
    )
    found = json.loads((reports / "sbom.cdx.json").read_text(encoding="utf-8"))["components"]
    listed = {it["hashes"][0]["content"]: it for it in found if it["purl"].startswith("pkg:npm/")}
    assert set(listed) == set(python(product, program).split())
    stated = {(it["name"], it["version"], it["licenses"][0]["license"]["id"]) for it in listed.values()}
    assert stated == {
        ("@kern-ux/native", "2.7.2", "EUPL-1.2"),
        ("@kern-ux/native", "2.7.2", "OFL-1.1"),
        ("htmx.org", "4.0.1", "0BSD"),
    }
    assert len({it["bom-ref"] for it in found}) == len(found)


def test_every_component_has_a_hash_a_version_and_a_licence(components: dict[str, Any]) -> None:
    assert all(re.fullmatch(r"[0-9a-f]{64}", component["hashes"][0]["content"]) for component in components.values())
    assert all(component["version"] and component["licenses"] for component in components.values())


def test_the_bill_names_the_image_and_is_the_same_when_made_again(reports: Path, tmp_path: Path) -> None:
    first = (reports / "sbom.cdx.json").read_text(encoding="utf-8")
    sbom.main(tmp_path)
    assert (tmp_path / "sbom.cdx.json").read_text(encoding="utf-8") == first
    product = json.loads(first)["metadata"]["component"]
    assert (product["name"], product["version"]) == ("efa-marktplatz", VERSION)
    assert product["licenses"] == [{"license": {"id": "EUPL-1.2"}}]


def test_the_licence_report_names_every_python_package(reports: Path, components: dict[str, Any]) -> None:
    report = (reports / "licences.md").read_text(encoding="utf-8")
    pythons, _, served = report.partition("\n\n")
    rows = {canonicalize_name(line.split("|")[1].strip()) for line in pythons.splitlines()[2:] if line.startswith("|")}
    assert rows == {purl.removeprefix("pkg:pypi/") for purl in components if purl.startswith("pkg:pypi/")}
    assert [line.split("|")[1].strip() for line in served.splitlines()[2:]] == [
        "kern.min.css.gz",
        "fira-sans-regular.woff2",
        "fira-sans-semibold.woff2",
        "htmx.min.js.gz",
    ]


def test_no_reviewed_entry_is_without_use(components: dict[str, Any]) -> None:
    used = {
        licence["license"].get("id") or licence["license"].get("name") if "license" in licence else licence["expression"]
        for component in components.values()
        for licence in component["licenses"]
    }
    text = " ".join(sorted(used))
    allowed = [*REVIEWED["allowed"], *REVIEWED["allowed_debian"], *REVIEWED["allowed_vendored"]]
    assert [licence for licence in allowed if licence not in text] == []
    assert {f"pkg:deb/debian/{name}" for name in REVIEWED["debian"]} <= set(components)
    assert {f"pkg:pypi/{name}" for name in REVIEWED["python"]} <= set(components)


@pytest.mark.parametrize("licence", ["", "AGPL-3.0-only", "MIT AND SSPL-1.0", "GPL-2.0-only", "LicenseRef-Proprietary", "MITX"])
def test_a_licence_that_was_not_reviewed_is_refused(licence: str) -> None:
    with pytest.raises(sbom.UnknownLicenceError, match="example"):
        sbom.permitted("example", licence, REVIEWED["allowed"])


def test_alternatives_of_reviewed_licences_are_permitted() -> None:
    expression = "MPL-2.0 AND (Apache-2.0 OR MIT)"
    assert sbom.permitted("example", expression, REVIEWED["allowed"]) == expression


def test_what_a_package_states_is_read_from_the_newer_field_first() -> None:
    metadata = Message()
    metadata["License-Expression"] = "MIT"
    metadata["License"] = "see file"
    assert sbom.stated(metadata, {}) == "MIT"
    older = Message()
    older["License"] = "Apache 2\nmore text"
    assert sbom.stated(older, REVIEWED["spelling"]) == "Apache-2.0"
    assert sbom.stated(Message(), {}) == ""


def test_without_a_vulnerability_database_it_is_said_that_nothing_was_audited(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for answer in ("", '{"dependencies": [{"name": "fastapi", "skip_reason": "not found"}]}'):
        _audit_answers(monkeypatch, answer)
        assert sbom.audit(tmp_path / "audit.json") == 0
        assert "NOT AUDITED" in capsys.readouterr().out
        assert not (tmp_path / "audit.json").exists()


def test_a_known_vulnerability_is_named_and_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _audit_answers(monkeypatch, '{"dependencies": [{"name": "h11", "version": "0.1", "vulns": [{"id": "CVE-2025-1"}]}]}')
    assert sbom.audit(tmp_path / "audit.json") == 1
    assert "h11 0.1: CVE-2025-1" in capsys.readouterr().out
    assert (tmp_path / "audit.json").exists()


def _audit_answers(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    class Done:
        stdout = text
        stderr = "no connection"
        returncode = 1

    monkeypatch.setattr(sbom.subprocess, "run", lambda *_, **__: Done())
