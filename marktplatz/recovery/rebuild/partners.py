"""The topics of partners in a rebuild: they are read again from the first record without an answer, and receipts are sent again.

These topics are never deleted here: what partners have written there nobody else holds.
"""

from __future__ import annotations

from collections import defaultdict

from aiokafka import TopicPartition

from marktplatz.recovery.rebuild.broker import move
from marktplatz.recovery.reconcile.partner_topics import PartnerTopics
from services.ordering.inbound.answers import Answers
from shared.bus.settings import KafkaSettings


async def rewind_partners(settings: KafkaSettings, topics: PartnerTopics) -> list[str]:
    """Rewind the groups of partners to the first record that ordering has no answer to; return the groups.

    A group beyond the end of its partition goes back to the beginning: that partition is a new one. What lies behind the first
    such record and has its answer gets the same one again. Raises KafkaError.
    """
    due: defaultdict[str, dict[TopicPartition, int]] = defaultdict(dict)
    first: dict[TopicPartition, int] = {}
    for records in topics.unanswered.values():
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            first[place] = min(record.offset, first.get(place, record.offset))
    for it in topics.positions:
        place = TopicPartition(it.topic, it.partition)
        if it.committed is not None and it.committed > it.end:
            due[it.group][place] = it.begin
        elif place in first:
            due[it.group][place] = first[place]
    for group, places in due.items():
        await move(settings, group, places)
    return list(due)


async def send_receipts_again(answers: Answers, topics: PartnerTopics) -> int:
    """Send the receipts that their topics lack and return how many. Raises StoreUnavailableError, BusUnavailableError."""
    ids = [receipt for receipts in topics.absent.values() for receipt in receipts]
    await answers.send_again(ids)
    return len(ids)
