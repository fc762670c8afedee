"""KafkaUsers and their rights against what each workload does: nothing is missing, nothing is given in vain."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator

from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, name_of, namespace_of, text, texts, where
from deploy.checks.generic.pods import Workload, workloads
from deploy.checks.product.kafka.outside import REPORTED, Right, partners, rights_on_partners, rights_outside
from deploy.checks.product.processes import (
    STORES_AND_TOPICS,
    TOPICS_AND_LETTERS,
    ArgumentsError,
    ContainerProcess,
    is_ours,
    process_of,
    read_topics,
    written_topics,
)
from marktplatz.assembly import RoleName
from shared.topics import DEAD_LETTERS, DECLARED, REPLAYS, TOPICS, subscribed

USER_VOLUME_KEY = "user.crt"
AUTHORITY_SUFFIX = "-cluster-ca-cert"
"""How Strimzi ends the name of the secret with the authority of a cluster's brokers."""

ALLOWED = ("tls", "tls-external")
ALLOWED_OUTSIDE = ("tls", "scram-sha-512")


def check_users(objects: Objects) -> Iterator[Finding]:
    """Check the users of an overlay that brings any; codes begin with ``user-`` and ``acl-``."""
    yield from _in_vain(objects)
    users = {name_of(it): it for it in objects.of("KafkaUser")}
    if not users:
        return
    clients = list(clients_of(objects))  # none where Kafka has an overlay of its own
    needed: defaultdict[str, set[Right]] = defaultdict(set)
    for workload, process in clients:
        name = user_secret(workload)
        if name is None:
            yield Finding("user-missing", workload.where, f"mounts no secret with the key {USER_VOLUME_KEY}: nobody on Kafka")
        elif name not in users:
            yield Finding("user-missing", workload.where, f"there is no KafkaUser '{name}'")
        else:
            if name in needed:
                yield Finding("user-shared", workload.where, f"the KafkaUser '{name}' serves another workload too")
            needed[name] |= rights_of(process) | rights_on_partners(process, partners(objects))
    for name, rights in _lag_rights(objects):
        needed[name] |= rights
    for user in users.values():
        yield from _user(user, needed.get(name_of(user)), idle=bool(clients))


def _user(user: Document, needed: set[Right] | None, *, idle: bool) -> Iterator[Finding]:
    """Check one user against what its workload needs, or what somebody outside may.

    ``idle``: whether a user that nobody uses is a fault.
    """
    outside = rights_outside(user)
    yield from _manners(user, ALLOWED if outside is None else ALLOWED_OUTSIDE)
    if outside is not None:
        if needed is not None:
            yield Finding("user-shared", where(user), "is that of somebody outside and of a workload of ours")
        yield from _compare(user, outside)
    elif needed is not None:
        yield from _compare(user, needed)
    elif idle and not _only_looks(user):
        yield Finding("user-unused", where(user), "no workload and no trigger uses this user")


def _in_vain(objects: Objects) -> Iterator[Finding]:
    """Report certificates for Kafka in a pod that talks to no broker."""
    for workload, process in _processes(objects):
        if not process.uses_kafka:
            for name in sorted(_kafka_secrets(workload)):
                yield Finding("user-needless", workload.where, f"mounts '{name}', but talks to no broker")


def _kafka_secrets(workload: Workload) -> set[str]:
    mounted = {text(volume, "secret", "secretName") for volume in items(workload.spec, "volumes")}
    return {name for name in mounted if name.endswith(AUTHORITY_SUFFIX) or name == user_secret(workload)}


def _manners(user: Document, allowed: tuple[str, ...]) -> Iterator[Finding]:
    if text(user, "spec", "authentication", "type") not in allowed:
        message = (
            f"authentication must be {' or '.join(allowed)}: processes mount certificates, who is outside may log in by SCRAM"
        )
        yield Finding("user-authentication", where(user), message)
    if not mapping(user, "spec", "quotas"):
        yield Finding("user-quota", where(user), "has no quotas: one process in a loop could starve the others")


def _only_looks(user: Document) -> bool:
    """Return whether a user may do nothing but describe, as that of a scaler which an overlay may leave out."""
    acls = items(user, "spec", "authorization", "acls")
    return bool(acls) and all(texts(acl, "operations") == ["Describe"] for acl in acls)


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


def rights_of(process: ContainerProcess) -> set[Right]:
    """Return the exact rights of a process.

    Reading a group covers its commits; writing to any topic covers the idempotent producer (KIP-679).
    """
    if process.command in TOPICS_AND_LETTERS:
        return _operator_rights()
    if process.command in STORES_AND_TOPICS:
        return _recovery_rights()
    if process.command != "run":
        return set()
    written, read = written_topics(process), read_topics(process) | {REPLAYS[group].name for group in process.groups}
    rights = {("topic", name, operation) for name in written for operation in ("Describe", "Write")}
    rights |= {("topic", name, operation) for name in read for operation in ("Describe", "Read")}
    return rights | {("group", name, "Read") for name in process.groups} | _looked_after(process)


def _looked_after(process: ContainerProcess) -> set[Right]:
    """Return what an API needs for its operator: see how its service's groups stand, read their dead letters, send them back."""
    if process.role is not RoleName.API:
        return set()
    rights: set[Right] = set()
    for name in (group for group in DEAD_LETTERS if group.partition(".")[0] == process.service):
        letters, back = DEAD_LETTERS[name].name, REPLAYS[name].name
        rights |= {("topic", topic.name, "Describe") for topic in subscribed(name)}
        rights |= {("topic", it, operation) for it, operation in ((letters, "Read"), (back, "Write"))}
        rights |= {("topic", it, "Describe") for it in (letters, back)}
        rights |= {("group", name, "Describe"), ("group", f"{letters}.replay", "Read")}
    return rights


def _operator_rights() -> set[Right]:
    """Return what ``topics check`` and ``dlq`` need: settings of all topics, dead letters, and the way back to their groups."""
    rights = {("topic", name, it) for name in _all_topics() for it in ("Describe", "DescribeConfigs")}
    rights |= {("topic", topic.name, "Write") for topic in REPLAYS.values()}
    rights |= {("topic", topic.name, "Read") for topic in DEAD_LETTERS.values()}
    return rights | {("group", f"{topic.name}.replay", "Read") for topic in DEAD_LETTERS.values()}


def _recovery_rights() -> set[Right]:
    """Return what ``reconcile``, ``topics rebuild --no-create`` and ``drill`` need together: one pod template serves all three.

    Topics are read through and written again, but for what portals report of themselves; groups are seen and taken back, which is
    a commit. Dead letters are counted, and a drill buries as consumers do.
    """
    rights = {("topic", topic.name, it) for topic in TOPICS for it in ("Describe", "Read")}
    rights |= {("topic", topic.name, "Write") for topic in TOPICS if topic.name != REPORTED}
    rights |= {("topic", topic.name, it) for topic in DEAD_LETTERS.values() for it in ("Describe", "Write")}
    rights |= {("topic", topic.name, it) for topic in REPLAYS.values() for it in ("Describe", "Read")}
    return rights | {("group", name, "Read") for name in DEAD_LETTERS}


def _all_topics() -> list[str]:
    return [topic.name for topic in DECLARED]


def _lag_rights(objects: Objects) -> Iterator[tuple[str, set[Right]]]:
    """Return what the users of Kafka triggers need: ends of the topics, commits of the groups."""
    for scaled in objects.of("ScaledObject"):
        for trigger in items(scaled, "spec", "triggers"):
            reference = text(trigger, "authenticationRef", "name")
            authentication = objects.find("TriggerAuthentication", namespace_of(scaled), reference)
            topic, group = text(trigger, "metadata", "topic"), text(trigger, "metadata", "consumerGroup")
            for secret in items(authentication, "spec", "secretTargetRef"):
                if text(secret, "parameter") == "cert":
                    yield text(secret, "name"), {("topic", topic, "Describe"), ("group", group, "Describe")}


def user_secret(workload: Workload) -> str | None:
    """Return the name of the secret that holds a workload's certificate for Kafka; it is named like the KafkaUser."""
    for volume in items(workload.spec, "volumes"):
        if USER_VOLUME_KEY in {text(item, "key") for item in items(volume, "secret", "items")}:
            return text(volume, "secret", "secretName")
    return None


def clients_of(objects: Objects) -> Iterator[tuple[Workload, ContainerProcess]]:
    """Return the workloads that talk to Kafka."""
    return ((workload, process) for workload, process in _processes(objects) if process.uses_kafka)


def _processes(objects: Objects) -> Iterator[tuple[Workload, ContainerProcess]]:
    """Return the workloads that run the product. Refused arguments are reported elsewhere."""
    for workload in workloads(objects):
        for container in workload.containers:
            if is_ours(container):
                with contextlib.suppress(ArgumentsError):
                    yield workload, process_of(container)
