"""The Deployments that a cluster runs, one per process, and what each may do on Kafka: derived from the topic registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from marktplatz.assembly import RoleName, ServiceName
from shared.messages.values import Channel
from shared.principals import Principal, process
from shared.topics import DEAD_LETTERS, TOPICS, DeadLetterTopic, Topic, contract_groups, subscribed

READING = frozenset({"contracts-api"})
"""Deployments that publish nothing: contracts are made by the processors alone, their API shows them."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One Deployment: ``run <service> <role>``, a contract processor with its channel.

    It shares nothing with ``ContainerProcess`` of the checks, which reads the same facts off a container's arguments: a mistake
    here would otherwise be made there too, and nobody would see it.
    """

    service: str
    role: RoleName
    channel: Channel | None = None

    @property
    def name(self) -> str:
        """Name of the Deployment, of its ServiceAccount and of its Kafka user."""
        return f"{self.service}-{self.role.value if self.channel is None else self.channel.value}"

    @property
    def uses_kafka(self) -> bool:
        """Whether the process talks to a broker at all: then it has a Kafka user of its name."""
        return bool(self.writes or self.reads)

    @property
    def groups(self) -> tuple[str, ...]:
        """Consumer groups that the process takes part in."""
        if self.channel is not None:
            return contract_groups(self.channel)
        if self.role is not RoleName.WORKER:
            return ()
        return tuple(sorted(group for group in DEAD_LETTERS if group.startswith(f"{self.service}.")))

    @property
    def reads(self) -> tuple[Topic, ...]:
        """Topics that the process consumes, and those that it follows from their beginning."""
        groups = set(self.groups)
        return tuple(topic for topic in TOPICS if set(topic.consumers) & groups or self._follows(topic))

    def _follows(self, topic: Topic) -> bool:
        by_api = topic.read_whole_by_apis and self.role is RoleName.API
        return by_api or (self.channel is None and self.service in topic.read_whole_by)

    @property
    def writes(self) -> tuple[Topic, ...]:
        """Topics that the process publishes to: whoever saves a document sends its whole outbox, be it API or worker."""
        if self.name in READING:
            return ()
        return tuple(topic for topic in TOPICS if topic.producer == self.service)

    @property
    def dead_letters(self) -> tuple[DeadLetterTopic, ...]:
        """Dead-letter topics of its groups."""
        return tuple(DEAD_LETTERS[group] for group in self.groups)

    @property
    def looks_after(self) -> tuple[str, ...]:
        """Consumer groups that the process shows to the operator with their dead letters: those of its service, in an API."""
        if self.role is not RoleName.API:
            return ()
        return tuple(sorted(group for group in DEAD_LETTERS if group.startswith(f"{self.service}.")))

    @property
    def principal(self) -> Principal:
        """Kafka user of the process with exactly the rights that its program uses."""
        return process(
            self.name,
            writes=self.writes,
            reads=self.reads,
            groups=self.groups,
            buries=self.dead_letters,
            looks_after=self.looks_after,
        )

    @property
    def useful_replicas(self) -> int:
        """Number of replicas beyond which one of them would own no partition; 0 for a process that consumes nothing."""
        return max((topic.partitions for group in self.groups for topic in subscribed(group)), default=0)


def _deployments() -> Iterator[Deployment]:
    for service in ServiceName:
        if service is ServiceName.ALL:
            continue
        yield Deployment(service.value, RoleName.API)
        if service is ServiceName.CONTRACTS:
            yield from (Deployment(service.value, RoleName.WORKER, channel) for channel in Channel)
        else:
            yield Deployment(service.value, RoleName.WORKER)


DEPLOYMENTS: tuple[Deployment, ...] = tuple(_deployments())
