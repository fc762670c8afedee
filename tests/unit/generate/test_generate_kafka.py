"""Kafka's manifests follow the registry and grant nothing beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.generate import topics as generator
from deploy.generate.deployments import DEPLOYMENTS, Deployment
from deploy.generate.kafka import (
    dead_letter_manifests,
    operations_manifests,
    recovery_manifests,
    topic_manifests,
    user_manifests,
)
from deploy.generate.scaling import scaled_objects
from deploy.generate.secrets import kafka_secrets, recovery_secrets
from marktplatz.assembly import RoleName, ServiceName, assignments
from shared.aggregate.outgoing import OutgoingEvent
from shared.principals import SCALED, Principal, keda, operations, recovery
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from shared.topics import DEAD_LETTERS, REPLAYS, TOPICS, subscribed

DATA = Path(__file__).parents[3] / "data"
CONTRACT_GROUPS = [
    f"contracts.{channel}{purpose}" for channel in ("fitko", "govdigital") for purpose in ("", ".offerings", ".uses")
]
EVERY_PROCESS = pytest.mark.parametrize("item", DEPLOYMENTS, ids=lambda item: item.name)


class Nobody:
    """Publishes nothing."""

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        return [False] * len(events)


def process(name: str) -> Deployment:
    return next(item for item in DEPLOYMENTS if item.name == name)


def names_of(manifests: list[dict[str, Any]]) -> set[str]:
    return {manifest["metadata"]["name"] for manifest in manifests}


def granted(principal: Principal) -> set[tuple[str, str, str]]:
    return {(grant.kind.value, grant.name, operation.value) for grant in principal.grants for operation in grant.operations}


@EVERY_PROCESS
def test_a_process_takes_part_in_the_groups_that_its_code_consumes(item: Deployment) -> None:
    (assignment,) = assignments(ServiceName(item.service), item.role, item.channel)
    built = assignment.build(Resources(store=SqliteStore(None), publisher=Nobody(), data_dir=DATA))
    assert item.groups == tuple(sorted(consumer.group for consumer in built.consumers if assignment.worker))


def test_every_group_and_every_written_topic_belongs_to_some_process() -> None:
    assert {group for item in DEPLOYMENTS for group in item.groups} == set(DEAD_LETTERS)
    assert {topic.name for item in DEPLOYMENTS for topic in item.writes} == {
        topic.name for topic in TOPICS if not topic.many_writers
    }


def test_each_contract_processor_reaches_only_its_own_channel() -> None:
    assert granted(process("contracts-fitko").principal) == {
        ("topic", "contracts.checkpoint.v1", "Describe"),
        ("topic", "contracts.checkpoint.v1", "Write"),
        ("topic", "contracts.contract.v1", "Describe"),
        ("topic", "contracts.contract.v1", "Write"),
        ("topic", "contracts.fitko.dlq", "Describe"),
        ("topic", "contracts.fitko.dlq", "Write"),
        ("topic", "contracts.fitko.replay", "Describe"),
        ("topic", "contracts.fitko.replay", "Read"),
        ("topic", "contracts.fitko.request.v1", "Describe"),
        ("topic", "contracts.fitko.request.v1", "Read"),
        ("topic", "eligibility.award.v1", "Describe"),
        ("topic", "eligibility.award.v1", "Read"),
        ("group", "contracts.fitko", "Read"),
        ("topic", "catalog.offering.v1", "Describe"),
        ("topic", "catalog.offering.v1", "Read"),
        ("topic", "contracts.fitko.offerings.dlq", "Describe"),
        ("topic", "contracts.fitko.offerings.dlq", "Write"),
        ("topic", "contracts.fitko.offerings.replay", "Describe"),
        ("topic", "contracts.fitko.offerings.replay", "Read"),
        ("group", "contracts.fitko.offerings", "Read"),
        ("topic", "eligibility.organisation.v1", "Describe"),
        ("topic", "eligibility.organisation.v1", "Read"),
        ("topic", "ordering.order.v1", "Describe"),
        ("topic", "ordering.order.v1", "Read"),
        ("topic", "contracts.fitko.uses.dlq", "Describe"),
        ("topic", "contracts.fitko.uses.dlq", "Write"),
        ("topic", "contracts.fitko.uses.replay", "Describe"),
        ("topic", "catalog.provision.v1", "Describe"),
        ("topic", "catalog.provision.v1", "Read"),
        ("topic", "contracts.fitko.uses.replay", "Read"),
        ("group", "contracts.fitko.uses", "Read"),
    }


@EVERY_PROCESS
def test_a_process_has_a_user_and_writes_if_and_only_if_its_code_publishes(item: Deployment) -> None:
    (assignment,) = assignments(ServiceName(item.service), item.role, item.channel)
    built = assignment.build(Resources(store=SqliteStore(None), publisher=Nobody(), data_dir=DATA))
    assert bool(item.writes) == built.publishes
    assert item.name in names_of(user_manifests()) & names_of(kafka_secrets())


def looked_after(item: Deployment) -> list[str]:
    """Return the groups that an API shows to the operator."""
    return [group for group in DEAD_LETTERS if item.role is RoleName.API and group.partition(".")[0] == item.service]


def test_the_api_of_contracts_may_read_who_acts_for_whom_and_look_after_its_groups_and_nothing_else() -> None:
    rights = granted(process("contracts-api").principal)
    assert {name for _, name, operation in rights if operation == "Read"} == {
        "eligibility.rights.v1",
        *(name for group in CONTRACT_GROUPS for name in _letters(group)),
    }
    assert {name for _, name, operation in rights if operation == "Write"} == {f"{group}.replay" for group in CONTRACT_GROUPS}


def _letters(group: str) -> tuple[str, str]:
    """Return what is read to see a group's dead letters: their topic, and the group that notes what was sent back."""
    return f"{group}.dlq", f"{group}.dlq.replay"


@EVERY_PROCESS
def test_an_api_sees_how_its_own_groups_stand_and_joins_none(item: Deployment) -> None:
    rights = granted(item.principal)
    assert {name for kind, name, operation in rights if (kind, operation) == ("group", "Describe")} == set(looked_after(item))
    described = {name for kind, name, operation in rights if (kind, operation) == ("topic", "Describe")}
    assert {topic.name for group in looked_after(item) for topic in subscribed(group)} <= described


@EVERY_PROCESS
def test_a_process_may_read_exactly_what_its_groups_read_what_is_sent_back_to_them_and_what_its_service_follows(
    item: Deployment,
) -> None:
    rights = granted(item.principal)
    assert {name for kind, name, operation in rights if (kind, operation) == ("topic", "Read")} == {
        *(topic.name for group in item.groups for topic in subscribed(group)),
        *(f"{group}.replay" for group in item.groups),
        *(topic.name for topic in TOPICS if item.channel is None and item.service in topic.read_whole_by),
        *(topic.name for topic in TOPICS if item.role is RoleName.API and topic.read_whole_by_apis),
        *(f"{group}.dlq" for group in looked_after(item)),
    }
    assert {name for kind, name, operation in rights if (kind, operation) == ("group", "Read")} == {
        *item.groups,
        *(f"{group}.dlq.replay" for group in looked_after(item)),
    }


@EVERY_PROCESS
def test_only_the_producing_service_writes_a_topic(item: Deployment) -> None:
    producers = {topic.name: topic.producer for topic in TOPICS}
    written = {name for kind, name, operation in granted(item.principal) if operation == "Write"}
    assert {producers[name] for name in written if name in producers} <= {item.service}
    assert {name for name in written if name not in producers} == {
        *(f"{group}.dlq" for group in item.groups),
        *(f"{group}.replay" for group in looked_after(item)),
    }


def test_every_right_is_literal_and_none_creates_or_alters() -> None:
    users = [*user_manifests(), *operations_manifests(), *recovery_manifests()]
    acls = [acl for user in users for acl in user["spec"]["authorization"]["acls"]]
    assert {acl["resource"]["patternType"] for acl in acls} == {"literal"}
    assert {acl["resource"]["type"] for acl in acls} == {"topic", "group"}
    assert not [acl for acl in acls if "*" in acl["resource"]["name"]]
    assert {operation for acl in acls for operation in acl["operations"]} == {"Describe", "DescribeConfigs", "Read", "Write"}


def test_keda_may_look_at_every_group_that_triggers_it_and_change_nothing() -> None:
    rights = granted(keda())
    assert {operation for _, _, operation in rights} == {"Describe"}
    triggers = [entry for manifest in scaled_objects() for entry in manifest["spec"]["triggers"]]
    groups = {entry["metadata"]["consumerGroup"] for entry in triggers}
    assert {name for kind, name, _ in rights if kind == "group"} == groups == set(SCALED)


def test_operations_may_write_only_what_is_sent_back_to_one_group() -> None:
    written = {name for _, name, operation in granted(operations()) if operation == "Write"}
    assert written == {f"{group}.replay" for group in DEAD_LETTERS}


def test_recovery_reads_every_topic_writes_all_but_portals_reports_takes_every_group_back_and_reads_no_dead_letter() -> None:
    rights = granted(recovery())
    names = {
        operation: {name for kind, name, it in rights if (kind, it) == ("topic", operation)} for operation in ("Read", "Write")
    }
    topics = {topic.name for topic in TOPICS}
    assert names["Read"] == {*topics, *(f"{group}.replay" for group in DEAD_LETTERS)}
    assert names["Write"] == {*(topics - {"catalog.portal-health.v1"}), *(letters.name for letters in DEAD_LETTERS.values())}
    assert {name for kind, name, it in rights if (kind, it) == ("group", "Read")} == set(DEAD_LETTERS)


def test_a_kafka_in_a_namespace_of_its_own_hands_over_the_certificate_of_every_user() -> None:
    assert names_of(kafka_secrets()) == {*names_of(user_manifests()), "marktplatz-cluster-ca-cert"}
    assert names_of(recovery_secrets()) == names_of(recovery_manifests())


def test_every_user_has_quotas_and_a_certificate() -> None:
    for user in [*user_manifests(), *operations_manifests(), *recovery_manifests()]:
        assert user["spec"]["authentication"] == {"type": "tls"}
        assert min(user["spec"]["quotas"].values()) > 0


def test_every_topic_and_dead_letter_topic_is_kept_three_times_and_written_twice() -> None:
    manifests = [*topic_manifests(), *dead_letter_manifests()]
    assert {manifest["metadata"]["name"] for manifest in manifests} == {
        *(topic.name for topic in TOPICS),
        *(topic.name for topic in DEAD_LETTERS.values()),
        *(topic.name for topic in REPLAYS.values()),
    }
    assert {(manifest["spec"]["replicas"], manifest["spec"]["config"]["min.insync.replicas"]) for manifest in manifests} == {
        (3, 2)
    }


def test_a_process_grows_at_most_to_its_partitions_and_by_the_lag_of_all_that_it_can_share() -> None:
    for manifest in scaled_objects():
        item = process(manifest["metadata"]["name"])
        assert 2 <= manifest["spec"]["minReplicaCount"] <= manifest["spec"]["maxReplicaCount"] <= item.useful_replicas
        triggers = {(entry["metadata"]["consumerGroup"], entry["metadata"]["topic"]) for entry in manifest["spec"]["triggers"]}
        expected = {
            (group, name)
            for group in item.groups
            if group in SCALED
            for name in [*(topic.name for topic in subscribed(group)), REPLAYS[group].name]
        }
        assert triggers == expected


def test_the_committed_manifests_are_up_to_date() -> None:
    assert generator.stale(generator.FOLDER) == []


def test_check_names_a_file_that_was_edited_and_write_mends_it(tmp_path: Path) -> None:
    generator.write(tmp_path)
    edited = tmp_path / "topics-users" / "users.yaml"
    edited.write_text(edited.read_text(encoding="utf-8").replace("Describe", "All", 1), encoding="utf-8")
    assert generator.stale(tmp_path) == ["topics-users/users.yaml"]
    assert generator.write(tmp_path) == ["topics-users/users.yaml"]
    assert generator.stale(tmp_path) == []


def test_generated_text_reads_back_as_the_manifests() -> None:
    assert list(yaml.safe_load_all(generator.text_of(user_manifests()))) == user_manifests()
