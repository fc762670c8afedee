"""How HTTPRoutes hang on their Gateway, and that what handbook and components have operators write holds every rule."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest

from deploy.checks.generic.certificates import check_certificates
from deploy.checks.generic.objects import Document, Objects, items, text
from deploy.checks.generic.render import DEPLOY, read_yaml, render
from deploy.checks.product.gateways import check_gateways, listeners
from deploy.checks.suite import check
from tests.deploy.manifests.planting import clean

HANDBOOK = DEPLOY.parent / "docs" / "betrieb"


def routes() -> list[Document]:
    return copy.deepcopy(clean().of("HTTPRoute"))


def codes(documents: list[Document]) -> set[str]:
    rest = [document for document in clean() if document["kind"] != "HTTPRoute"]
    return {finding.code for finding in check_gateways(Objects("a", [*rest, *documents]))}


def named(documents: list[Document], name: str) -> Document:
    return next(document for document in documents if text(document, "metadata", "name") == name)


def fenced(file: Path, containing: str) -> str:
    """Return the one YAML example of a page that contains a text."""
    (found,) = [it for it in re.findall(r"```yaml\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL) if containing in it]
    return str(found)


def overlay(tmp_path: Path, added: str, components: str = "") -> Objects:
    """Build an overlay of production with something added, as an operator would."""
    folder = tmp_path / "overlays" / "hier"
    folder.mkdir(parents=True)
    (tmp_path / "deploy").symlink_to(DEPLOY)
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: marktplatz\n"
    (folder / "kustomization.yaml").write_text(
        f"{head}resources: [../../deploy/overlays/prod]\n{components}{added}", encoding="utf-8"
    )
    return render(folder, tmp_path)


def test_the_gateway_of_the_handbook_serves_the_routes_as_they_are() -> None:
    [gateway] = read_yaml(fenced(HANDBOOK / "eingang.md", "kind: Gateway\n"))
    found = check(Objects("a", [*clean().documents, gateway]))
    # The platform makes it: whoever installs the marketplace has no right to, and needs none.
    assert [(it.code, it.where) for it in found] == [("rights-missing", "Gateway gateway-system/public")]


def test_the_patches_of_the_component_hold_every_rule(tmp_path: Path) -> None:
    objects = overlay(tmp_path, fenced(DEPLOY / "components" / "gateway-api" / "README.md", "patches:"))
    assert [str(it) for it in check(objects)] == []


def test_while_one_moves_from_an_ingress_both_ways_may_be_open(tmp_path: Path) -> None:
    patches = fenced(DEPLOY / "components" / "ingress" / "README.md", "patches:")
    objects = overlay(tmp_path, patches, "components: [../../deploy/components/ingress]\n")
    assert objects.of("Ingress")
    assert objects.of("HTTPRoute")
    assert [str(it) for it in check(objects)] == []


def test_an_ingress_without_a_class_is_open_to_nobody_and_reported(tmp_path: Path) -> None:
    objects = overlay(tmp_path, "", "components: [../../deploy/components/ingress]\n")
    assert {finding.code for finding in check(objects)} == {"route-class"}


def test_hosts_of_their_own_need_a_redirect_each_or_one_for_all() -> None:
    documents = routes()
    for route in documents:
        if text(route, "metadata", "name") != "to-https":
            route["spec"]["hostnames"] = [f"{text(route, 'metadata', 'name')}.markt.example"]
    assert codes(documents) == {"route-redirect"}
    named(documents, "to-https")["spec"]["hostnames"] = ["*.markt.example"]
    assert codes(documents) == set()
    del named(documents, "to-https")["spec"]["hostnames"]
    assert codes(documents) == set()


def test_a_listener_may_be_named_by_its_port() -> None:
    documents = routes()
    for route in documents:
        (reference,) = items(route, "spec", "parentRefs")
        reference["port"] = 80 if reference.pop("sectionName") == "http" else 443
    assert {it.port for route in documents for it in listeners(route)} == {80, 443}
    assert codes(documents) == set()


@pytest.mark.parametrize("given", ["61s", "1m15s", "75000ms", "5m"])
def test_times_above_that_of_a_body_are_the_operators_choice(given: str) -> None:
    documents = routes()
    for rule in items(named(documents, "ordering-api"), "spec", "rules"):
        rule["timeouts"]["request"] = given
    assert codes(documents) == set()


@pytest.mark.parametrize("given", ["", "60s", "5m1s", "0s", "90ms"])
def test_other_times_are_reported(given: str) -> None:
    documents = routes()
    for rule in items(named(documents, "ordering-api"), "spec", "rules"):
        rule["timeouts"]["request"] = given
    assert codes(documents) == {"route-timeout"}


@pytest.mark.parametrize(("host", "found"), [("marktplatz.example", set()), ("other.example", {"certificate-host"})])
def test_a_certificate_fits_the_gateway_that_serves_with_it(host: str, found: set[str]) -> None:
    [gateway] = read_yaml(fenced(HANDBOOK / "eingang.md", "kind: Gateway\n"))
    [certificate] = read_yaml((DEPLOY / "components" / "certificate" / "certificate.yaml").read_text(encoding="utf-8"))
    certificate["metadata"]["namespace"] = "gateway-system"
    certificate["spec"]["dnsNames"] = [host]
    assert {it.code for it in check_certificates(Objects("a", [gateway, certificate]))} == found
