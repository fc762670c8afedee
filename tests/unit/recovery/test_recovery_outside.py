"""What portals report of themselves belongs to no store: it is no difference between stores and topics."""

from __future__ import annotations

from types import SimpleNamespace

from marktplatz.recovery.reconcile.topic_facts import TopicFacts
from marktplatz.recovery.reconcile.topics import _Collector
from shared.topics import OFFERINGS, PORTAL_HEALTH


def test_a_record_from_outside_is_neither_lost_in_a_store_nor_unreadable() -> None:
    record = SimpleNamespace(key=b"nord", value=b"no event", headers=(), offset=0, partition=0)
    facts = TopicFacts()
    _Collector(facts).add(PORTAL_HEALTH, record)
    assert (facts.last, facts.unreadable) == ({}, {})
    _Collector(facts).add(OFFERINGS, record)
    assert facts.unreadable == {OFFERINGS.name: 1}
