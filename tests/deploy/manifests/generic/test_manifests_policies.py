"""NetworkPolicies are evaluated as Kubernetes defines them."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.checks.generic.network.policies import UNNAMED, Endpoint, Network

HTTP = (8080, "TCP")
CLIENT = Endpoint("client", "shop", {"app": "client"}, {"team": "a"})
SERVER = Endpoint("server", "shop", {"app": "server"}, {"team": "a"}, ports={"http": (8080, "TCP")})
FOREIGN = Endpoint("foreign", "other", {"app": "client"}, {"team": "b"})
OUTSIDE = Endpoint("outside", ip="203.0.113.7")


def policy(selector: dict[str, Any] | None = None, namespace: str = "shop", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a", "namespace": namespace}, "spec": {"podSelector": selector or {}, **spec}}


def open_(sender: Endpoint, receiver: Endpoint, *policies: dict[str, Any]) -> set[tuple[int, str]]:
    return set(Network([CLIENT, SERVER, FOREIGN, OUTSIDE], policies).flows(sender, receiver))


DENY = policy(policyTypes=["Ingress", "Egress"])
LEAVE = policy({"matchLabels": {"app": "client"}}, policyTypes=["Egress"], egress=[{}])


def test_without_a_policy_everything_is_open() -> None:
    assert set(UNNAMED) <= open_(CLIENT, SERVER)


def test_a_policy_without_rules_closes_its_directions() -> None:
    assert open_(CLIENT, SERVER, DENY) == set()
    assert open_(FOREIGN, SERVER, policy(policyTypes=["Ingress"])) == set()
    assert open_(SERVER, FOREIGN, policy(policyTypes=["Ingress"])) != set()


def test_both_sides_must_allow_a_flow() -> None:
    enter = policy({"matchLabels": {"app": "server"}}, ingress=[{"ports": [{"port": 8080}]}])
    assert open_(CLIENT, SERVER, DENY, enter) == set()
    assert open_(CLIENT, SERVER, DENY, LEAVE) == set()
    assert open_(CLIENT, SERVER, DENY, LEAVE, enter) == {HTTP}


def test_policies_add_up() -> None:
    rules = [policy(ingress=[{"ports": [{"port": port}]}]) for port in (8080, 9090)]
    assert open_(FOREIGN, SERVER, *rules) == {HTTP, (9090, "TCP")}


def test_without_types_a_policy_is_about_ingress_and_about_egress_if_it_has_such_rules() -> None:
    assert open_(CLIENT, FOREIGN, policy(ingress=[])) != set()
    assert open_(CLIENT, FOREIGN, policy(egress=[{"ports": [{"port": 8080}]}])) == {HTTP}


def test_a_pod_selector_alone_means_the_policys_own_namespace() -> None:
    rule = policy(ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}])
    assert open_(CLIENT, SERVER, rule) != set()
    assert open_(FOREIGN, SERVER, rule) == set()


def test_selectors_of_one_entry_must_both_match_those_of_two_entries_either() -> None:
    namespace, pods = {"namespaceSelector": {"matchLabels": {"team": "b"}}}, {"podSelector": {"matchLabels": {"app": "server"}}}
    assert open_(FOREIGN, SERVER, policy(ingress=[{"from": [{**namespace, **pods}]}])) == set()
    assert open_(FOREIGN, SERVER, policy(ingress=[{"from": [namespace, pods]}])) != set()


def test_an_empty_namespace_selector_means_every_namespace_but_nobody_outside() -> None:
    rule = policy(ingress=[{"from": [{"namespaceSelector": {}}]}])
    assert open_(FOREIGN, SERVER, rule) != set()
    assert open_(OUTSIDE, SERVER, rule) == set()


def test_a_policy_selects_pods_of_its_own_namespace_only() -> None:
    assert open_(CLIENT, SERVER, policy(namespace="other", policyTypes=["Ingress", "Egress"])) != set()


@pytest.mark.parametrize(
    ("block", "reached"),
    [
        ({"cidr": "203.0.113.0/24"}, True),
        ({"cidr": "198.51.100.0/24"}, False),
        ({"cidr": "0.0.0.0/0", "except": ["203.0.113.0/28"]}, False),
        ({"cidr": "::/0"}, False),
    ],
)
def test_blocks_name_addresses_outside(block: dict[str, Any], *, reached: bool) -> None:
    assert bool(open_(CLIENT, OUTSIDE, policy(egress=[{"to": [{"ipBlock": block}]}]))) is reached


def test_a_block_names_no_pod() -> None:
    assert open_(CLIENT, SERVER, policy(egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}])) == set()


def test_a_named_port_is_the_receivers() -> None:
    rule = policy(policyTypes=["Egress"], egress=[{"ports": [{"port": "http"}]}])
    assert open_(CLIENT, SERVER, rule) == {HTTP}
    assert open_(CLIENT, FOREIGN, rule) == set()


def test_a_named_port_that_no_receiver_has_is_reported() -> None:
    network = Network([SERVER], [policy(ingress=[{"ports": [{"port": "web"}]}])])
    assert [port for _, port in network.unresolved()] == ["web"]


def test_protocols_and_ranges_are_distinguished() -> None:
    assert open_(CLIENT, SERVER, policy(policyTypes=["Egress"], egress=[{"ports": [{"port": 8080, "protocol": "UDP"}]}])) == {
        (8080, "UDP")
    }
    rule = policy(policyTypes=["Egress"], egress=[{"ports": [{"port": 8000, "endPort": 9000}]}])
    assert open_(CLIENT, SERVER, rule) == {(8000, "TCP"), HTTP, (9000, "TCP")}


def test_expressions_select_by_sets() -> None:
    chosen = {
        "matchExpressions": [
            {"key": "app", "operator": "In", "values": ["server", "x"]},
            {"key": "old", "operator": "DoesNotExist"},
        ]
    }
    assert open_(FOREIGN, SERVER, policy(chosen, policyTypes=["Ingress"])) == set()
    others = {
        "matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["server"]}, {"key": "app", "operator": "Exists"}]
    }
    assert open_(FOREIGN, SERVER, policy(others, policyTypes=["Ingress"])) != set()
