"""The file of declared flows is read strictly, and compared in both directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.checks.generic.network.declared import Declared, Flow, declared
from deploy.checks.generic.network.flows import named_ports, unknown_names
from deploy.checks.generic.network.strimzi import made_policies
from deploy.checks.generic.objects import Objects
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.product.network import FLOWS, check_network


def kafka(*peers: dict[str, Any]) -> Objects:
    listener = {"name": "tls", "port": 9093, "tls": True, "networkPolicyPeers": list(peers)}
    return Objects(
        "a", [{"kind": "Kafka", "metadata": {"name": "k", "namespace": "n"}, "spec": {"kafka": {"listeners": [listener]}}}]
    )


def test_the_file_refuses_words_that_it_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "flows.yaml"
    file.write_text(
        "groups: {}\npods: []\npeers: []\nflows: [{from: [a], to: [b], ports: [80], until: x, why: y}]\n", encoding="utf-8"
    )
    with pytest.raises(ValidationError, match="until"):
        declared(file)


@pytest.mark.parametrize("ports", [{}, {"ports": [80], "ports-at": "database"}], ids=["none", "both"])
def test_a_flow_has_its_ports_from_one_place(ports: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either ports or ports-at"):
        Flow.model_validate({"from": ["a"], "to": ["b"], "why": "x", **ports})


@pytest.mark.parametrize(
    ("ports", "found"),
    [
        ([{"port": 27018}], {(27018, "TCP")}),
        ([{"port": 1, "protocol": "UDP"}, {"port": 2}], {(1, "UDP"), (2, "TCP")}),
        ([{"port": 27017, "endPort": 27020}, {"protocol": "TCP"}, {"port": "mongodb"}], set()),
    ],
    ids=["one", "two", "ranges and names"],
)
def test_only_single_ports_are_somebodys(ports: list[dict[str, Any]], found: set[tuple[int, str]]) -> None:
    policy = {"kind": "NetworkPolicy", "metadata": {"name": "database"}, "spec": {"egress": [{"ports": ports}]}}
    assert named_ports(Objects("a", [policy]), "database") == found


def test_groups_may_hold_groups() -> None:
    file = Declared.model_validate({"groups": {"a": ["x"], "b": ["a", "y"]}, "pods": [], "peers": [], "flows": []})
    assert file.names(["b", "z"]) == {"x", "y", "z"}


def test_strimzis_own_policy_opens_a_listener_for_its_peers_or_for_all() -> None:
    peer = {"podSelector": {"matchLabels": {"a": "b"}}}
    [policy] = made_policies(kafka(peer))
    assert policy["spec"]["ingress"][-1] == {"from": [peer], "ports": [{"protocol": "TCP", "port": 9093}]}
    [open_to_all] = made_policies(kafka())
    assert open_to_all["spec"]["ingress"][-1]["from"] == []


def test_a_name_that_stands_for_nothing_and_a_flow_that_counts_nowhere_are_reported() -> None:
    objects = render(DEPLOY / "overlays" / "dev")
    assert {finding.code for finding in check_network(objects)} == set()
    odd = Flow.model_validate({"from": ["catalog-apo"], "to": ["dns"], "ports": [53], "with": ["Pony"], "why": "x"})
    file = declared(FLOWS).model_copy(update={"flows": (odd,)})
    assert [finding.text for finding in unknown_names([objects], file)] == [
        "nothing is called 'catalog-apo'",
        "the flow from catalog-apo to dns counts in no overlay",
    ]


def test_an_overlay_without_policies_is_wide_open() -> None:
    assert [finding.code for finding in check_network(Objects("a", []))] == ["network-extra"]


@pytest.mark.parametrize("brokers", ["tests/kafka-own-namespace", "gitops/argocd/kafka", "gitops/flux/kafka"])
def test_a_namespace_of_the_brokers_own_has_the_policies_of_those_who_come_there(brokers: str) -> None:
    objects = render(DEPLOY / brokers)
    assert list(check_network(objects)) == []
    for name in ("kafka-from-keda", "kafka-clients"):
        without = Objects(brokers, [it for it in objects if it["metadata"]["name"] != name])
        assert {finding.code for finding in check_network(without)} == {"network-listener"}


@pytest.mark.parametrize("clients", ["tests/elsewhere", "gitops/argocd/marktplatz", "gitops/flux/marktplatz"])
def test_a_namespace_without_brokers_has_no_policy_of_theirs(clients: str) -> None:
    objects = render(DEPLOY / clients)
    assert not any("kafka" in it["metadata"]["name"] for it in objects.of("NetworkPolicy"))
    [policy] = [it for it in render(DEPLOY / "tests/kafka-own-namespace").of("NetworkPolicy") if "keda" in it["metadata"]["name"]]
    moved = {**policy, "metadata": {**policy["metadata"], "namespace": "marktplatz"}}
    assert [finding.code for finding in check_network(Objects(clients, [*objects, moved]))] == ["network-idle"]
