"""Topics, users and rights on Kafka against the registry (shared/topics.py) and against what each Deployment does."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.objects import Document, Finding, Objects, items, mapping, name_of, namespace_of, number, text, texts, where
from deploy.checks.pods import Workload, workloads
from deploy.checks.processes import ArgumentsError, Process, is_ours, process_of, read_topics, written_topics
from shared.bus.admin import settings_of
from shared.topics import DEAD_LETTERS, TOPICS

REPLICAS = 3
CLUSTER_LABEL = "strimzi.io/cluster"
USER_VOLUME_KEY = "user.crt"
OPERATOR_COMMANDS = frozenset({"topics", "dlq"})

Right = tuple[str, str, str]
"""Resource type, name and operation."""


def check_kafka(objects: Objects) -> Iterator[Finding]:
    """Check topics (``topic-``), rights (``acl-``), users (``user-``) and the cluster's own settings (``kafka-``)."""
    yield from _clusters(objects)
    if not objects.of("KafkaTopic", "KafkaUser"):
        return
    yield from _topics(objects)
    yield from _users(objects)


def _clusters(objects: Objects) -> Iterator[Finding]:
    clusters = {(namespace_of(it), name_of(it)) for it in objects.of("Kafka")}
    if clusters:
        for document in objects.of("KafkaTopic", "KafkaUser", "KafkaNodePool"):
            if (namespace_of(document), text(document, "metadata", "labels", CLUSTER_LABEL)) not in clusters:
                yield Finding("kafka-cluster", where(document), f"{CLUSTER_LABEL} names no Kafka cluster of this namespace: the operator would not see it")
    for kafka in objects.of("Kafka"):
        brokers = _brokers(objects, kafka)
        config = mapping(kafka, "spec", "kafka", "config")
        if str(config.get("auto.create.topics.enable")).lower() != "false":
            yield Finding("kafka-auto-create", where(kafka), 'auto.create.topics.enable must be "false"')
        if text(kafka, "spec", "kafka", "authorization", "type") != "simple":
            yield Finding("kafka-authorization", where(kafka), "authorization must be simple: without it no ACL counts")
        for listener in items(kafka, "spec", "kafka", "listeners"):
            if listener.get("tls") is not True or not text(listener, "authentication", "type"):
                yield Finding("kafka-listener", where(kafka), f"the listener '{text(listener, 'name')}' must ask for TLS and authentication")
        for key in ("default.replication.factor", "offsets.topic.replication.factor", "transaction.state.log.replication.factor"):
            if config.get(key) != min(REPLICAS, brokers):
                yield Finding("kafka-replication", where(kafka), f"{key} must be {min(REPLICAS, brokers)} with {brokers} brokers")
    for document in objects.of("Kafka", "KafkaNodePool"):
        volumes = [mapping(document, "spec", "storage"), *items(document, "spec", "storage", "volumes")]
        if any(volume.get("deleteClaim") for volume in volumes):
            yield Finding("kafka-delete-claim", where(document), "deleteClaim must be false: the data must outlive the resource")


def _brokers(objects: Objects, kafka: Document) -> int:
    pools = [it for it in objects.of("KafkaNodePool") if text(it, "metadata", "labels", CLUSTER_LABEL) == name_of(kafka)]
    return sum(number(pool, "spec", "replicas") or 0 for pool in pools if "broker" in texts(pool, "spec", "roles"))


def replicas_of(objects: Objects) -> int:
    """Return the replication factor that fits the overlay: three, unless it brings a smaller cluster of its own."""
    return min([REPLICAS, *(_brokers(objects, kafka) for kafka in objects.of("Kafka"))])


def _topics(objects: Objects) -> Iterator[Finding]:
    replicas = replicas_of(objects)
    declared = {topic.name: topic for topic in (*TOPICS, *DEAD_LETTERS.values())}
    found = {text(it, "spec", "topicName") or name_of(it): it for it in objects.of("KafkaTopic")}
    for name in sorted(declared.keys() - found.keys()):
        yield Finding("topic-missing", objects.overlay, f"there is no KafkaTopic for {name}")
    for name, document in found.items():
        if name not in declared:
            yield Finding("topic-unknown", where(document), "the registry declares no such topic")
            continue
        topic = declared[name]
        if number(document, "spec", "partitions") != topic.partitions:
            yield Finding("topic-partitions", where(document), f"partitions must be {topic.partitions}")
        if number(document, "spec", "replicas") != replicas:
            yield Finding("topic-replicas", where(document), f"replicas must be {replicas}")
        given = {key: str(value) for key, value in mapping(document, "spec", "config").items()}
        wanted = settings_of(topic, replicas=replicas)
        for key in sorted(given.keys() | wanted.keys()):
            if given.get(key) != wanted.get(key):
                yield Finding("topic-config", where(document), f"{key} is {given.get(key)}, not {wanted.get(key)}")


def _users(objects: Objects) -> Iterator[Finding]:
    users = {(namespace_of(it), name_of(it)): it for it in objects.of("KafkaUser")}
    needed: dict[tuple[str, str], set[Right]] = {}
    for workload, process in _processes(objects):
        name = user_secret(workload)
        if name is None:
            yield Finding("user-missing", workload.where, f"mounts no secret with the key {USER_VOLUME_KEY}, so it has no identity on Kafka")
            continue
        key = next((it for it in users if it[1] == name), None)
        if key is None:
            yield Finding("user-missing", workload.where, f"there is no KafkaUser '{name}'")
            continue
        if key in needed and process.command == "run":
            yield Finding("user-shared", workload.where, f"the KafkaUser '{name}' serves another workload too")
        needed.setdefault(key, set()).update(rights_of(process))
    for scaled_key, rights in _lag_rights(objects, users).items():
        needed.setdefault(scaled_key, set()).update(rights)
    for key, user in users.items():
        if text(user, "spec", "authentication", "type") not in ("tls", "tls-external"):
            yield Finding("user-authentication", where(user), "authentication must be tls, as the processes mount certificates")
        if not mapping(user, "spec", "quotas"):
            yield Finding("user-quota", where(user), "has no quotas: one process in a loop could starve the others")
        if key not in needed:
            yield Finding("user-unused", where(user), "no workload and no trigger uses this user")
            continue
        yield from _compare(user, needed[key])


def _compare(user: Document, needed: set[Right]) -> Iterator[Finding]:
    given: set[Right] = set()
    for acl in items(user, "spec", "authorization", "acls"):
        resource = mapping(acl, "resource")
        kind, name = text(resource, "type"), text(resource, "name")
        if text(acl, "type") == "deny":
            yield Finding("acl-deny", where(user), "rights are given one by one; nothing is given that must be denied")
        if text(resource, "patternType") == "prefix" or name == "*":
            yield Finding("acl-pattern", where(user), f"{kind} '{name}': rights are given by literal name")
        for operation in texts(acl, "operations"):
            if operation == "All":
                yield Finding("acl-pattern", where(user), f"{kind} '{name}': operations are named one by one")
            if (kind, name, operation) in given:
                yield Finding("acl-twice", where(user), f"{operation} on {kind} {name} is given twice")
            given.add((kind, name, operation))
    for kind, name, operation in sorted(needed - given):
        yield Finding("acl-missing", where(user), f"needs {operation} on {kind} {name}".rstrip())
    for kind, name, operation in sorted(given - needed):
        yield Finding("acl-unused", where(user), f"nobody needs {operation} on {kind} {name}".rstrip())


def rights_of(process: Process) -> set[Right]:
    """Return the exact rights of a process.

    Reading a group covers its commits; writing to any topic covers the idempotent producer (KIP-679). Every ``run`` opens one,
    so a process that writes nothing needs IdempotentWrite on the cluster, or its producer could not start.
    """
    if process.command in OPERATOR_COMMANDS:
        return _operator_rights()
    if process.command != "run":
        return set()
    written, read = written_topics(process), read_topics(process)
    rights = {("topic", name, operation) for name in written for operation in ("Describe", "Write")}
    rights |= {("topic", name, operation) for name in read for operation in ("Describe", "Read")}
    rights |= {("group", name, "Read") for name in process.groups}
    return rights if written else rights | {("cluster", "", "IdempotentWrite")}


def _operator_rights() -> set[Right]:
    """Return what ``topics check`` and ``dlq`` need: settings of all topics, dead letters, and the way back to their origins."""
    rights = {("topic", name, it) for name in _all_topics() for it in ("Describe", "DescribeConfigs")}
    rights |= {("topic", topic.name, "Write") for topic in TOPICS if topic.consumers}
    rights |= {("topic", topic.name, "Read") for topic in DEAD_LETTERS.values()}
    return rights | {("group", f"{topic.name}.replay", "Read") for topic in DEAD_LETTERS.values()}


def _all_topics() -> list[str]:
    return [topic.name for topic in (*TOPICS, *DEAD_LETTERS.values())]


def _lag_rights(objects: Objects, users: dict[tuple[str, str], Document]) -> dict[tuple[str, str], set[Right]]:
    """Return what the users of Kafka triggers need: ends of the topics, commits of the groups."""
    rights: dict[tuple[str, str], set[Right]] = {}
    for scaled in objects.of("ScaledObject"):
        for trigger in items(scaled, "spec", "triggers"):
            authentication = objects.find("TriggerAuthentication", namespace_of(scaled), text(trigger, "authenticationRef", "name"))
            names = {text(it, "name") for it in items(authentication, "spec", "secretTargetRef") if text(it, "parameter") == "cert"}
            for key in (it for it in users if it[1] in names):
                topic, group = text(trigger, "metadata", "topic"), text(trigger, "metadata", "consumerGroup")
                rights.setdefault(key, set()).update({("topic", topic, "Describe"), ("group", group, "Describe")})
    return rights


def user_secret(workload: Workload) -> str | None:
    """Return the name of the secret that holds a workload's certificate for Kafka; it is named like the KafkaUser."""
    for volume in items(workload.spec, "volumes"):
        if USER_VOLUME_KEY in {text(item, "key") for item in items(volume, "secret", "items")}:
            return text(volume, "secret", "secretName")
    return None


def _processes(objects: Objects) -> Iterator[tuple[Workload, Process]]:
    """Return the workloads that talk to Kafka. Refused arguments are reported elsewhere."""
    for workload in workloads(objects):
        for container in workload.containers:
            if is_ours(container):
                try:
                    process = process_of(container)
                except ArgumentsError:
                    continue
                if process.command == "run" or process.command in OPERATOR_COMMANDS:
                    yield workload, process


