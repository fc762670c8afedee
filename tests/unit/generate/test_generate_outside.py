"""Users and topics of portals and partners follow one values file, by literal names, and one command changes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.generate.outside import LABEL, files, main, patches, stale, topic_manifests, user_manifests
from deploy.generate.outside_values import FILE, Values, ValuesError, read_values
from shared.principals import PrincipalError, partner, portal, reading, recovering
from shared.topics import TOPICS

EXAMPLE = Path(__file__).parents[3] / "deploy" / "overlays" / "example-outside" / "outside"
BOTH = Values.model_validate(
    {
        "portals": [{"id": "komm-one", "authentication": "tls"}],
        "partners": [{"id": "komm-one-2"}, {"id": "ab", "quotas": {"produced": 4096, "consumed": 8192, "percentage": 3}}],
    }
)


def rights_of(user: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (acl["resource"]["type"], acl["resource"]["name"], operation)
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }


def test_a_portal_follows_the_catalog_and_reports_its_health() -> None:
    [user] = [it for it in user_manifests(BOTH) if it["metadata"]["name"] == "komm-one"]
    assert rights_of(user) == {
        *(("topic", it, "Read") for it in ("catalog.offering.v1", "catalog.known-service.v1", "catalog.checkpoint.v1")),
        *(("topic", it, "Describe") for it in ("catalog.offering.v1", "catalog.known-service.v1", "catalog.checkpoint.v1")),
        ("topic", "catalog.portal-health.v1", "Describe"),
        ("topic", "catalog.portal-health.v1", "Write"),
        ("group", "portal.komm-one", "Read"),
    }
    assert user["spec"]["authentication"] == {"type": "tls"}


def test_a_partner_writes_its_orders_and_reads_its_receipts() -> None:
    [user] = [it for it in user_manifests(BOTH) if it["metadata"]["name"] == "komm-one-2"]
    assert rights_of(user) == {
        ("topic", "partner.komm-one-2.orders.v1", "Describe"),
        ("topic", "partner.komm-one-2.orders.v1", "Write"),
        ("topic", "partner.komm-one-2.receipts.v1", "Describe"),
        ("topic", "partner.komm-one-2.receipts.v1", "Read"),
        ("group", "partner.komm-one-2", "Read"),
    }
    assert user["spec"]["authentication"] == {"type": "scram-sha-512"}


def test_every_right_of_anybody_outside_is_literal() -> None:
    acls = [acl for user in user_manifests(BOTH) for acl in user["spec"]["authorization"]["acls"]]
    acls += [change["value"] for patch in patches(BOTH) for change in yaml.safe_load(patch["patch"])]
    assert {acl["resource"]["patternType"] for acl in acls} == {"literal"}
    assert {operation for acl in acls for operation in acl["operations"]} == {"Describe", "Read", "Write"}
    assert not [acl for acl in acls if "*" in acl["resource"]["name"]]


def test_ordering_reads_each_partner_by_a_group_of_its_own_and_only_answers_on_receipts() -> None:
    given = {grant.name: {it.value for it in grant.operations} for grant in reading(["ab"])}
    assert given == {
        "partner.ab.orders.v1": {"Describe", "Read"},
        "partner.ab.receipts.v1": {"Describe", "Write"},
        "ordering.partner.ab": {"Read"},
    }
    assert {patch["target"]["name"] for patch in patches(BOTH)} == {"ordering-api", "ordering-worker", "recovery"}


def test_recovery_sees_what_a_partner_sent_and_sends_only_receipts() -> None:
    given = {grant.name: {it.value for it in grant.operations} for grant in recovering(["ab"])}
    assert given == {
        "partner.ab.orders.v1": {"Describe", "Read"},
        "partner.ab.receipts.v1": {"Describe", "Read", "Write"},
        "ordering.partner.ab": {"Read"},
    }


def test_topics_of_a_partner_are_bounded_and_stamped_by_the_broker() -> None:
    topics = {it["metadata"]["name"]: it["spec"]["config"] for it in topic_manifests(BOTH)}
    assert topics.keys() == {f"partner.{it}.{part}.v1" for it in ("ab", "komm-one-2") for part in ("orders", "receipts")}
    orders = topics["partner.ab.orders.v1"]
    assert orders["message.timestamp.type"] == "LogAppendTime"
    assert orders["max.message.bytes"] == 262144
    assert orders["retention.ms"] == 28 * 86_400_000
    assert topics["partner.ab.receipts.v1"]["retention.ms"] == 90 * 86_400_000


def test_no_topic_of_a_partner_is_one_of_ours() -> None:
    assert not {it["metadata"]["name"] for it in topic_manifests(BOTH)} & {topic.name for topic in TOPICS}


def test_quotas_come_from_the_file_or_are_the_usual_ones_of_the_part() -> None:
    quotas = {it["metadata"]["name"]: it["spec"]["quotas"] for it in user_manifests(BOTH)}
    assert quotas["ab"] == {"producerByteRate": 4096, "consumerByteRate": 8192, "requestPercentage": 3}
    assert quotas["komm-one"]["producerByteRate"] < quotas["komm-one-2"]["producerByteRate"]
    assert all(value > 0 for quota in quotas.values() for value in quota.values())


def test_all_that_is_there_for_one_goes_by_one_label() -> None:
    for manifest in [*user_manifests(BOTH), *topic_manifests(BOTH)]:
        assert manifest["metadata"]["labels"][LABEL] in manifest["metadata"]["name"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"portals": [{"id": "ab"}], "partners": [{"id": "ab"}]}, "given twice: ab"),
        ({"portals": [{"id": "a"}]}, "match pattern"),
        ({"portals": [{"id": "Ab"}]}, "match pattern"),
        ({"portals": [{"id": "a.b"}]}, "match pattern"),
        ({"portals": [{"id": "a*"}]}, "match pattern"),
        ({"portals": [{"id": "ab\n"}]}, "match pattern"),
        ({"portals": [{"id": "ab-"}]}, "ends with"),
        ({"partners": [{"id": "ordering-worker"}]}, "a name of the marketplace's own"),
        ({"partners": [{"id": "operations"}]}, "a name of the marketplace's own"),
        ({"partners": [{"id": "registry"}]}, "a name of the marketplace's own"),
        ({"partners": [{"id": "contracts-later"}]}, "a name of the marketplace's own"),
        ({"partners": [{"id": "marktplatz-cluster-ca-cert"}]}, "a name of the marketplace's own"),
        ({"partners": [{"id": "ab", "authentication": "plain"}]}, "authentication"),
        ({"partners": [{"id": "ab", "quotas": {"produced": 0, "consumed": 1, "percentage": 200}}]}, "quotas.percentage"),
        ({"partners": [{"id": "ab", "acls": []}]}, "Extra inputs"),
        ({"partner": []}, "Extra inputs"),
        ([], "valid dictionary"),
    ],
)
def test_values_that_cannot_be_meant_are_refused_with_the_reason(tmp_path: Path, content: object, reason: str) -> None:
    (tmp_path / FILE).write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ValuesError, match=re.escape(reason)):
        read_values(tmp_path)
    assert main([str(tmp_path)]) == 2
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("identity", ["", "a", "A1", "a b", "a.b", "*", "ab\n", "-a", "x" * 41])
def test_a_principal_needs_an_id(identity: str) -> None:
    for make in (portal, partner):
        with pytest.raises(PrincipalError):
            make(identity)


def test_add_and_remove_leave_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "outside"
    assert main([str(folder), "add", "portal", "komm-one", "--authentication", "tls"]) == 0
    before = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert main([str(folder), "add", "partner", "komm-one-2", "--producer-bytes", "65536", "--note", "Vertrag 7"]) == 0
    assert main([str(folder), "--check"]) == 0
    [added] = read_values(folder).partners
    assert (added.id, added.note) == ("komm-one-2", "Vertrag 7")
    assert added.quotas is not None
    assert added.quotas.produced == 65536
    assert main([str(folder), "remove", "komm-one-2"]) == 0
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} == before


def test_nobody_is_added_twice_or_removed_who_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "add", "portal", "ab"]) == 0
    before = (tmp_path / FILE).read_bytes()
    assert main([str(tmp_path), "add", "partner", "ab"]) == 2
    assert main([str(tmp_path), "remove", "abc"]) == 2
    assert (tmp_path / FILE).read_bytes() == before
    assert "there is no portal or partner 'abc'" in capsys.readouterr().err


def test_check_names_what_was_edited_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path), "add", "partner", "ab"])
    users = tmp_path / "users.yaml"
    users.write_text(users.read_text(encoding="utf-8").replace("literal", "prefix", 1), encoding="utf-8")
    capsys.readouterr()
    assert main([str(tmp_path), "--check"]) == 1
    assert capsys.readouterr().out == f"not up to date: {users}\n"


def test_without_anybody_the_component_adds_nothing() -> None:
    assert yaml.safe_load(files(Values())["kustomization.yaml"]).keys() == {"apiVersion", "kind"}


def test_the_example_is_up_to_date() -> None:
    assert stale(EXAMPLE, read_values(EXAMPLE)) == []


def test_a_hundred_of_each_take_what_the_handbook_reckons_with() -> None:
    many = Values.model_validate(
        {part: [{"id": f"{part}-{number:03}"} for number in range(100)] for part in ("portals", "partners")}
    )
    own = [acl for user in user_manifests(many) for acl in user["spec"]["authorization"]["acls"]]
    ours = {patch["target"]["name"]: [it["value"] for it in yaml.safe_load(patch["patch"])] for patch in patches(many)}
    count = sum(len(acl["operations"]) for acl in [*own, *(acl for given in ours.values() for acl in given)])
    assert count == 2700
    assert sum(topic["spec"]["partitions"] for topic in topic_manifests(many)) == 600
    assert len(ours["ordering-worker"]) == 300
    assert len(json.dumps(ours["ordering-worker"])) < 200 * 1024
    assert len(json.dumps(ours["recovery"])) < 200 * 1024
