"""The rules between ordering's store and the topics of partners: what was read and not answered, what was sent and is gone."""

from __future__ import annotations

from collections.abc import Iterator

from marktplatz.recovery.reconcile.differences import Difference, Kind
from marktplatz.recovery.reconcile.partner_topics import PartnerTopics
from marktplatz.recovery.reconcile.rules_topics import misplaced


def with_partners(topics: PartnerTopics) -> Iterator[Difference]:
    """Yield every difference between ordering's store and the topics of partners."""
    for name in topics.missing:
        yield Difference(Kind.TOPIC_MISSING, {"topic": name}, f"there is no topic {name}")
    for partner, records in topics.unanswered.items():
        for record in records:
            ids = {"partner": partner, "topic": record.topic, "partition": str(record.partition), "offset": str(record.offset)}
            where = f"{record.topic}/{record.partition} at {record.offset}, of {record.appended_at.isoformat()},"
            text = f"the record of {partner} in {where} was read; ordering has no answer to it"
            yield Difference(Kind.EVENT_UNANSWERED, ids, text)
    for partner, receipts in topics.absent.items():
        for receipt in receipts:
            text = f"ordering has sent {partner} the receipt {receipt}, which does not lie on its topic"
            yield Difference(Kind.RECEIPT_MISSING, {"partner": partner, "receipt": receipt}, text)
    for it in misplaced(topics.positions):
        if it.kind is not Kind.NOT_CONSUMED or it.ids["group"] not in topics.suspended:
            yield it
