"""Typed registry of all topics. Manifests, ACLs, tests and documents are made from it; code names no topic otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shared.messages import (
    catalog,
    catalog_checkpoints,
    catalog_portals,
    catalog_provisions,
    catalog_reminders,
    catalog_versions,
    contracts,
    contracts_accessions,
    contracts_awards,
    contracts_chain,
    contracts_changes,
    contracts_checkpoints,
    contracts_reminders,
    contracts_statements,
    contracts_sub,
    eligibility,
    eligibility_awards,
    eligibility_invitations,
    eligibility_klienten,
    eligibility_reminders,
    eligibility_rights,
    notify,
    ordering,
    ordering_klienten,
    ordering_notices,
    ordering_offerings,
    ordering_partners,
)
from shared.messages.base import Message, Tombstone
from shared.messages.values import Channel


class CleanupPolicy(StrEnum):
    """How a topic keeps its records."""

    COMPACT = "compact"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its key, its message types, who writes and who reads it. ``consumers`` are group ids.

    ``producer`` alone may be the source of what stands on it. Of a topic of ``commands`` no record may be passed over.
    A compacted topic keeps ``tombstones`` for ``tombstone_retention`` (``delete.retention.ms``), and whatever is younger than
    ``compaction_lag`` (``min.compaction.lag.ms``) as it is. Raises ValueError for tombstones on a topic that is not compacted.
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
    read_whole_by: tuple[str, ...] = ()
    """Services that read the topic from its beginning, without a group, and follow it."""
    read_whole_by_apis: bool = False
    """Whether every process that serves an API does, whichever its service."""
    append_time: bool = False
    """Whether the broker's own clock stamps the records (LogAppendTime), not the writer's."""
    tombstones: tuple[type[Tombstone], ...] = ()
    tombstone_retention: timedelta = timedelta(days=7)
    compaction_lag: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if self.tombstones and self.keep is not CleanupPolicy.COMPACT:
            raise ValueError(f"{self.name} is not compacted, a tombstone would end nothing there")

    many_writers: bool = False
    """Whether many outside write here, each under its own id as the key: the source of a record is ``<producer>/<key>``."""

    @property
    def owner(self) -> str:
        """The service that defines the message types."""
        return self.name.partition(".")[0] if self.many_writers else self.producer

    def writer_of(self, key: str) -> str:
        """Return the only source that a record of this key may have."""
        return f"{self.producer}/{key}" if self.many_writers else self.producer

    @property
    def types(self) -> frozenset[str]:
        """The CloudEvents types of its messages and of its tombstones."""
        return frozenset(message.TYPE for message in (*self.messages, *self.tombstones))


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


CONTRACTS_OFFERINGS = {channel: f"contracts.{channel.value}.offerings" for channel in Channel}
CONTRACTS_USES = {channel: f"contracts.{channel.value}.uses" for channel in Channel}
ELIGIBILITY_OFFERINGS = "eligibility.offerings"
ELIGIBILITY_ORDERS = "eligibility.orders"
ORDERING_OFFERINGS = "ordering.offerings"
ORDERING_VERDICTS = "ordering.verdicts"
ORDERING_CONTRACTS = "ordering.contracts"
CATALOG_CONTRACTS = "catalog.contracts"
CATALOG_PORTALS = "catalog.portals"
NOTIFY = "notify.dispatch"
"""Consumer groups, ``<service>.<what it reads for>``; a service names its own by these constants and by ``contract_group``."""


def contract_group(channel: Channel) -> str:
    """Return the consumer group of a channel's contract processor."""
    return f"contracts.{channel.value}"


PORTAL_TOMBSTONES = timedelta(days=14)
"""How long a portal may be away and still learn of every removal by reading on."""
PORTAL_COMPACTION_LAG = timedelta(hours=1)
"""How long a portal may take to read a topic through without a record being compacted away under it."""

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
    consumers=(*CONTRACTS_OFFERINGS.values(), ELIGIBILITY_OFFERINGS, ORDERING_OFFERINGS, NOTIFY),
    keep=CleanupPolicy.COMPACT,
    tombstones=(catalog.OfferingRemoved,),
    tombstone_retention=PORTAL_TOMBSTONES,
    compaction_lag=PORTAL_COMPACTION_LAG,
    read_whole_by=("catalog",),
)
KNOWN_SERVICES = Topic(
    "catalog.known-service.v1",
    "id of the known service",
    (catalog.KnownServiceListed, catalog.KnownServiceChanged, catalog.KnownServiceRestated),
    producer="catalog",
    consumers=(),
    partitions=3,
    keep=CleanupPolicy.COMPACT,
    tombstones=(catalog.KnownServiceRemoved,),
    tombstone_retention=PORTAL_TOMBSTONES,
    compaction_lag=PORTAL_COMPACTION_LAG,
    read_whole_by=("catalog",),
)
CHECKPOINTS = Topic(
    "catalog.checkpoint.v1",
    "offering or known-service, for the topic that is spoken of",
    (catalog_checkpoints.CheckpointRecorded,),
    producer="catalog",
    consumers=(),
    partitions=1,
    keep=CleanupPolicy.COMPACT,
)
PORTAL_HEALTH = Topic(
    "catalog.portal-health.v1",
    "portal id",
    (catalog_portals.PortalHealthReported,),
    producer="portal",
    consumers=(CATALOG_PORTALS,),
    partitions=1,
    keep=CleanupPolicy.COMPACT,
    max_message_bytes=64 * 1024,
    many_writers=True,
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
        catalog_versions.VersionSubmitted,
        catalog_versions.VersionAccepted,
        catalog_versions.VersionReturned,
        catalog_versions.VersionDiscarded,
        catalog_reminders.SubmissionReminded,
        catalog_reminders.SubmissionEscalated,
    ),
    producer="catalog",
    consumers=(NOTIFY,),
    partitions=3,
)
PROVISIONS = Topic(
    "catalog.provision.v1",
    "offering id",
    (catalog_provisions.ProvisionRequested, catalog_provisions.ProvisionWithdrawn),
    producer="catalog",
    consumers=tuple(CONTRACTS_OFFERINGS.values()),
    partitions=3,
    commands=True,
)
ORGANISATIONS = Topic(
    "eligibility.organisation.v1",
    "organisation id",
    (
        eligibility.OrganisationRegistered,
        eligibility.OrganisationChanged,
        eligibility.AccreditationRequested,
        eligibility.AccreditationQueried,
        eligibility.AccreditationAnswered,
        eligibility.AccreditationDecided,
        eligibility_reminders.AccreditationReminded,
        eligibility_reminders.AccreditationEscalated,
        eligibility.OrganisationRestated,
    ),
    producer="eligibility",
    consumers=(*CONTRACTS_USES.values(), NOTIFY),
    keep=CleanupPolicy.COMPACT,
)
RIGHTS = Topic(
    "eligibility.rights.v1",
    "organisation id",
    (eligibility_rights.RightsRecorded,),
    producer="eligibility",
    consumers=(),
    keep=CleanupPolicy.COMPACT,
    read_whole_by=("catalog", "ordering"),
    read_whole_by_apis=True,
)
INVITATIONS = Topic(
    "eligibility.invitation.v1",
    "organisation id",
    (eligibility_invitations.InvitationAddressed,),
    producer="eligibility",
    consumers=(NOTIFY,),
    partitions=3,
    retention=timedelta(days=7),
)
VERDICTS = Topic(
    "eligibility.verdict.v1",
    "order id",
    (
        eligibility.VerdictGiven,
        eligibility.VerdictOverridden,
        eligibility.VerdictChanged,
        eligibility_klienten.KlientJudged,
        eligibility_klienten.KlientVerdictChanged,
    ),
    producer="eligibility",
    consumers=(ORDERING_VERDICTS, NOTIFY),
)
AWARDS = Topic(
    "eligibility.award.v1",
    "contract id",
    (eligibility_awards.AwardsJudged,),
    producer="eligibility",
    consumers=tuple(contract_group(channel) for channel in Channel),
    partitions=3,
)
ORDERS = Topic(
    "ordering.order.v1",
    "order id",
    (
        ordering.InterestDeclared,
        ordering.CheckRequested,
        ordering.CheckRecorded,
        ordering.OrderVerdictChanged,
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
        ordering.OfferAmended,
        ordering.OfferWithdrawn,
        ordering.ClarificationReopened,
        ordering.ChannelChanged,
        ordering.ClarificationResumed,
        ordering.OrderReminded,
        ordering.OrderEscalated,
        ordering_klienten.KlientNamed,
        ordering_klienten.KlientRemoved,
        ordering_klienten.KlientConfirmed,
        ordering_klienten.KlientDeclined,
        ordering_klienten.KlientCheckRequested,
        ordering_klienten.KlientChecked,
        ordering_klienten.OrderKlientVerdictChanged,
        ordering_klienten.KlientReminded,
        ordering_klienten.KlientOrdered,
        ordering.OrderPlaced,
        ordering.OrderContracted,
        ordering.OnboardingStarted,
        ordering.MilestonePlanned,
        ordering.MilestoneReached,
        ordering.WentLive,
        ordering.UsesReported,
        ordering.OrderWithdrawn,
        ordering.OrderExpired,
        ordering_offerings.OfferingEnded,
        ordering.OrderTerminated,
        ordering.OrderContinued,
        ordering.OrderReopened,
        ordering.OrderEnded,
    ),
    producer="ordering",
    consumers=(*CONTRACTS_USES.values(), ELIGIBILITY_ORDERS, NOTIFY),
)
PARTNERS = Topic(
    "ordering.partner.v1",
    "partner id",
    (
        ordering_partners.PartnerRegistered,
        ordering_partners.PartnerChanged,
        ordering_partners.PartnerKeyAdded,
        ordering_partners.PartnerKeyRetired,
        ordering_partners.PartnerSuspended,
        ordering_partners.PartnerResumed,
        ordering_partners.PartnerRemoved,
        ordering_partners.PartnerRestated,
    ),
    producer="ordering",
    consumers=(),
    partitions=3,
    keep=CleanupPolicy.COMPACT,
)
QUARANTINE = Topic(
    "ordering.quarantine.v1",
    "reference of the record",
    (
        ordering_partners.RecordQuarantined,
        ordering_partners.RecordResubmitted,
        ordering_partners.RecordReplayed,
        ordering_partners.RecordDiscarded,
    ),
    producer="ordering",
    consumers=(),
    partitions=3,
    retention=timedelta(days=90),
)
ARCHIVE_CHECKPOINTS = Topic(
    "contracts.checkpoint.v1",
    "id derived of the log's name",
    (contracts_checkpoints.CheckpointSigned,),
    producer="contracts",
    consumers=(),
    partitions=1,
    keep=CleanupPolicy.COMPACT,
)
CONTRACTS = Topic(
    "contracts.contract.v1",
    "contract id",
    (
        contracts.ContractConcluded,
        contracts.ContractRefused,
        contracts_chain.ContractOffered,
        contracts_chain.ContractSigned,
        contracts_chain.ContractReleased,
        contracts_chain.ContractTerminated,
        contracts_chain.NoticeRefused,
        contracts_chain.ContractEnded,
        contracts_accessions.AccessionDeclared,
        contracts_accessions.AccessionEnded,
        contracts_sub.SubContractOffered,
        contracts_sub.SubContractAccepted,
        contracts_sub.SubContractConcluded,
        contracts_sub.SubContractRefused,
        contracts_chain.ContractDocumented,
        contracts_changes.AmendmentOffered,
        contracts_changes.AgbOffered,
        contracts_changes.ChangeSigned,
        contracts_changes.ContractAmended,
        contracts_changes.ChangeRefused,
        contracts_changes.ChangeFailed,
        contracts_changes.PriceAnnounced,
        contracts_changes.SuccessionOffered,
        contracts_changes.ContractSucceeded,
        contracts_changes.SuccessionRefused,
        contracts_reminders.ContractEndReminded,
        contracts_reminders.ContractEndEscalated,
        contracts_reminders.AccessionEndReminded,
        contracts_reminders.AccessionEndEscalated,
        contracts_statements.StatementOwed,
        contracts_statements.StatementDocumented,
        contracts_chain.ChainConcluded,
        contracts_chain.ChainRefused,
        contracts_awards.AwardsCheckRequested,
    ),
    producer="contracts",
    consumers=(CATALOG_CONTRACTS, ELIGIBILITY_ORDERS, ORDERING_CONTRACTS, NOTIFY),
)
DELIVERIES = Topic(
    "notify.delivery.v1",
    "notification id",
    (notify.NotificationDelivered, notify.NotificationFailed),
    producer="notify",
    consumers=(),
    partitions=3,
)


def contract_groups(channel: Channel) -> tuple[str, ...]:
    """Return all consumer groups of a channel's contract processor."""
    return contract_group(channel), CONTRACTS_OFFERINGS[channel], CONTRACTS_USES[channel]


def contract_requests(channel: Channel) -> Topic:
    """Return the topic of what is asked of a channel's contract processor, of a channel too that only a later version knows."""
    return Topic(
        f"contracts.{channel.value}.request.v1",
        "order id",
        (ordering.ContractRequested, ordering_notices.NoticeRequested),
        producer="ordering",
        consumers=(contract_group(channel),),
        commands=True,
    )


PARTNER_RECORD_BYTES = 256 * 1024
"""Largest batch of records that a partner's topic takes."""


def partner_group(partner: str) -> str:
    """Return the consumer group by which ordering reads a partner's events."""
    return f"ordering.partner.{partner}"


def partner_orders(partner: str) -> Topic:
    """Return the topic on which a partner writes its order events: signed (JWS), and no messages of ours.

    It is in no list of topics: the partner registry in ordering's store knows the partners.
    """
    return Topic(
        f"partner.{partner}.orders.v1",
        "free: order id or jti",
        (),
        producer=f"partner/{partner}",
        consumers=(partner_group(partner),),
        partitions=3,
        max_message_bytes=PARTNER_RECORD_BYTES,
        append_time=True,
    )


def partner_receipts(partner: str) -> Topic:
    """Return the topic on which a partner reads the signed receipts of its events."""
    return Topic(
        f"partner.{partner}.receipts.v1",
        "jti, or place of the record",
        (),
        producer="ordering",
        consumers=(),
        partitions=3,
        retention=timedelta(days=90),
        max_message_bytes=PARTNER_RECORD_BYTES,
    )


def partner_topics(partner: str) -> tuple[Topic, Topic]:
    """Return both topics of a partner."""
    return partner_orders(partner), partner_receipts(partner)


CONTRACT_REQUESTS: dict[Channel, Topic] = {channel: contract_requests(channel) for channel in Channel}

TOPICS: tuple[Topic, ...] = (
    OFFERINGS,
    KNOWN_SERVICES,
    CHECKPOINTS,
    PORTAL_HEALTH,
    SUBMISSIONS,
    PROVISIONS,
    ORGANISATIONS,
    RIGHTS,
    INVITATIONS,
    VERDICTS,
    AWARDS,
    ORDERS,
    PARTNERS,
    QUARANTINE,
    *CONTRACT_REQUESTS.values(),
    ARCHIVE_CHECKPOINTS,
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
    message: topic
    for topic in TOPICS
    if topic not in CONTRACT_REQUESTS.values()
    for message in (*topic.messages, *topic.tombstones)
}


def topic_of(message: Message) -> Topic:
    """Return the topic that a message travels on. Raises KeyError for a type that no topic lists."""
    if isinstance(message, ordering.ContractRequested | ordering_notices.NoticeRequested):
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
