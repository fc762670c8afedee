"""Custom resources are checked as strictly as the API server does it, and never passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.checks.__main__ import main
from deploy.checks.generic import crds
from deploy.checks.generic.cel_rules import broken_rules
from deploy.checks.generic.crds import Definitions, DefinitionsMissingError, defaulted, definitions, folder, strict
from deploy.checks.generic.keda_triggers import check_triggers
from deploy.checks.generic.objects import Objects

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  group: example.org
  names: {kind: Gadget}
  versions:
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: integer, default: 1}
                port: {x-kubernetes-int-or-string: true}
                mood: {type: string, nullable: true, enum: [good, bad]}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
                map: {type: object, additionalProperties: {type: integer}}
                parts: {type: array, items: {type: object, properties: {name: {type: string}}}}
              x-kubernetes-validations:
                - rule: self.size < 10
                  message: too big
                - rule: self.size >= oldSelf.size
                  message: shrinks
    - name: v1beta1
      served: false
      schema: {openAPIV3Schema: {type: object}}
"""


@pytest.fixture(scope="module")
def gadgets(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    path = tmp_path_factory.mktemp("crds")
    (path / "gadget.yaml").write_text(DEFINITION, encoding="utf-8")
    return Definitions(path)


def gadget(version: str = "v1", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"example.org/{version}", "kind": "Gadget", "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize(
    "spec",
    [
        {"size": 2},
        {},
        {"port": "http"},
        {"port": 80},
        {"mood": "good"},
        {"free": {"a": "x", "b": {"c": 1}}},
        {"map": {"any": 1}},
        {"parts": [{"name": "x"}]},
    ],
)
def test_what_the_definition_allows_passes(gadgets: Definitions, spec: dict[str, Any]) -> None:
    assert list(gadgets.check(gadget(**spec))) == []


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"sizes": 2}, "crd-schema"),
        ({"size": "2"}, "crd-schema"),
        ({"port": 1.5}, "crd-schema"),
        ({"mood": "fair"}, "crd-schema"),
        ({"free": {"a": 1}}, "crd-schema"),
        ({"map": {"any": "1"}}, "crd-schema"),
        ({"parts": [{"names": "x"}]}, "crd-schema"),
        ({"size": 10}, "crd-rule"),
    ],
)
def test_what_it_does_not_allow_is_reported(gadgets: Definitions, spec: dict[str, Any], code: str) -> None:
    assert [finding.code for finding in gadgets.check(gadget(**spec))] == [code]


def test_a_version_that_is_not_served_is_unknown(gadgets: Definitions) -> None:
    assert gadgets.know(gadget())
    assert not gadgets.know(gadget("v1beta1"))


def test_defaults_are_filled_in_before_the_rules_run() -> None:
    schema = {"properties": {"a": {"default": 1}, "b": {"items": {"properties": {"c": {"default": "x"}}}}}}
    assert defaulted(schema, {"b": [{}]}) == {"a": 1, "b": [{"c": "x"}]}


def test_a_rule_that_cannot_be_evaluated_counts_as_broken() -> None:
    schema = {"x-kubernetes-validations": [{"rule": "self.there.is > noSuchFunction(self)"}]}
    assert [path for path, _ in broken_rules(schema, {})] == [""]


def test_schemas_inside_of_junctors_name_no_fields() -> None:
    made = strict({"type": "object", "properties": {"a": {"type": "string"}}, "anyOf": [{"required": ["a"]}]})
    assert made["additionalProperties"] is False
    assert made["anyOf"] == [{"required": ["a"]}]


def test_a_missing_folder_is_a_failure_that_says_how_to_get_the_definitions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("K8S_CRDS", str(tmp_path))
    with pytest.raises(DefinitionsMissingError, match=r"install/cluster-operator.*config/crd/bases.*K8S_CRDS"):
        folder()
    definitions.cache_clear()
    monkeypatch.setattr("deploy.checks.generic.verdicts._verdicts", {})
    assert main(["overlays/prod"]) == 1
    assert "custom resource definitions" in capsys.readouterr().err
    definitions.cache_clear()


def test_the_definitions_in_use_cover_every_custom_kind_of_the_components() -> None:
    kinds = {kind for _, kind in crds.definitions()._schemas}
    assert {"Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser", "ScaledObject", "TriggerAuthentication"} <= kinds
    assert {"ServiceMonitor", "PodMonitor", "PrometheusRule", "ExternalSecret", "HTTPRoute"} <= kinds


def scaled(**metadata: str) -> Objects:
    trigger = {"type": "kafka", "metadata": metadata}
    return Objects("a", [{"kind": "ScaledObject", "metadata": {"name": "a"}, "spec": {"triggers": [trigger]}}])


def test_a_trigger_may_take_a_parameter_from_the_environment_only_where_the_scaler_reads_it_there() -> None:
    given = {"bootstrapServersFromEnv": "KAFKA", "consumerGroup": "g", "topic": "t"}
    assert list(check_triggers(scaled(**given))) == []
    assert [finding.code for finding in check_triggers(scaled(**given, lagThresholdFromEnv="LAG"))] == ["keda-metadata"]
