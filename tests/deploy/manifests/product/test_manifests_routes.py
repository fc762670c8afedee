"""What is reachable from outside, by Ingress and by HTTPRoute: every path of every API, and nothing else."""

from __future__ import annotations

import copy

import pytest

from deploy.checks.generic.objects import Document, Objects, items, text
from deploy.checks.product.routes import api_paths, check_routes, site_services
from marktplatz.assembly import BUILDERS
from tests.deploy.manifests.planting import fresh

BY_KIND = {"Ingress": "tests/keda-only", "HTTPRoute": "overlays/prod"}


def rendered(kind: str) -> list[Document]:
    documents = fresh(BY_KIND[kind])
    assert any(document["kind"] == kind for document in documents)
    return documents


def codes(documents: list[Document]) -> set[str]:
    return {finding.code for finding in check_routes(Objects("a", documents))}


def test_every_service_has_paths_to_be_reached_by() -> None:
    assert set(api_paths()) == {name.value for name in BUILDERS}
    assert {"/v1/orders/{order_id}/place"} <= api_paths()["ordering"]


def test_the_settings_of_the_machine_do_not_change_the_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    known = api_paths()
    monkeypatch.setenv("CATALOG_SEARCH_OVERLAP", "nonsense")
    api_paths.cache_clear()
    assert api_paths() == known


@pytest.mark.parametrize("kind", BY_KIND)
def test_everything_is_routed_and_a_forgotten_path_is_named(kind: str) -> None:
    documents = rendered(kind)
    assert codes(documents) == set()
    for document in documents:
        if document["kind"] == "Ingress":
            paths = document["spec"]["rules"][0]["http"]["paths"]
            paths.remove(next(path for path in paths if path["path"] == "/v1/orders"))
        elif document["kind"] == "HTTPRoute" and text(document, "metadata", "name") == "ordering-api":
            rule = items(document, "spec", "rules")[0]
            rule["matches"] = [it for it in rule["matches"] if it["path"]["value"] != "/v1/orders"]
    findings = [finding for finding in check_routes(Objects("a", documents)) if "/v1/orders" in finding.text]
    assert {(finding.code, finding.where) for finding in findings} == {("route-path", "Service ordering-api")}


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/openapi.json"])
def test_a_route_without_a_match_shows_what_must_stay_inside(path: str) -> None:
    documents = rendered("HTTPRoute")
    route = next(it for it in documents if it["kind"] == "HTTPRoute" and text(it, "metadata", "name") == "notify-api")
    del items(route, "spec", "rules")[0]["matches"]
    shown = [finding for finding in check_routes(Objects("a", documents)) if finding.code == "route-internal"]
    assert any(f" {path} " in finding.text for finding in shown)


@pytest.mark.parametrize("kind", BY_KIND)
def test_what_no_api_has_leads_to_the_portal_by_the_address_that_people_are_given(kind: str) -> None:
    documents = rendered(kind)
    assert site_services(Objects("a", documents)) == {"portal": "marktplatz.example"}
    notify = next(it for it in documents if it["kind"] == "ConfigMap" and "NOTIFY_PORTAL_URL" in (it.get("data") or {}))
    notify["data"]["NOTIFY_PORTAL_URL"] = "https://elsewhere.example"
    assert codes(documents) == {"route-host"}


def test_each_api_may_have_a_host_of_its_own() -> None:
    documents = rendered("HTTPRoute")
    for route in (it for it in documents if it["kind"] == "HTTPRoute" and text(it, "metadata", "name") != "portal"):
        route["spec"]["hostnames"] = [f"{text(route, 'metadata', 'name')}.example"]
    assert codes(documents) == set()


def test_a_redirect_leads_nowhere() -> None:
    documents = rendered("HTTPRoute")
    route = copy.deepcopy(next(it for it in documents if it["kind"] == "HTTPRoute"))
    route["metadata"]["name"] = "to-https"
    route["spec"]["rules"] = [{"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}]
    assert codes([*documents, route]) == set()


def test_a_rewritten_path_cannot_be_judged() -> None:
    documents = rendered("HTTPRoute")
    route = next(it for it in documents if it["kind"] == "HTTPRoute")
    items(route, "spec", "rules")[0]["filters"] = [{"type": "URLRewrite"}]
    assert codes(documents) == {"route-form"}
