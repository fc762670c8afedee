"""Typed registry of all topics. Manifests, ACLs, tests and documents are made from it; code names no topic otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shared.messages import catalog, contracts, eligibility, notify, ordering
from shared.messages.base import Message
from shared.messages.values import Channel


class CleanupPolicy(StrEnum):
    """How a topic keeps its records."""

    COMPACT = "compact"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its key, its message types, who writes and who reads it. ``consumers`` are group ids.

    ``producer`` alone may be the source of what stands on it. Of a topic of ``commands`` no record may be passed over.
    """

    name: str
    key: str
    messages: tuple[type[Message], ...]
    producer: str
    consumers: tuple[str, ...]
    partitions: int = 12
    keep: CleanupPolicy = CleanupPolicy.DELETE
    retention: timedelta = timedelta(days=28)
    max_message_bytes: int = 1024 * 1024
    commands: bool = False

    @property
    def types(self) -> frozenset[str]:
        """The CloudEvents types of its messages."""
        return frozenset(message.TYPE for message in self.messages)


@dataclass(frozen=True, slots=True)
class DeadLetterTopic:
    """Where a consumer group puts records that it can never process: original bytes, reason in headers."""

    name: str
    group: str
    partitions: int = 3
    retention: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class ReplayTopic:
    """Where an operator sends repaired dead letters of a consumer group: only this group reads it, beside its other topics."""

    name: str
    group: str
    partitions: int = 3
    retention: timedelta = timedelta(days=28)


ELIGIBILITY_ORDERS = "eligibility.orders"
ORDERING_OFFERINGS = "ordering.offerings"
ORDERING_VERDICTS = "ordering.verdicts"
ORDERING_CONTRACTS = "ordering.contracts"
NOTIFY = "notify.dispatch"
"""Consumer groups, ``<service>.<what it reads for>``; a service names its own by these constants and by ``contract_group``."""

OFFERINGS = Topic(
    "catalog.offering.v1",
    "offering id",
    (
        catalog.OfferingPublished,
        catalog.OfferingChanged,
        catalog.OfferingSuspended,
        catalog.OfferingResumed,
        catalog.OfferingWithdrawn,
        catalog.OfferingRestated,
    ),
    producer="catalog",
    consumers=(ORDERING_OFFERINGS, NOTIFY),
    keep=CleanupPolicy.COMPACT,
)
SUBMISSIONS = Topic(
    "catalog.submission.v1",
    "offering id",
    (
        catalog.OfferingDrafted,
        catalog.OfferingRevised,
        catalog.OfferingSubmitted,
        catalog.OfferingReturned,
        catalog.OfferingAccepted,
        catalog.OfferingDiscarded,
    ),
    producer="catalog",
    consumers=(NOTIFY,),
    partitions=3,
)
ORGANISATIONS = Topic(
    "eligibility.organisation.v1",
    "organisation id",
    (
        eligibility.OrganisationRegistered,
        eligibility.OrganisationChanged,
        eligibility.AccreditationRequested,
        eligibility.AccreditationQueried,
        eligibility.AccreditationDecided,
        eligibility.OrganisationRestated,
    ),
    producer="eligibility",
    consumers=(NOTIFY,),
    keep=CleanupPolicy.COMPACT,
)
VERDICTS = Topic(
    "eligibility.verdict.v1",
    "order id",
    (eligibility.VerdictGiven,),
    producer="eligibility",
    consumers=(ORDERING_VERDICTS, NOTIFY),
)
ORDERS = Topic(
    "ordering.order.v1",
    "order id",
    (
        ordering.InterestDeclared,
        ordering.CheckRequested,
        ordering.CheckRecorded,
        ordering.InterestForwarded,
        ordering.OrderRefused,
        ordering.OrderDeclined,
        ordering.ClarificationStarted,
        ordering.PointAdded,
        ordering.PointSettled,
        ordering.QuestionAsked,
        ordering.QuestionAnswered,
        ordering.ConditionsConfirmed,
        ordering.OfferMade,
        ordering.OrderPlaced,
        ordering.OrderContracted,
        ordering.OnboardingStarted,
        ordering.MilestoneReached,
        ordering.WentLive,
        ordering.OrderWithdrawn,
        ordering.OrderExpired,
        ordering.OrderTerminated,
        ordering.OrderEnded,
    ),
    producer="ordering",
    consumers=(ELIGIBILITY_ORDERS, NOTIFY),
)
CONTRACTS = Topic(
    "contracts.contract.v1",
    "contract id",
    (contracts.ContractConcluded, contracts.ContractRefused),
    producer="contracts",
    consumers=(ORDERING_CONTRACTS, NOTIFY),
)
DELIVERIES = Topic(
    "notify.delivery.v1",
    "notification id",
    (notify.NotificationDelivered, notify.NotificationFailed),
    producer="notify",
    consumers=(),
    partitions=3,
)


def contract_group(channel: Channel) -> str:
    """Return the consumer group of a channel's contract processor."""
    return f"contracts.{channel.value}"


def contract_requests(channel: Channel) -> Topic:
    """Return the topic of what is asked of a channel's contract processor, of a channel too that only a later version knows."""
    return Topic(
        f"contracts.{channel.value}.request.v1",
        "order id",
        (ordering.ContractRequested,),
        producer="ordering",
        consumers=(contract_group(channel),),
        commands=True,
    )


CONTRACT_REQUESTS: dict[Channel, Topic] = {channel: contract_requests(channel) for channel in Channel}

TOPICS: tuple[Topic, ...] = (
    OFFERINGS,
    SUBMISSIONS,
    ORGANISATIONS,
    VERDICTS,
    ORDERS,
    *CONTRACT_REQUESTS.values(),
    CONTRACTS,
    DELIVERIES,
)

DEAD_LETTERS: dict[str, DeadLetterTopic] = {
    group: DeadLetterTopic(f"{group}.dlq", group) for group in sorted({group for topic in TOPICS for group in topic.consumers})
}

REPLAYS: dict[str, ReplayTopic] = {group: ReplayTopic(f"{group}.replay", group) for group in DEAD_LETTERS}

DECLARED: tuple[Topic | DeadLetterTopic | ReplayTopic, ...] = (*TOPICS, *DEAD_LETTERS.values(), *REPLAYS.values())
"""Every topic there is."""

_TOPIC_OF: dict[type[Message], Topic] = {
    message: topic for topic in TOPICS if topic not in CONTRACT_REQUESTS.values() for message in topic.messages
}


def topic_of(message: Message) -> Topic:
    """Return the topic that a message travels on. Raises KeyError for a type that no topic lists."""
    if isinstance(message, ordering.ContractRequested):
        channel = message.order.channel
        return CONTRACT_REQUESTS.get(channel) or contract_requests(channel)
    return _TOPIC_OF[type(message)]


def subscribed(group: str) -> tuple[Topic, ...]:
    """Return the topics that a consumer group reads. Raises KeyError for an unknown group."""
    topics = tuple(topic for topic in TOPICS if group in topic.consumers)
    if not topics:
        raise KeyError(group)
    return topics


def read_by(group: str) -> tuple[Topic | ReplayTopic, ...]:
    """Return all that a consumer group reads: its topics, and that of what is sent back to it. Raises KeyError as above."""
    return (*subscribed(group), REPLAYS[group])
