"""What comparing reads of single records: what portals report belongs to no store, and which contracts have which number."""

from __future__ import annotations

from types import SimpleNamespace

from marktplatz.recovery.reconcile.topic_facts import TopicFacts
from marktplatz.recovery.reconcile.topics import _Collector
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.envelope import encode
from shared.ids import derived_id
from shared.messages.contracts_changes import ContractSucceeded
from shared.messages.contracts_sub import SubContractConcluded
from shared.topics import CONTRACTS, OFFERINGS, PORTAL_HEALTH
from tests.support.builders.events import EXAMPLES


def test_a_record_from_outside_is_neither_lost_in_a_store_nor_unreadable() -> None:
    record = SimpleNamespace(key=b"nord", value=b"no event", headers=(), offset=0, partition=0)
    facts = TopicFacts()
    _Collector(facts).add(PORTAL_HEALTH, record)
    assert (facts.last, facts.unreadable) == ({}, {})
    _Collector(facts).add(OFFERINGS, record)
    assert facts.unreadable == {OFFERINGS.name: 1}


def test_numbers_of_contracts_without_an_order_are_known_too() -> None:
    concluded = [it for it in EXAMPLES if isinstance(it, SubContractConcluded | ContractSucceeded)]
    facts = TopicFacts()
    for seq, message in enumerate(concluded, start=1):
        head = message.contract
        event = OutgoingEvent(
            seq=seq,
            id=derived_id("event", str(seq)),
            topic=CONTRACTS.name,
            key=head.id,
            type=message.TYPE,
            source="/contracts",
            time=message.at,
            data=message.model_dump_json(),
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            correlation_id=head.id,
        )
        raw = encode(event)
        record = SimpleNamespace(key=raw.key, value=raw.value, headers=raw.headers, offset=seq, partition=0)
        _Collector(facts).add(CONTRACTS, record)
    assert facts.unreadable == {}
    assert sorted(number for _, number in facts.numbers.values()) == ["GD/2026/0008", "GD/2027/0012"]
