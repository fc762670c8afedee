"""Typed registry of who may do what on Kafka: our processes, our tools, portals and partners. Manifests and tests go by it.

Every right names one topic or one group literally. Nobody has a pattern, a right to create, alter or delete, a right on the
cluster, or one to a transactional id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.topics import (
    CHECKPOINTS,
    DEAD_LETTERS,
    KNOWN_SERVICES,
    OFFERINGS,
    PORTAL_HEALTH,
    REPLAYS,
    TOPICS,
    DeadLetterTopic,
    Topic,
    partner_group,
    partner_orders,
    partner_receipts,
    read_by,
    subscribed,
)

PORTAL_READS: tuple[str, ...] = (OFFERINGS.name, KNOWN_SERVICES.name, CHECKPOINTS.name)
"""Topics that every portal follows."""

OUTSIDE_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
"""Form of the id of a portal or partner, which is also the name of its Kafka user."""


class Operation(StrEnum):
    """Operations of Kafka's authorizer, as Strimzi writes them."""

    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"
    READ = "Read"
    WRITE = "Write"


class Kind(StrEnum):
    """What a right is about, as Strimzi writes it."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactionalId"
    CLUSTER = "cluster"


class Standing(StrEnum):
    """Who a principal is: a process of ours, a tool of the operators, or somebody outside."""

    PROCESS = "process"
    TOOL = "tool"
    PORTAL = "portal"
    PARTNER = "partner"


@dataclass(frozen=True, slots=True)
class Grant:
    """Operations on one resource, by its literal name."""

    kind: Kind
    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """A Kafka user and all its grants.

    Kafka names it ``User:CN=<name>`` where it shows a certificate and ``User:<name>`` where it logs in by SCRAM.
    """

    name: str
    standing: Standing
    grants: tuple[Grant, ...]


class PrincipalError(ValueError):
    """An id that no portal or partner can have."""


def topic(name: str, *operations: Operation) -> Grant:
    """Return a grant on one topic."""
    return Grant(Kind.TOPIC, name, operations)


def group(name: str, *operations: Operation) -> Grant:
    """Return a grant on one consumer group."""
    return Grant(Kind.GROUP, name, operations)


def process(
    name: str,
    *,
    writes: Iterable[Topic],
    reads: Iterable[Topic],
    groups: Sequence[str],
    buries: Iterable[DeadLetterTopic],
    looks_after: Sequence[str] = (),
) -> Principal:
    """Return the principal of a process: write what it publishes and buries, read what it consumes, and its groups.

    Of the groups that it ``looks_after`` for the operator it reads the dead letters and sends them back, to those groups alone,
    and it sees how far they are.
    The right to write also covers the idempotent producer (KIP-679); the right to read a group covers its commits.
    """
    written = {it.name for it in writes} | {it.name for it in buries} | {REPLAYS[it].name for it in looks_after}
    read = {it.name for it in reads} | {REPLAYS[it].name for it in groups} | {DEAD_LETTERS[it].name for it in looks_after}
    seen = {topic.name for it in looks_after for topic in subscribed(it)}
    grants = (
        *(topic(it, Operation.DESCRIBE, Operation.WRITE) for it in sorted(written - read)),
        *(topic(it, Operation.DESCRIBE, Operation.READ, Operation.WRITE) for it in sorted(written & read)),
        *(topic(it, Operation.DESCRIBE, Operation.READ) for it in sorted(read - written)),
        *(topic(it, Operation.DESCRIBE) for it in sorted(seen - read - written)),
        *(group(it, Operation.READ) for it in groups),
        *(group(it, Operation.DESCRIBE) for it in looks_after),
        *(group(f"{DEAD_LETTERS[it].name}.replay", Operation.READ) for it in looks_after),
    )
    return Principal(name, Standing.PROCESS, grants)


SCALED: tuple[str, ...] = tuple(sorted(it for it in DEAD_LETTERS if max(topic.partitions for topic in subscribed(it)) > 1))
"""Groups whose processes grow with their lag: one partition has one reader."""


def keda() -> Principal:
    """Return the principal that sees the lags by which processes grow: ends of the topics, commits of the groups."""
    topics = sorted({it.name for name in SCALED for it in read_by(name)})
    grants = (
        *(topic(it, Operation.DESCRIBE) for it in topics),
        *(group(it, Operation.DESCRIBE) for it in SCALED),
    )
    return Principal("keda", Standing.TOOL, grants)


def operations() -> Principal:
    """Return the principal that compares all topics with the registry, reads dead letters and sends them back to their groups."""
    look = (Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS)
    grants = (
        *(topic(it.name, *look) for it in TOPICS),
        *(topic(it.name, *look, Operation.READ) for it in DEAD_LETTERS.values()),
        *(topic(it.name, *look, Operation.WRITE) for it in REPLAYS.values()),
        *(group(f"{it.name}.replay", Operation.READ) for it in DEAD_LETTERS.values()),
    )
    return Principal("operations", Standing.TOOL, grants)


def recovery() -> Principal:
    """Return the principal that reads all topics through and republishes on ours, and sees and rewinds groups.

    What others write of themselves (``many_writers``) is read and never republished.
    A drill works as every group does, so it buries what it cannot process; nobody reads dead letters here, they are counted.
    Topics belong to Strimzi: there is no right to create, alter or delete one.
    """
    grants = (
        *(topic(it.name, Operation.DESCRIBE, Operation.READ, *republished(it)) for it in TOPICS),
        *(topic(it.name, Operation.DESCRIBE, Operation.WRITE) for it in DEAD_LETTERS.values()),
        *(topic(it.name, Operation.DESCRIBE, Operation.READ) for it in REPLAYS.values()),
        *(group(it, Operation.READ) for it in DEAD_LETTERS),
    )
    return Principal("recovery", Standing.TOOL, grants)


def republished(of: Topic) -> tuple[Operation, ...]:
    """Return what recovery needs to republish on a topic: nothing where portals report of themselves."""
    return () if of.many_writers else (Operation.WRITE,)


TOOLS: tuple[Principal, ...] = (keda(), operations(), recovery())


def portal(identity: str) -> Principal:
    """Return the principal of a federated portal: follow the catalog, report its own health. Raises PrincipalError."""
    grants = (
        *(topic(it, Operation.DESCRIBE, Operation.READ) for it in sorted(PORTAL_READS)),
        topic(PORTAL_HEALTH.name, Operation.DESCRIBE, Operation.WRITE),
        group(f"portal.{_outside(identity)}", Operation.READ),
    )
    return Principal(identity, Standing.PORTAL, grants)


def partner(identity: str) -> Principal:
    """Return the principal of a partner system: write its own order events, read its own receipts. Raises PrincipalError."""
    grants = (
        topic(partner_orders(_outside(identity)).name, Operation.DESCRIBE, Operation.WRITE),
        topic(partner_receipts(identity).name, Operation.DESCRIBE, Operation.READ),
        group(f"partner.{identity}", Operation.READ),
    )
    return Principal(identity, Standing.PARTNER, grants)


def reading(partners: Iterable[str]) -> tuple[Grant, ...]:
    """Return what ordering's worker needs for some partners: read their events, by a group for each, and write their receipts."""
    return tuple(
        grant
        for identity in partners
        for grant in (
            topic(partner_orders(identity).name, Operation.DESCRIBE, Operation.READ),
            *answering([identity]),
            group(partner_group(identity), Operation.READ),
        )
    )


def answering(partners: Iterable[str]) -> tuple[Grant, ...]:
    """Return what ordering's API needs for some partners: whoever saves a receipt sends it."""
    return tuple(topic(partner_receipts(it).name, Operation.DESCRIBE, Operation.WRITE) for it in partners)


def recovering(partners: Iterable[str]) -> tuple[Grant, ...]:
    """Return what recovery needs for some partners: read their events and receipts, send receipts again, rewind their groups."""
    return tuple(
        grant
        for identity in partners
        for grant in (
            topic(partner_orders(identity).name, Operation.DESCRIBE, Operation.READ),
            topic(partner_receipts(identity).name, Operation.DESCRIBE, Operation.READ, Operation.WRITE),
            group(partner_group(identity), Operation.READ),
        )
    )


OURS_OF_PARTNERS = {"ordering-api": answering, "ordering-worker": reading, "recovery": recovering}
"""Which of our processes and tools have rights on partners' topics, and which."""


def _outside(identity: str) -> str:
    if OUTSIDE_ID.fullmatch(identity) is None:
        raise PrincipalError(f"'{identity}' is no id: 2 to 40 of a-z, 0-9 and '-', beginning with a letter or digit")
    return identity
