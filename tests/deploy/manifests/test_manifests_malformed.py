"""Whatever an overlay holds, the checks end in findings: never in a traceback, and never because one of them gave up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from deploy.checks import suite
from deploy.checks.generic.crds import DefinitionsMissingError
from deploy.checks.generic.objects import Document, Finding, Objects, kind_of
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.generic.verdicts import verdict_of
from deploy.checks.suite import check
from tests.deploy.manifests.malformed import spoilt

OVERLAY = "overlays/prod"
SAMPLES = ("tests/everything", "tests/gateway-flux", "tests/keda-only")
PER_KIND = 3
SPOILT = 800
SHAPES = frozenset({"core-schema", "crd-schema", "crd-rule", "unknown-kind"})


@cache
def sample() -> tuple[Document, ...]:
    """Return a few objects of every kind that any component brings."""
    chosen: list[Document] = []
    counts: Counter[str] = Counter()
    for document in (document for name in SAMPLES for document in render(DEPLOY / name)):
        if counts[kind_of(document)] < PER_KIND:
            counts[kind_of(document)] += 1
            chosen.append(document)
    return tuple(chosen)


def test_the_sample_holds_every_kind() -> None:
    everything = {kind_of(document) for name in SAMPLES for document in render(DEPLOY / name)}
    assert {kind_of(document) for document in sample()} == everything
    assert {"Ingress", "HTTPRoute", "StatefulSet", "ScaledObject", "ExternalSecret"} <= everything


@pytest.mark.parametrize("seed", [1, 2])
def test_a_spoilt_field_never_ends_a_check(seed: int) -> None:
    ended = []
    for place, one in spoilt(sample(), SPOILT // 2, seed):
        documents = [*sample()[:place], one.document, *sample()[place + 1 :]]
        ended += [f"{one}: {finding}" for finding in check(Objects(OVERLAY, documents)) if finding.code == "unjudged"]
    assert ended == []


METADATA: tuple[object, ...] = (None, [], "a", {"name": None}, {"name": [1]})
HARDLY: tuple[Document, ...] = (
    {},
    {"kind": None},
    {"kind": [], "apiVersion": {}},
    {"kind": "Deployment"},
    {"apiVersion": "apps/v1", "kind": "../../a"},
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {1: "b", "c": "d"}}, "data": {2: 3, None: "e"}},
    {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "metadata": {1: 2}, "spec": {1: 2, None: 3}},
    *({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": given} for given in METADATA),
)


@pytest.mark.parametrize("document", HARDLY, ids=str)
def test_what_is_hardly_an_object_is_misshapen(document: Document) -> None:
    findings = check(Objects(OVERLAY, [*sample(), document]))
    assert {finding.code for finding in findings} & SHAPES
    assert "unjudged" not in {finding.code for finding in findings}


def test_rules_about_how_objects_fit_wait_until_all_have_their_shape() -> None:
    deployment = next(it for it in sample() if kind_of(it) == "Deployment")
    broken = deployment | {"spec": deployment["spec"] | {"replicas": "three"}}
    assert {finding.code for finding in check(Objects(OVERLAY, [broken]))} == {"core-schema"}
    assert len({finding.code for finding in check(Objects(OVERLAY, [deployment]))} - {"core-schema"}) > 1


def _giving_up(objects: Objects) -> Iterator[Finding]:
    yield Finding("known", objects.overlay, "found before")
    raise ZeroDivisionError("a rule with a defect")


def test_a_rule_that_gives_up_is_a_finding_and_the_others_still_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "CHECKS", (_giving_up, *suite.CHECKS))
    deployment = next(it for it in sample() if kind_of(it) == "Deployment")
    findings = check(Objects(OVERLAY, [deployment]))
    [unjudged] = [finding for finding in findings if finding.code == "unjudged"]
    assert unjudged.where == OVERLAY
    assert "_giving_up cannot judge this (ZeroDivisionError: a rule with a defect" in unjudged.text
    assert {"known", "account-missing"} <= {finding.code for finding in findings}


def _without_definitions(_: Objects) -> Iterator[Finding]:
    raise DefinitionsMissingError("nothing to go by")
    yield


def test_missing_definitions_are_no_finding_but_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "CHECKS", (_without_definitions,))
    with pytest.raises(DefinitionsMissingError):
        check(Objects(OVERLAY, sample()))


def test_a_field_that_is_null_is_as_none_unless_nothing_is_called_so() -> None:
    deployment = next(it for it in sample() if kind_of(it) == "Deployment")
    assert verdict_of(deployment | {"spec": deployment["spec"] | {"paused": None}}) == verdict_of(deployment)
    assert verdict_of(deployment | {"spec": deployment["spec"] | {"pausd": None}}).shape != ()
    assert verdict_of(deployment | {"spec": None}).shape != ()
