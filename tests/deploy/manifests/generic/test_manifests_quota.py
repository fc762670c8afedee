"""What may run at once is counted as Kubernetes counts it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from deploy.checks.generic.objects import Document, Objects
from deploy.checks.generic.quantities import quantity
from deploy.checks.generic.quota import SPARE, check_quota, needs
from deploy.checks.generic.render import DEPLOY, render

GIB = Decimal(1024**3)


def container(**resources: dict[str, str]) -> dict[str, Any]:
    return {"name": "app", "resources": resources}


def deployment(replicas: int | None, spec: dict[str, Any]) -> Document:
    given: dict[str, Any] = {"strategy": {"rollingUpdate": {"maxSurge": 1}}, "template": {"spec": spec}}
    if replicas is not None:
        given["replicas"] = replicas
    return {"kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}, "spec": given}


def total(*documents: Document) -> dict[str, Decimal]:
    return dict(needs(Objects("o", documents), "n").total)


def test_a_roll_out_counts_the_pod_too_many_and_the_one_that_drains() -> None:
    found = total(deployment(3, {"containers": [container(requests={"memory": "1Gi"})]}))
    assert found == {"pods": 5, "requests.memory": 5 * GIB}


def test_the_most_replicas_of_the_scaler_count() -> None:
    scaler = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "s", "namespace": "n"},
        "spec": {"maxReplicas": 9, "scaleTargetRef": {"kind": "Deployment", "name": "a"}},
    }
    assert total(deployment(None, {"containers": [container()]}), scaler) == {"pods": 11}


def test_an_init_container_counts_only_where_it_needs_more() -> None:
    spec = {"containers": [container(requests={"cpu": "1", "memory": "1Gi"})]}
    spec["initContainers"] = [container(requests={"cpu": "2", "memory": "512Mi"})]
    found = total(deployment(1, spec))
    assert found["requests.cpu"] == Decimal(6)
    assert found["requests.memory"] == 3 * GIB


def test_a_container_without_sizes_counts_what_the_namespace_gives_it() -> None:
    limits = {
        "kind": "LimitRange",
        "metadata": {"name": "l", "namespace": "n"},
        "spec": {"limits": [{"type": "Container", "defaultRequest": {"memory": "1Gi"}, "default": {"memory": "2Gi"}}]},
    }
    found = total(limits, deployment(1, {"containers": [{"name": "app"}]}))
    assert (found["requests.memory"], found["limits.memory"]) == (3 * GIB, 6 * GIB)


def test_pods_and_volumes_that_strimzi_makes_count() -> None:
    pool = {
        "kind": "KafkaNodePool",
        "metadata": {"name": "broker", "namespace": "n"},
        "spec": {
            "replicas": 3,
            "storage": {"volumes": [{"size": "10Gi"}]},
            "resources": {"requests": {"memory": "4Gi"}},
        },
    }
    kafka = {
        "kind": "Kafka",
        "metadata": {"name": "marktplatz", "namespace": "n"},
        "spec": {"entityOperator": {"topicOperator": {"resources": {"requests": {"memory": "1Gi"}}}}},
    }
    found = total(pool, kafka)
    assert found == {
        "pods": 5,
        "requests.memory": 14 * GIB,
        "persistentvolumeclaims": 3,
        "requests.storage": 30 * GIB,
    }


def test_another_namespace_does_not_count() -> None:
    other = deployment(5, {"containers": [container()]})
    other["metadata"]["namespace"] = "m"
    assert total(other) == {}


def test_what_just_fits_is_no_fault() -> None:
    def quota(pods: str) -> Document:
        return {"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "n"}, "spec": {"hard": {"pods": pods}}}

    one = deployment(1, {"containers": [container()]})
    assert [finding.code for finding in check_quota(Objects("o", [one, quota("3")]))] == []
    assert [finding.code for finding in check_quota(Objects("o", [one, quota("2")]))] == ["size-quota"]


@pytest.mark.parametrize(("pods", "codes"), [("14", []), ("15", ["size-slack"]), ("1k", ["size-slack"])])
def test_a_quota_may_be_half_as_much_again_and_a_little_more(pods: str, codes: list[str]) -> None:
    quota = {"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "n"}, "spec": {"hard": {"pods": pods}}}
    one = deployment(1, {"containers": [container()]})
    assert [finding.code for finding in check_quota(Objects("overlays/o", [one, quota]))] == codes
    assert [finding.code for finding in check_quota(Objects("tests/o", [one, quota]))] == []


def test_what_is_small_has_a_small_quota() -> None:
    def hard(overlay: str) -> dict[str, Decimal]:
        [quota] = render(DEPLOY / overlay).of("ResourceQuota")
        return {name: quantity(amount) or Decimal(0) for name, amount in quota["spec"]["hard"].items() if name in SPARE}

    most = hard("overlays/prod")
    for overlay in ("overlays/dev", "tests/minimal"):
        assert {name for name, amount in hard(overlay).items() if amount > most[name] / 2} == set()
    assert check_quota_of("tests/minimal") == []


def check_quota_of(overlay: str) -> list[str]:
    """Return what is wrong with the quota of a combination if it were what operators copy."""
    return [str(finding) for finding in check_quota(Objects("overlays/o", render(DEPLOY / overlay).documents))]
