"""Reconciliation names each planted difference, with the ids that it concerns, and nothing in a system that agrees."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from marktplatz.recovery.reconcile.differences import Difference, Kind
from marktplatz.recovery.reconcile.facts import Sequence, StoreFacts
from marktplatz.recovery.reconcile.partner_topics import PartnerTopics
from marktplatz.recovery.reconcile.rules_partners import with_partners
from marktplatz.recovery.reconcile.rules_stores import between_stores
from marktplatz.recovery.reconcile.rules_topics import outboxes, with_topics
from marktplatz.recovery.reconcile.topic_facts import LastEvent, Position, TopicFacts
from services.catalog.domain.provision import ProvisionState
from services.catalog.facts import Counted, CountedFact, OfferingFact, ProvidedFact
from services.contracts.domain.transitions import ContractState
from services.contracts.facts import AccessionFact, ContractFact, ProvisionFact, RegisterFact, ReuseFact
from services.eligibility.facts import VerdictFact
from services.notify.facts import ExpectedNotification
from services.ordering.facts import ListedOfferingFact, OrderFact
from services.ordering.partners.quarantine import Original
from shared.ids import contract_id
from shared.messages.values import Channel, OfferingState, OrderState
from shared.topics import CHECKPOINTS, TOPICS, partner_group, partner_orders

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
GOV = Channel.GOVDIGITAL
ORDER, WAITING, CHECKED, OFFER, ROOT = "order-1", "order-2", "order-3", "offer-1", "root-1"
KLIENT = "010540056056"
CONTRACT = contract_id(GOV, ORDER)
NORD = partner_orders("nord").name
HANDBOOK = Path(__file__).parents[3] / "docs" / "betrieb" / "sicherung.md"


class World:
    """A system that agrees: a contracted order, one that waits for its contract, one whose check is answered, an offer.

    The order and the Bereitstellungsvertrag of the offer have contracts that run.
    """

    def __init__(self) -> None:
        order = OrderFact(ORDER, "V-1", OrderState.VERTRAG_GESCHLOSSEN, GOV, 2, True, True, CONTRACT, "GD-1", needs_place=True)
        order = replace(order, klienten=(KLIENT,))
        waiting = OrderFact(WAITING, "V-2", OrderState.BESTELLT, GOV, 2, True, True)
        checked = OrderFact(CHECKED, "V-3", OrderState.WEITERGELEITET, GOV, 1, True, False)
        self.stores = StoreFacts(
            orders={it.id: it for it in (order, waiting, checked)},
            places={ORDER},
            participations={(ORDER, KLIENT)},
            contracts={CONTRACT: ContractFact(CONTRACT, ORDER, "V-1", GOV, True, "GD-1", 2026, 1)},
            provisions={ROOT: ProvisionFact(ROOT, GOV, 2025, 1, offering_id=OFFER, number="GD-0")},
            provided=[ProvidedFact(OFFER, GOV, ROOT, ProvisionState.GESCHLOSSEN, "GD-0")],
            registers=[RegisterFact(GOV, 2026, 1, {}, ()), RegisterFact(GOV, 2025, 1, {}, ())],
            verdicts={ORDER: VerdictFact(ORDER, 2), WAITING: VerdictFact(WAITING, 2), CHECKED: VerdictFact(CHECKED, 1)},
            offerings={OFFER: OfferingFact(OFFER, "Angebot", 1, OfferingState.VEROEFFENTLICHT)},
            listed={OFFER: ListedOfferingFact(OFFER, "Angebot", 1, OfferingState.VEROEFFENTLICHT)},
            sequences={
                ("ordering", ORDER): Sequence("orders", 5, 0, None, retained=False),
                ("catalog", OFFER): Sequence("catalog_offerings", 4, 0, None, retained=True),
            },
        )
        self.topics = TopicFacts(
            last={
                ("ordering", ORDER): LastEvent(5, "ordering.order.v1", "t", AT, "V-1"),
                ("catalog", OFFER): LastEvent(4, "catalog.offering.v1", "t", AT, None),
            },
            requests={contract_id(GOV, WAITING)},
            positions=[Position("ordering.contracts", TOPICS[0].name, 0, 2, 9, 9)],
            expected=[ExpectedNotification("notification-1", "event-1", "t", "dataport", ORDER)],
        )
        self.notifications = {"notification-1"}
        self.partners = PartnerTopics()

    def differences(self) -> list[Difference]:
        return [
            *between_stores(self.stores),
            *outboxes(self.stores),
            *with_topics(self.stores, self.topics, self.notifications),
            *with_partners(self.partners),
        ]

    def change_order(self, order: str, **changes: object) -> None:
        self.stores.orders[order] = replace(self.stores.orders[order], **changes)  # type: ignore[arg-type] # a test's own words

    def change_contract(self, **changes: object) -> None:
        self.stores.contracts[CONTRACT] = replace(self.stores.contracts[CONTRACT], **changes)  # type: ignore[arg-type] # as above

    def change_root(self, **changes: object) -> None:
        self.stores.provisions[ROOT] = replace(self.stores.provisions[ROOT], **changes)  # type: ignore[arg-type] # as above

    def change_provided(self, **changes: object) -> None:
        self.stores.provided[0] = replace(self.stores.provided[0], **changes)  # type: ignore[arg-type] # as above

    def register(self, last: int, allotted: dict[str, int] | None = None, free: tuple[int, ...] = ()) -> None:
        self.stores.registers[0] = RegisterFact(GOV, 2026, last, allotted or {}, free)

    def sequence(self, source: tuple[str, str], **changes: object) -> None:
        self.stores.sequences[source] = replace(self.stores.sequences[source], **changes)  # type: ignore[arg-type] # as above

    def position(self, **changes: object) -> None:
        self.topics.positions[0] = replace(self.topics.positions[0], **changes)  # type: ignore[arg-type] # as above


def contract_for(world: World, order: str, number: int = 2) -> None:
    found = ContractFact(contract_id(GOV, order), order, "V", GOV, True, f"GD-{number}", 2026, number)
    world.stores.contracts[found.id] = found
    world.register(max(2, number))


def other_channel(world: World) -> None:
    found = ContractFact("other", ORDER, "V-1", Channel.FITKO, True, "F-1", 2026, 1)
    world.stores.contracts["other"] = found
    world.stores.registers.append(RegisterFact(Channel.FITKO, 2026, 1, {}, ()))


def no_contracts(world: World) -> None:
    world.stores.contracts.clear()
    world.register(0)


def no_root(world: World) -> None:
    world.stores.provisions.clear()
    world.stores.registers.pop()


def asks(world: World) -> None:
    world.change_provided(state=ProvisionState.ANGEFRAGT, number=None)


def asks_in_vain(world: World) -> None:
    asks(world)
    no_root(world)


def same_number(world: World) -> None:
    world.change_order(
        CHECKED, state=OrderState.VERTRAG_GESCHLOSSEN, contract_id=contract_id(GOV, CHECKED), contract_number="GD-1"
    )
    contract_for(world, CHECKED, 1)
    world.register(1)


def follows(world: World, **changes: object) -> None:
    """Conclude a contract that follows that of the order."""
    fields = {"offering_id": OFFER, "leg": "NACHNUTZUNG", "number": "GD-2", "continues": CONTRACT, "order_id": ORDER}
    following = ProvisionFact("next", GOV, 2026, 2, **fields, first_day="2028-01-01")  # type: ignore[arg-type] # a test's own words
    world.stores.provisions["next"] = replace(following, **changes)  # type: ignore[arg-type] # as above
    world.register(2)


PLANTED: dict[Kind, tuple[Callable[[World], object], dict[str, str]]] = {
    Kind.CONTRACT_MISSING: (no_contracts, {"order_id": ORDER, "contract_id": CONTRACT, "contract_number": "GD-1"}),
    Kind.CONTRACT_DIFFERS: (lambda w: w.change_order(ORDER, contract_number="GD-9"), {"order_id": ORDER, "contract_number": "GD-1"}),
    Kind.CONTRACT_TWICE: (other_channel, {"order_id": ORDER}),
    Kind.CONTRACT_NOT_RECORDED: (lambda w: contract_for(w, WAITING), {"order_id": WAITING, "contract_number": "GD-2"}),
    Kind.CONTRACT_UNEXPECTED: (lambda w: contract_for(w, CHECKED), {"order_id": CHECKED, "contract_number": "GD-2"}),
    Kind.ORDER_MISSING: (lambda w: contract_for(w, "lost"), {"order_id": "lost", "contract_number": "GD-2"}),
    Kind.ORDER_WITHOUT_PLACE: (lambda w: w.stores.places.clear(), {"order_id": ORDER}),
    Kind.KLIENT_WITHOUT_PARTICIPATION: (
        lambda w: w.stores.participations.clear(),
        {"order_id": ORDER, "klient": KLIENT},
    ),
    Kind.PROVISION_MISSING: (no_root, {"offering_id": OFFER, "channel": "govdigital", "contract_id": ROOT}),
    Kind.PROVISION_DIFFERS: (lambda w: w.change_provided(number="GD-9"), {"contract_id": ROOT, "contract_number": "GD-0"}),
    Kind.PROVISION_NOT_RECORDED: (asks, {"offering_id": OFFER, "contract_id": ROOT}),
    Kind.PROVISION_DUE: (asks_in_vain, {"offering_id": OFFER, "contract_id": ROOT}),
    Kind.PROVISION_UNKNOWN: (lambda w: w.stores.provided.clear(), {"offering_id": OFFER, "contract_number": "GD-0"}),
    Kind.PROVISION_END_DIFFERS: (lambda w: w.change_root(last_day="2027-12-31"), {"offering_id": OFFER, "contract_id": ROOT}),
    Kind.END_NOT_RECORDED: (
        lambda w: w.change_contract(state=ContractState.GEKUENDIGT, last_day="2027-12-31"),
        {"order_id": ORDER, "contract_id": CONTRACT, "contract_number": "GD-1"},
    ),
    Kind.NOTICE_MISSING: (
        lambda w: w.change_order(ORDER, state=OrderState.GEKUENDIGT, ends_on="2027-12-31"), {"order_id": ORDER, "contract_id": CONTRACT},
    ),
    Kind.SUCCESSION_NOT_RECORDED: (follows, {"order_id": ORDER, "contract_id": "next", "contract_number": "GD-2"}),
    Kind.AWARDS_DUE: (lambda w: w.stores.unjudged.add(CONTRACT), {"contract_id": CONTRACT}),
    Kind.NUMBER_TWICE: (same_number, {"channel": "govdigital", "year": "2026", "sequence": "1"}),
    Kind.NUMBER_MISSING: (lambda w: w.register(3, free=(3,)), {"channel": "govdigital", "sequence": "2"}),
    Kind.NUMBER_PROMISED: (lambda w: w.register(2, {"lost": 2}), {"contract_id": "lost", "sequence": "2"}),
    Kind.NUMBER_BEYOND_REGISTER: (lambda w: w.register(0), {"channel": "govdigital", "sequence": "1"}),
    Kind.REQUEST_MISSING: (lambda w: w.topics.requests.clear(), {"order_id": WAITING, "channel": "govdigital"}),
    Kind.VERDICT_MISSING: (lambda w: w.stores.verdicts.pop(CHECKED), {"order_id": CHECKED, "check": "1"}),
    Kind.VERDICT_NOT_RECORDED: (
        lambda w: w.change_order(CHECKED, state=OrderState.INTERESSE_BEKUNDET, answered=False), {"order_id": CHECKED, "check": "1"},
    ),
    Kind.VERDICT_DUE: (
        lambda w: w.change_order(CHECKED, state=OrderState.INTERESSE_BEKUNDET, answered=False, check=2), {"order_id": CHECKED, "check": "2"},
    ),
    Kind.VERDICT_WITHOUT_ORDER: (lambda w: w.stores.verdicts.update(lost=VerdictFact("lost", 1)), {"order_id": "lost"}),
    Kind.OFFERING_NOT_LISTED: (lambda w: w.stores.listed.clear(), {"offering_id": OFFER}),
    Kind.OFFERING_LISTED_OTHERWISE: (
        lambda w: w.stores.listed.update({OFFER: ListedOfferingFact(OFFER, "Angebot", 2, OfferingState.VEROEFFENTLICHT)}), {"offering_id": OFFER},
    ),
    Kind.OFFERING_UNKNOWN: (lambda w: w.stores.listed.update(lost=ListedOfferingFact("lost", "Weg", 1, OfferingState.VEROEFFENTLICHT)), {"offering_id": "lost"}),
    Kind.REUSE_MISCOUNTED: (lambda w: w.change_contract(reuse=ReuseFact(OFFER, KLIENT, runs=True)), {"offering_id": OFFER, "contract_id": CONTRACT, "organisation": KLIENT}),
    Kind.OUTBOX_WAITING: (lambda w: w.sequence(("ordering", ORDER), seq=6, waiting=1, since=AT), {"service": "ordering", "id": ORDER}),
    Kind.TOPIC_MISSING: (lambda w: w.topics.missing.append("ordering.order.v1"), {"topic": "ordering.order.v1"}),
    Kind.TOPIC_AHEAD: (lambda w: w.sequence(("ordering", ORDER), seq=4), {"service": "ordering", "id": ORDER, "label": "V-1", "seq": "5"}),
    Kind.TOPIC_BEHIND: (lambda w: w.sequence(("ordering", ORDER), seq=7), {"service": "ordering", "id": ORDER, "seq": "7"}),
    Kind.LOST_IN_STORE: (lambda w: w.stores.sequences.pop(("ordering", ORDER)), {"service": "ordering", "id": ORDER, "label": "V-1"}),
    Kind.RECORD_UNREADABLE: (lambda w: w.topics.unreadable.update({"ordering.order.v1": 3}), {"topic": "ordering.order.v1", "records": "3"}),
    Kind.OFFSET_OUTSIDE: (lambda w: w.position(committed=10), {"group": "ordering.contracts", "partition": "0", "committed": "10"}),
    Kind.NOT_CONSUMED: (lambda w: w.position(committed=8), {"group": "ordering.contracts", "committed": "8"}),
    Kind.EVENT_UNANSWERED: (lambda w: w.partners.unanswered.update(nord=[Original(NORD, 1, 7, AT, None, b"x")]), {"partner": "nord", "topic": NORD, "partition": "1", "offset": "7"}),
    Kind.RECEIPT_MISSING: (lambda w: w.partners.absent.update(nord=["receipt-1"]), {"partner": "nord", "receipt": "receipt-1"}),
    Kind.NOTIFICATION_MISSING: (lambda w: w.notifications.clear(), {"event_id": "event-1", "organisation": "dataport"}),
}  # fmt: skip


def test_a_partners_topics_are_named_like_ours_and_what_waits_for_a_suspended_one_is_not() -> None:
    world = World()
    world.partners.missing.append(NORD)
    group = partner_group("nord")
    world.partners.positions = [Position(group, NORD, 0, 0, 2, 5), Position(group, NORD, 1, 0, 9, 5)]
    kinds = [Kind.TOPIC_MISSING, Kind.NOT_CONSUMED, Kind.OFFSET_OUTSIDE]
    assert [it.kind for it in world.differences()] == kinds
    world.partners.suspended.add(group)
    assert [it.kind for it in world.differences()] == [it for it in kinds if it is not Kind.NOT_CONSUMED]


def test_nothing_is_named_in_a_system_that_agrees() -> None:
    assert World().differences() == []


def test_a_chain_whose_end_everybody_knows_is_in_order_and_so_is_what_is_not_decided_or_does_not_bind() -> None:
    world = World()
    world.change_root(state=ContractState.GEKUENDIGT, last_day="2027-12-31")
    world.change_provided(ends={ROOT: "2027-12-31", "next": "2029-12-31"})
    following = replace(world.stores.provisions[ROOT], id="next", continues=ROOT, sequence=None, last_day="2029-12-31")
    world.stores.provisions["next"] = following
    world.stores.provisions["dead"] = replace(following, id="dead", continues=None, state=ContractState.ABGELEHNT)
    world.stores.provisions["sub"] = replace(following, id="sub", continues=None, leg="SUB_NACHNUTZUNG")
    world.stores.provided.append(ProvidedFact("offer-2", GOV, "offered", ProvisionState.ANGEFRAGT, None))
    world.stores.offered.add("offered")
    world.change_contract(state=ContractState.GEKUENDIGT, last_day="2027-12-31")
    world.change_order(ORDER, state=OrderState.GEKUENDIGT, ends_on="2027-06-30")
    assert world.differences() == []
    world.change_contract(state=ContractState.BEENDET)
    assert [it.kind for it in world.differences()] == [Kind.END_NOT_RECORDED]
    world.change_order(ORDER, state=OrderState.BEENDET)
    world.stores.provisions["next"] = replace(following, last_day=None)
    assert [(it.kind, it.ids["contract_id"]) for it in world.differences()] == [(Kind.PROVISION_END_DIFFERS, "next")]


def goes_on(world: World, **changes: object) -> None:
    """Record that the order goes on with the contract that follows."""
    named = {"contract_id": "next", "contract_number": "GD-2", "former_contracts": ((CONTRACT, "GD-1"),)}
    world.change_order(ORDER, **named | changes)


def test_a_vorgang_goes_on_with_the_contract_that_follows_or_names_it() -> None:
    world = World()
    world.change_contract(state=ContractState.BEENDET, last_day="2027-12-31")
    follows(world)
    goes_on(world)
    assert world.differences() == []
    goes_on(world, contract_number="GD-9")
    assert [it.kind for it in world.differences()] == [Kind.CONTRACT_DIFFERS]
    world = World()
    world.change_contract(state=ContractState.BEENDET, last_day="2027-12-31")
    follows(world)
    world.change_order(ORDER, state=OrderState.BEENDET, ends_on="2027-12-31", following_contract="next")
    assert world.differences() == []


def test_it_ends_with_the_contract_that_follows_but_not_by_one_that_never_began() -> None:
    world = World()
    follows(world, state=ContractState.GEKUENDIGT, last_day="2028-06-30")
    goes_on(world)
    assert [(it.kind, it.ids["contract_id"]) for it in world.differences()] == [(Kind.END_NOT_RECORDED, "next")]
    follows(world, state=ContractState.BEENDET, last_day="2027-06-30")
    goes_on(world, state=OrderState.GEKUENDIGT, ends_on="2027-12-31")
    assert world.differences() == []
    world.change_contract(state=ContractState.GEKUENDIGT, last_day="2027-06-30")
    assert [(it.kind, it.ids["contract_id"]) for it in world.differences()] == [(Kind.END_NOT_RECORDED, CONTRACT)]
    goes_on(world, state=OrderState.GEKUENDIGT, ends_on="2027-06-30")
    assert world.differences() == []


def test_the_contract_of_another_vorgang_is_not_one_that_follows() -> None:
    world = World()
    follows(world, order_id=CHECKED)
    goes_on(world)
    assert [it.kind for it in world.differences()] == [Kind.CONTRACT_DIFFERS]


@pytest.mark.parametrize("state", [ContractState.ABGELEHNT, ContractState.NICHTIG])
def test_an_offer_does_not_rest_on_a_contract_that_does_not_bind(state: ContractState) -> None:
    world = World()
    world.change_root(state=state)
    assert [it.kind for it in world.differences()] == [Kind.PROVISION_MISSING]
    asks(world)
    (found,) = world.differences()
    assert (found.kind, "a refusal" in found.text) == (Kind.PROVISION_NOT_RECORDED, True)


def test_a_channel_that_an_earlier_version_has_listed_by_what_was_typed_has_its_contract() -> None:
    world = World()
    world.stores.provided.clear()
    world.stores.offerings[OFFER] = replace(world.stores.offerings[OFFER], listed=(ROOT,))
    assert world.differences() == []


def test_a_bereitstellungsvertrag_has_a_number_of_the_register_and_no_order() -> None:
    world = World()
    world.stores.provisions["root"] = ProvisionFact("root", GOV, 2026, 2)
    world.register(2)
    assert world.differences() == []
    world.register(3, {"root": 3})
    assert world.differences() == []
    world.stores.provisions["root"] = ProvisionFact("root", GOV, 2026, 1)
    world.register(1)
    assert [it.kind for it in world.differences()] == [Kind.NUMBER_TWICE]


OF_FILES = {Kind.CONTENT_MISSING, Kind.CONTENT_DAMAGED}
"""Planted in tests/component/recovery/test_recovery_contents.py."""


def test_every_kind_of_difference_is_planted() -> None:
    assert PLANTED.keys() | OF_FILES == set(Kind)


@pytest.mark.parametrize("kind", PLANTED, ids=lambda kind: kind.value)
def test_a_planted_difference_is_named_with_its_ids_and_nothing_else_is(kind: Kind) -> None:
    plant, ids = PLANTED[kind]
    world = World()
    plant(world)
    (found,) = world.differences()
    assert found.kind is kind
    assert found.ids.items() >= ids.items()
    assert found.text


def test_a_compacted_topic_that_lost_the_newest_state_is_behind_though_nothing_of_it_is_left() -> None:
    world = World()
    del world.topics.last["catalog", OFFER]
    assert [(it.kind, it.ids["id"]) for it in world.differences()] == [(Kind.TOPIC_BEHIND, OFFER)]


@pytest.mark.parametrize("held", [None, Sequence("checkpoints", 2, 0, None, retained=False)], ids=["lost", "older"])
def test_a_checkpoint_after_the_backup_is_no_loss_because_the_catalog_computes_the_next(held: Sequence | None) -> None:
    world = World()
    world.topics.last["catalog", "offering"] = LastEvent(3, CHECKPOINTS.name, "catalog.checkpoint.recorded.v1", AT, None)
    if held is not None:
        world.stores.sequences["catalog", "offering"] = held
    assert world.differences() == []


def test_an_aggregate_of_a_topic_with_retention_may_be_gone_from_it() -> None:
    world = World()
    del world.topics.last["ordering", ORDER]
    assert world.differences() == []


def test_a_number_that_was_only_raised_by_a_new_era_is_no_event_that_is_missing() -> None:
    world = World()
    epoch = 1_700_000_000_000
    world.sequence(("ordering", ORDER), seq=epoch, sequence_base=epoch)
    assert world.differences() == []
    world.sequence(("ordering", ORDER), seq=epoch + 1, sequence_base=epoch)
    assert [it.kind for it in world.differences()] == [Kind.TOPIC_BEHIND]


def test_a_request_that_waits_in_the_outbox_is_not_missing() -> None:
    world = World()
    world.topics.requests.clear()
    world.stores.sequences["ordering", WAITING] = Sequence("orders", 3, 1, AT, retained=False)
    assert [it.kind for it in world.differences()] == [Kind.OUTBOX_WAITING]


def test_a_refusal_whose_order_has_ended_refused_is_in_order() -> None:
    world = World()
    refusal = ContractFact(contract_id(GOV, CHECKED), CHECKED, "V-3", GOV, False, None, None, None)
    world.stores.contracts[refusal.id] = refusal
    world.change_order(CHECKED, state=OrderState.ABGELEHNT)
    assert world.differences() == []


def test_an_order_that_was_refused_and_asks_for_another_contract_is_in_order_and_waits_for_that_one() -> None:
    world = World()
    first, second = (contract_id(GOV, WAITING, attempt) for attempt in (1, 2))
    world.stores.contracts[first] = ContractFact(first, WAITING, "V-2", GOV, False, None, None, None)
    assert [it.kind for it in world.differences()] == [Kind.CONTRACT_NOT_RECORDED]
    world.change_order(WAITING, state=OrderState.ANGEBOT_ERSTELLT, requested=False, contract_refusals=1)
    assert world.differences() == []
    world.change_order(WAITING, state=OrderState.BESTELLT, requested=True)
    assert [it.kind for it in world.differences()] == [Kind.REQUEST_MISSING]
    world.topics.requests.add(second)
    assert world.differences() == []
    world.stores.contracts[second] = ContractFact(second, WAITING, "V-2", GOV, True, "GD-2", 2026, 2)
    world.register(2)
    (found,) = world.differences()
    assert (found.kind, found.ids["contract_id"]) == (Kind.CONTRACT_NOT_RECORDED, second)


def test_a_contract_that_comes_about_on_a_request_that_was_refused_is_named() -> None:
    world = World()
    first = contract_id(GOV, WAITING)
    world.change_order(WAITING, contract_refusals=1)
    world.topics.requests.add(contract_id(GOV, WAITING, 2))
    world.stores.contracts[first] = ContractFact(first, WAITING, "V-2", GOV, True, "GD-2", 2026, 2)
    world.register(2)
    (found,) = world.differences()
    assert (found.kind, found.ids["contract_id"]) == (Kind.CONTRACT_UNEXPECTED, first)


def test_a_signature_that_the_order_has_not_heard_of_is_named() -> None:
    world = World()
    world.change_order(CHECKED, state=OrderState.INTERESSE_BEKUNDET)
    assert world.differences() == []
    world.stores.verdicts[CHECKED] = VerdictFact(CHECKED, 1, signed=True)
    assert [(it.kind, it.ids["order_id"]) for it in world.differences()] == [(Kind.VERDICT_NOT_RECORDED, CHECKED)]
    world.change_order(CHECKED, signed=True)
    assert world.differences() == []


def test_the_same_difference_at_a_second_look_has_the_same_key_and_another_offset_has_not() -> None:
    world, moved = World(), World()
    world.position(committed=7)
    moved.position(committed=8)
    (before,), (again,), (after,) = world.differences(), world.differences(), moved.differences()
    assert before.key == again.key != after.key


@pytest.mark.parametrize(
    ("reuse", "counted", "agrees"),
    [
        (ReuseFact(OFFER, KLIENT, runs=True), Counted(runs=True), True),
        (ReuseFact(OFFER, KLIENT, runs=False), Counted(runs=True), False),
        (ReuseFact(OFFER, KLIENT, runs=True), Counted(runs=False), True),
        (ReuseFact(OFFER, KLIENT, runs=False), None, True),
        (ReuseFact(OFFER, KLIENT, runs=True, last_day="2020-12-31"), None, True),
        (ReuseFact(OFFER, KLIENT, runs=True, last_day="2020-12-31"), Counted(runs=True), False),
        (ReuseFact(OFFER, KLIENT, runs=True, last_day="2999-12-31"), None, False),
        (ReuseFact(OFFER, KLIENT, runs=True, last_day="2999-12-31"), Counted(runs=True, last_day="2999-12-31"), True),
    ],
)
def test_who_reuses_an_offer_is_counted_while_it_runs(reuse: ReuseFact, counted: Counted | None, *, agrees: bool) -> None:
    world = World()
    world.stores.accessions["acceded"] = AccessionFact("acceded", reuse)
    world.stores.counted = [] if counted is None else [CountedFact({"acceded": counted})]
    assert [it.kind for it in world.differences()] == ([] if agrees else [Kind.REUSE_MISCOUNTED])


def test_the_handbook_says_of_every_kind_what_it_means() -> None:
    described = re.findall(r"^\| `([a-z_]+)` \|", HANDBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(described) == sorted(kind.value for kind in Kind)


def removed(world: World) -> None:
    """The offer was withdrawn and has left its topic, by its fifth and sixth event."""
    world.stores.offerings[OFFER] = OfferingFact(OFFER, "Angebot", 1, OfferingState.ZURUECKGEZOGEN, removed=True)
    world.stores.listed[OFFER] = replace(world.stores.listed[OFFER], state=OfferingState.ZURUECKGEZOGEN)
    world.sequence(("catalog", OFFER), seq=6, retained=False, removed=True)
    world.topics.last["catalog", OFFER] = LastEvent(6, "catalog.offering.v1", "catalog.offering.removed.v1", AT, None)


def test_a_removed_offer_agrees_while_its_tombstone_stands_and_when_that_is_gone() -> None:
    world = World()
    removed(world)
    assert world.differences() == []
    del world.topics.last["catalog", OFFER]
    assert world.differences() == []
    world.topics.last["catalog", OFFER] = LastEvent(3, "catalog.submission.v1", "t", AT, None)
    assert world.differences() == [], "an older event of another topic outlives the tombstone"


def test_a_removed_offer_of_which_the_topic_still_holds_a_state_is_a_difference() -> None:
    world = World()
    removed(world)
    world.topics.last["catalog", OFFER] = LastEvent(5, "catalog.offering.v1", "catalog.offering.withdrawn.v1", AT, None)
    assert [it.kind for it in world.differences()] == [Kind.TOPIC_BEHIND]


def test_a_removed_offer_that_an_earlier_version_has_restated_is_a_difference() -> None:
    world = World()
    removed(world)
    world.topics.last["catalog", OFFER] = LastEvent(6, "catalog.offering.v1", "catalog.offering.restated.v1", AT, None)
    assert [(it.kind, "was removed" in it.text) for it in world.differences()] == [(Kind.TOPIC_BEHIND, True)]


def test_a_tombstone_that_waits_in_the_outbox_is_no_difference_of_the_topic() -> None:
    world = World()
    removed(world)
    world.sequence(("catalog", OFFER), waiting=1, since=AT)
    world.topics.last["catalog", OFFER] = LastEvent(5, "catalog.offering.v1", "catalog.offering.withdrawn.v1", AT, None)
    assert [it.kind for it in world.differences()] == [Kind.OUTBOX_WAITING]


def test_a_reader_that_began_after_the_removal_need_not_list_the_offer_but_never_as_orderable() -> None:
    world = World()
    removed(world)
    del world.stores.listed[OFFER]
    assert world.differences() == []
    world.stores.listed[OFFER] = ListedOfferingFact(OFFER, "Angebot", 1, OfferingState.VEROEFFENTLICHT)
    assert [it.kind for it in world.differences()] == [Kind.OFFERING_LISTED_OTHERWISE]


def test_a_record_that_has_left_the_quarantine_in_time_is_not_lost() -> None:
    world = World()
    world.topics.last["ordering", "9917f198"] = LastEvent(
        2, "ordering.quarantine.v1", "ordering.quarantine.discarded.v1", AT, None
    )
    assert world.differences() == []
