"""The rules of reconciliation between stores and topics: who is ahead, what was not sent, not read, not notified of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from marktplatz.recovery.reconcile.differences import Difference, Kind
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.topic_facts import LastEvent, Position, TopicFacts
from shared.messages.base import tombstone_types
from shared.topics import CHECKPOINTS, QUARANTINE, TOPICS, CleanupPolicy

_STATES = frozenset(topic.name for topic in TOPICS if topic.keep is CleanupPolicy.COMPACT)
"""Topics that hold the full state of an aggregate, by its last record."""

_DELETED_IN_TIME = frozenset({QUARANTINE.name})
"""Topics of what its service deletes when its time is up, while its last events may still lie there."""

_COMPUTED = frozenset({CHECKPOINTS.name})
"""Topics of what its service computes from other topics, and again within minutes: a store behind them has lost nothing."""


def with_topics(stores: StoreFacts, topics: TopicFacts, notifications: Collection[str]) -> Iterator[Difference]:
    """Yield every difference between stores and topics. ``notifications``: ids of those in ``topics.expected`` that exist."""
    for name in topics.missing:
        yield Difference(Kind.TOPIC_MISSING, {"topic": name}, f"there is no topic {name}")
    for name, count in topics.unreadable.items():
        ids = {"topic": name, "records": str(count)}
        yield Difference(Kind.RECORD_UNREADABLE, ids, f"{count} records of {name} are no events that this version knows")
    yield from _ahead(stores, topics)
    yield from _behind(stores, topics)
    yield from _requests(stores, topics)
    yield from misplaced(topics.positions)
    for it in topics.expected:
        if it.notification_id not in notifications:
            ids = {"event_id": it.event_id, "organisation": it.organisation, "key": it.key}
            text = f"{it.organisation} has no notification of {it.event_type} of {it.key}"
            yield Difference(Kind.NOTIFICATION_MISSING, ids, text)


def outboxes(stores: StoreFacts) -> Iterator[Difference]:
    """Yield what waits in outboxes."""
    for (service, aggregate), held in stores.sequences.items():
        if held.waiting:
            since = "?" if held.since is None else held.since.isoformat()
            ids = {"service": service, "collection": held.collection, "id": aggregate}
            yield Difference(
                Kind.OUTBOX_WAITING, ids, f"{held.waiting} events wait in {held.collection} {aggregate} since {since}"
            )


def _ahead(stores: StoreFacts, topics: TopicFacts) -> Iterator[Difference]:
    """The topic has events that the store does not know of: the store was restored from an older backup."""
    for (service, aggregate), seen in topics.last.items():
        if seen.topic in _COMPUTED:
            continue
        held = stores.sequences.get((service, aggregate))
        ids = {"service": service, "id": aggregate, "label": seen.label or "", "seq": str(seen.seq)}
        if held is None and seen.topic in _DELETED_IN_TIME:
            continue
        if held is None:
            yield Difference(
                Kind.LOST_IN_STORE,
                ids,
                f"{service} does not have {_named(aggregate, seen)}; its topic has its events up to {_last(seen)}",
            )
        elif seen.seq > held.seq:
            yield Difference(
                Kind.TOPIC_AHEAD,
                ids,
                f"{service} has {_named(aggregate, seen)} as of event {held.seq}; "
                f"its topic goes on to event {seen.seq}, {_last(seen)}",
            )


def _behind(stores: StoreFacts, topics: TopicFacts) -> Iterator[Difference]:
    """The store has sent events that the topic does not have, though it has earlier ones, or must retain the newest."""
    for (service, aggregate), held in stores.sequences.items():
        sent = held.seq - held.waiting
        seen = topics.last.get((service, aggregate))
        ids = {"service": service, "collection": held.collection, "id": aggregate, "seq": str(sent)}
        if held.removed and not _is_state(seen):
            continue  # Compaction has taken its states away, and in time the tombstone: other topics hold older events only.
        if held.removed and not held.waiting and seen is not None and seen.type not in tombstone_types():
            # An earlier version, which knows no removal, has restated it.
            yield Difference(
                Kind.TOPIC_BEHIND, ids, f"{held.collection} {aggregate} was removed; its topic ends with {_last(seen)}"
            )
        elif sent > held.sequence_base and ((seen is None and held.retained) or (seen is not None and seen.seq < sent)):
            reached = "none of its events" if seen is None else f"them up to {seen.seq}"
            yield Difference(
                Kind.TOPIC_BEHIND, ids, f"{held.collection} {aggregate} has sent events up to {sent}; the topics have {reached}"
            )


def _is_state(seen: LastEvent | None) -> bool:
    return seen is not None and seen.topic in _STATES


def _requests(stores: StoreFacts, topics: TopicFacts) -> Iterator[Difference]:
    for order in stores.orders.values():
        held = stores.sequences.get(("ordering", order.id))
        if (
            order.awaits_contract
            and order.asked_contract not in stores.contracts
            and order.asked_contract not in topics.requests
            and not (held is not None and held.waiting)
        ):
            ids = {"order_id": order.id, "order_number": order.number, "channel": order.channel.value}
            yield Difference(
                Kind.REQUEST_MISSING, ids, f"{order.number} waits for its contract, and the topic has no request for it"
            )


def misplaced(positions: Iterable[Position]) -> Iterator[Difference]:
    """Yield groups that stand outside of their topic, or have records to read."""
    for place in positions:
        ids = {"group": place.group, "topic": place.topic, "partition": str(place.partition)}
        where = f"{place.group} in {place.topic}/{place.partition}"
        if place.committed is not None and not place.begin <= place.committed <= place.end:
            yield Difference(
                Kind.OFFSET_OUTSIDE,
                ids | {"committed": str(place.committed)},
                f"{where} has committed {place.committed}; the topic goes from {place.begin} to {place.end}",
            )
        elif place.waiting:
            ids["committed"] = "none" if place.committed is None else str(place.committed)
            yield Difference(Kind.NOT_CONSUMED, ids, f"{where} has {place.waiting} records to read and is not moving")


def _named(aggregate: str, seen: LastEvent) -> str:
    return aggregate if seen.label is None else f"{seen.label} ({aggregate})"


def _last(seen: LastEvent) -> str:
    return f"{seen.type} at {seen.time.isoformat()}"
