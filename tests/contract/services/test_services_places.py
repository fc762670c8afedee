"""``BUILDERS`` is the one list of services: whatever else names all of them is held against it and says whom it lacks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest

from deploy.generate.deployments import DEPLOYMENTS
from marktplatz.assembly import BUILDERS, SITES, ServiceName
from marktplatz.loading import LOADERS
from marktplatz.recovery.stores import COPY_ORDER
from tests.contract.services.shape import PACKAGES
from tests.contract.services.shape import SITES as PAGES

ROOT = Path(__file__).parents[3]
NAMES = [name.value for name in BUILDERS]
API, MIGRATION, STORE = "{service}-api", "{service}-migrate", "{service}-store"
ONE_OF_THE_APIS = r"job=~\"\([a-z|]*\b{service}\b[a-z|]*\)-api\|portal\""
PLACES: Mapping[str, tuple[str, ...]] = {
    "README.md": ("`services/{service}`",),
    "docs/apis.md": (r"\(marktplatz url {service}\)",),
    "docs/architecture/README.md": (r"services\[\"services: .*\b{service}\b",),
    "docs/architecture/rights.md": (r"\| {service} \|",),
    "docs/betrieb/installation.md": ("Datenbanken, etwa .*`{service}`", f"`{STORE}`"),
    "docs/betrieb/konfiguration.md": ("### Dienst {service}",),
    "deploy/README.md": (f"`{STORE}`",),
    "deploy/base/kustomization.yaml": (r"\n  - {service}\n",),
    "deploy/checks/product/flows.yaml": (API, MIGRATION),
    "deploy/checks/product/secrets.yaml": (STORE,),
    "deploy/components/alerts/http.yaml": (ONE_OF_THE_APIS,),
    "deploy/components/alerts/processes.yaml": (r"\{job=\"{service}-api\"",),
    "deploy/components/alerts/recordings.yaml": (ONE_OF_THE_APIS,),
    "deploy/components/alerts/storage.yaml": (r"job_name=~\"\([a-z|]*\b{service}\b[a-z|]*\)-migrate\"",),
    "deploy/components/external-secrets/secrets.yaml": (STORE,),
    "deploy/components/gateway-api/httproutes.yaml": (API,),
    "deploy/components/hpa/autoscalers.yaml": (API,),
    "deploy/components/ingress/ingress.yaml": (API,),
    "deploy/components/mongodb/mongodb.yaml": (STORE,),
    "deploy/components/recovery/jobs/backup.yaml": (STORE, r"\"{service}\": "),
    "deploy/components/recovery/jobs/recovery.yaml": (STORE, r"\"{service}\": "),
    "deploy/components/reloader/kustomization.yaml": (STORE,),
    "deploy/gitops/flux/marktplatz.yaml": (API, MIGRATION),
}
"""Files that name every service, with the patterns that must be found in them once ``{service}`` is filled in."""
PLACES_OF_SITES: Mapping[str, str] = {
    "deploy/base/kustomization.yaml": r"\n  - {site}\n",
    "deploy/checks/product/flows.yaml": r"sites: \[.*\b{site}\b.*\]",
    "deploy/checks/product/secrets.yaml": STORE,
    "deploy/components/alerts/processes.yaml": r"\{job=\"{site}\"",
    "deploy/components/external-secrets/secrets.yaml": STORE,
    "deploy/components/gateway-api/httproutes.yaml": r"- name: {site}\n",
    "deploy/components/hpa/autoscalers.yaml": r"name: {site}\n",
    "deploy/components/ingress/ingress.yaml": r"name: {site}\n",
    "deploy/components/mongodb/mongodb.yaml": STORE,
    "deploy/components/reloader/kustomization.yaml": STORE,
    "deploy/gitops/flux/marktplatz.yaml": r"name: {site},",
    "docs/betrieb/installation.md": STORE,
}
"""The same for services of pages, which have neither an API nor a migration, and are in no backup."""


def lacking(path: str) -> list[str]:
    """Return what a file of ``PLACES`` lacks: the pattern, filled in."""
    content = (ROOT / path).read_text(encoding="utf-8")
    patterns = [pattern.replace("{service}", name) for name in NAMES for pattern in PLACES[path]]
    return [pattern for pattern in patterns if re.search(pattern, content) is None]


def test_the_packages_in_the_tree_the_names_on_the_command_line_and_the_builders_are_the_same() -> None:
    assert sorted(NAMES) == PACKAGES
    assert sorted(SITES) == PAGES
    assert sorted(name.value for name in ServiceName if name is not ServiceName.ALL) == PACKAGES


def test_a_backup_copies_the_store_of_every_service() -> None:
    assert sorted(name.value for name in COPY_ORDER) == sorted(NAMES)


def test_the_reference_data_of_every_service_that_has_some_are_loaded() -> None:
    references = {name: import_module(f"services.{name}.reference") for name in PACKAGES if _has(name, "reference.py")}
    loads = {name: module.load_reference for name, module in references.items() if hasattr(module, "load_reference")}
    assert {name: load for name, (_, load) in LOADERS.items()} == loads


def _has(name: str, file: str) -> bool:
    return (ROOT / "services" / name / file).is_file()


def test_every_service_has_its_processes_and_every_process_its_manifest() -> None:
    assert {process.service for process in DEPLOYMENTS} == set(NAMES)
    manifests = {path.stem for path in (ROOT / "deploy/base/contracts/processors").glob("*.yaml")}
    missing = [
        process.name
        for process in DEPLOYMENTS
        if not (ROOT / f"deploy/base/{process.service}/{process.role.value}.yaml").is_file()
        and (process.channel is None or process.channel.value not in manifests)
    ]
    assert missing == []
    assert [name for name in NAMES if not (ROOT / f"deploy/base/{name}/migrate.yaml").is_file()] == []


@pytest.mark.parametrize("path", PLACES)
def test_what_names_the_services_names_every_one(path: str) -> None:
    assert lacking(path) == [], f"{path} names some services, but not these"


@pytest.mark.parametrize("path", PLACES_OF_SITES)
def test_what_names_the_sites_names_every_one(path: str) -> None:
    content = (ROOT / path).read_text(encoding="utf-8")
    for site in SITES:
        pattern = PLACES_OF_SITES[path].replace("{site}", site).replace("{service}", site)
        assert re.search(pattern, content), f"{path} does not name {site}"


def test_a_service_that_is_missing_from_a_file_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.contract.services.test_services_places.NAMES", [*NAMES, "archive"])
    assert [path for path in PLACES if not lacking(path)] == []
    assert lacking("deploy/components/alerts/http.yaml")[0].count("archive") == 1


def test_the_layers_are_held_for_all_services_without_a_list_of_them() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    assert [contract["modules"] for contract in contracts if contract["type"] == "independence"] == [["services.*"]]
