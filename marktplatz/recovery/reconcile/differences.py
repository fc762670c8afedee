"""A difference between stores, or between stores and topics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of differences. The handbook (docs/betrieb/sicherung.md) has the meaning of each and what to do."""

    CONTRACT_MISSING = "contract_missing"
    CONTRACT_DIFFERS = "contract_differs"
    CONTRACT_TWICE = "contract_twice"
    CONTRACT_NOT_RECORDED = "contract_not_recorded"
    CONTRACT_UNEXPECTED = "contract_unexpected"
    ORDER_MISSING = "order_missing"
    ORDER_WITHOUT_PLACE = "order_without_place"
    KLIENT_WITHOUT_PARTICIPATION = "klient_without_participation"
    NUMBER_TWICE = "number_twice"
    NUMBER_MISSING = "number_missing"
    NUMBER_PROMISED = "number_promised"
    NUMBER_BEYOND_REGISTER = "number_beyond_register"
    PROVISION_MISSING = "provision_missing"
    PROVISION_DIFFERS = "provision_differs"
    PROVISION_NOT_RECORDED = "provision_not_recorded"
    PROVISION_DUE = "provision_due"
    PROVISION_UNKNOWN = "provision_unknown"
    PROVISION_END_DIFFERS = "provision_end_differs"
    END_NOT_RECORDED = "end_not_recorded"
    NOTICE_MISSING = "notice_missing"
    SUCCESSION_NOT_RECORDED = "succession_not_recorded"
    AWARDS_DUE = "awards_due"
    REQUEST_MISSING = "request_missing"
    VERDICT_MISSING = "verdict_missing"
    VERDICT_NOT_RECORDED = "verdict_not_recorded"
    VERDICT_DUE = "verdict_due"
    VERDICT_WITHOUT_ORDER = "verdict_without_order"
    CONTENT_MISSING = "content_missing"
    CONTENT_DAMAGED = "content_damaged"
    OFFERING_NOT_LISTED = "offering_not_listed"
    OFFERING_LISTED_OTHERWISE = "offering_listed_otherwise"
    OFFERING_UNKNOWN = "offering_unknown"
    REUSE_MISCOUNTED = "reuse_miscounted"
    OUTBOX_WAITING = "outbox_waiting"
    TOPIC_MISSING = "topic_missing"
    TOPIC_AHEAD = "topic_ahead"
    TOPIC_BEHIND = "topic_behind"
    LOST_IN_STORE = "lost_in_store"
    RECORD_UNREADABLE = "record_unreadable"
    OFFSET_OUTSIDE = "offset_outside"
    NOT_CONSUMED = "not_consumed"
    EVENT_UNANSWERED = "event_unanswered"
    RECEIPT_MISSING = "receipt_missing"
    NOTIFICATION_MISSING = "notification_missing"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, with the ids of what it concerns. ``text`` is a sentence: what was found where."""

    kind: Kind
    ids: Mapping[str, str]
    text: str

    @property
    def key(self) -> tuple[str, ...]:
        """Kind and ids: a second snapshot holds the same difference if it has the same key."""
        return (self.kind.value, *(part for pair in sorted(self.ids.items()) for part in pair))
