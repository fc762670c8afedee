"""Every record of a partner has one receipt and at most one effect, by the same rules and rights as HTTP."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.ordering import commands
from services.ordering.domain.partner.partner import Partner
from services.ordering.domain.receipt import Receipt
from services.ordering.inbound import verify
from services.ordering.inbound.actions import Actions
from services.ordering.inbound.findings import QUARANTINE_CODES, REFUSAL_CODES, QuarantinedError
from services.ordering.inbound.intake import RecordIntake
from services.ordering.inbound.receipts import RECEIPTS, RETENTION, Receipts
from services.ordering.partners.quarantine import ORIGINALS, QUARANTINE, Original, Quarantine
from services.ordering.partners.words import refusals
from services.ordering.repository import Offerings, Orders
from shared.errors import StoreUnavailableError
from shared.messages.ordering import QuestionAsked
from tests.component.ordering.ordering_world import BEREITSTELLER, INTEREST, KUNDE, World
from tests.component.ordering.test_ordering_uses import productive
from tests.support.builders.orders import CUSTOMER
from tests.support.documents import ROOT
from tests.support.partners import AUDIENCE, PartnerSystem, TestSigner, customer, event_in, receipt_in

ACTS_FOR = {"organisation": CUSTOMER.id}
RECEIPTS_TOPIC = "partner.nord.receipts.v1"


class Desk:
    """The intake over the world's store, and the partner in front of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.receipts = Receipts(world.resources)
        self.orders, self.offerings = Orders(world.resources), Offerings(world.resources)
        self.quarantine = Quarantine(world.resources)
        self.signer = TestSigner()
        self.system = PartnerSystem("nord", (customer(CUSTOMER.id, CUSTOMER.name),))
        self.partner: Partner = self.system.registered(world.now)
        actions = Actions(self.orders, self.offerings, world.clock)
        self.intake = RecordIntake(actions, self.receipts, self.quarantine, self.signer, world.clock, AUDIENCE)

    def record(self, what: str, data: dict[str, Any], partition: int = 0, **changed: Any) -> Original:
        """Return the record of a signed event."""
        value = self.system.sign(self.system.event(what, ACTS_FOR | data, self.world.now, **changed))
        return self.system.record(value, self.world.now, partition)

    async def take(self, *records: Original) -> list[dict[str, Any]]:
        """Take records and return what their receipts say."""
        return [receipt_in(receipt.jws or "") for receipt in await self.intake.take_all(self.partner, records)]

    async def send(self, what: str, data: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """Send one event and return its receipt."""
        (receipt,) = await self.take(self.record(what, data, **changed))
        return receipt

    def sent(self) -> list[str]:
        """Return the values of the records on the partner's topic of receipts."""
        return [event.body for event in self.world.publisher.events if event.topic == RECEIPTS_TOPIC]


@pytest.fixture
async def desk(world: World) -> Desk:
    await world.store.prepare([RECEIPTS, QUARANTINE, ORIGINALS])
    return Desk(world)


def said(receipt: dict[str, Any]) -> tuple[str, str | None]:
    return receipt["status"], receipt["code"]


async def test_a_partner_goes_the_whole_way_of_the_kunde(desk: Desk) -> None:
    world = desk.world
    interest = await desk.send("interest-declared", INTEREST)
    assert said(interest) == ("accepted", None)
    order = await world.read(interest["order"]["id"])
    assert interest["order"] == {"id": order["id"], "number": order["number"], "state": "INTERESSE_BEKUNDET", "revision": 1}
    await world.judge(order)
    order = await world.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    at = {"order_id": order["id"]}
    assert said(await desk.send("point-added", at | {"label": "Gebührenordnung", "owner": "KUNDE"})) == ("accepted", None)
    assert said(await desk.send("question-asked", at | {"text": "Welche Ports?"})) == ("accepted", None)
    asked = await world.step(order["id"], "questions", BEREITSTELLER, {"text": "Wie viele Fälle?"})
    question = next(it for it in asked["questions"] if it["asked_of"] == "KUNDE")
    answered = await desk.send("question-answered", at | {"question_id": question["id"], "text": "120 im Jahr"})
    assert said(answered) == ("accepted", None)
    order = await world.read(order["id"])
    for point in [it for it in order["points"] if it["owner"] == "KUNDE" and not it["settled"]]:
        settled = await desk.send("point-settled", at | {"point_id": point["id"], "value": point["example"]})
        assert said(settled) == ("accepted", None), settled
    await world.settle(await world.read(order["id"]))
    own = next(it for it in (await world.read(order["id"]))["questions"] if it["asked_of"] == "BEREITSTELLER")
    await world.step(order["id"], f"questions/{own['id']}/answer", BEREITSTELLER, {"text": "443"})
    await world.step(order["id"], "conditions", BEREITSTELLER, {"conditions": []})
    offered = await world.step(order["id"], "offer", "anna/govdigital/ANBIETER", {"valid_until": "2026-12-31"})
    assert offered["state"] == "ANGEBOT_ERSTELLT"
    placed = await desk.send("order-placed", at | {"accepts_agb": True, "leitweg_id": "04011000-900X999-08"})
    assert placed["order"]["state"] == "BESTELLT"
    assert {step["person"] for step in (await world.read(order["id"]))["timeline"] if step["party"] == "KUNDE"} == {
        "partner:nord"
    }


async def test_milestones_and_uses_are_reported(desk: Desk) -> None:
    order = await productive(desk.world)
    uses = await desk.send("uses-reported", {"order_id": order["id"], "period": "2026-10", "count": 7})
    assert (said(uses), uses["order"]["state"]) == (("accepted", None), "PRODUKTIV")
    corrected = await desk.send("uses-reported", {"order_id": order["id"], "period": "2026-10", "count": 8})
    assert corrected["order"]["revision"] == uses["order"]["revision"] + 1
    assert [it["count"] for it in (await desk.world.read(order["id"]))["uses"]] == [8]
    again = await desk.send("milestone-reached", {"order_id": order["id"], "code": "acceptance"})
    assert said(again) == ("refused", "illegal_move")


async def test_an_interest_can_be_withdrawn(desk: Desk) -> None:
    interest = await desk.send("interest-declared", INTEREST)
    withdrawn = await desk.send("order-withdrawn", {"order_id": interest["order"]["id"], "reason": "Haushalt"})
    assert withdrawn["order"]["state"] == "ZURUECKGEZOGEN"


async def test_a_refusal_names_code_reason_and_remedy_in_two_languages(desk: Desk) -> None:
    await desk.send("interest-declared", INTEREST)
    twice = await desk.send("interest-declared", INTEREST)
    assert said(twice) == ("refused", "open_order_exists")
    assert (twice["order"], twice["reference"]) == (None, None)
    assert twice["detail"]["de"].startswith("Für dieses Angebot")
    assert "has an open Vorgang" in twice["detail"]["en"]
    assert twice["remedy"] == {"de": "Den offenen Vorgang weiterführen.", "en": "Go on with the open Vorgang."}


async def test_a_text_that_says_nothing_is_refused_with_its_place(desk: Desk) -> None:
    interest = await desk.send("interest-declared", INTEREST)
    at = {"order_id": interest["order"]["id"]}
    for event, data in (
        ("interest-declared", INTEREST | {"message": "\u200b"}),
        ("order-withdrawn", at | {"reason": "-"}),
        ("question-asked", at | {"text": "\u00a0?"}),
        ("point-added", at | {"label": "\u200b", "owner": "KUNDE"}),
    ):
        receipt = await desk.send(event, data)
        assert said(receipt) == ("refused", "data_invalid"), event
        assert "value_error" in str(receipt["detail"])


async def test_what_is_not_the_organisations_does_not_exist(desk: Desk) -> None:
    desk.system.organisations = (customer("02000000", "Hamburg"),)
    order = await desk.world.declare()
    foreign = desk.system.registered(desk.world.now)
    record = desk.record("order-withdrawn", {"organisation": "02000000", "order_id": order["id"]})
    (receipt,) = await desk.intake.take_all(foreign, [record])
    assert said(receipt_in(receipt.jws or "")) == ("refused", "order_not_found")


async def test_the_revision_that_an_event_was_made_for_must_be_the_present_one(desk: Desk) -> None:
    interest = await desk.send("interest-declared", INTEREST)
    at = {"order_id": interest["order"]["id"]}
    stale = await desk.send("order-withdrawn", at | {"if_revision": interest["order"]["revision"] + 1})
    assert said(stale) == ("refused", "precondition_failed")
    fitting = await desk.send("order-withdrawn", at | {"if_revision": interest["order"]["revision"]})
    assert said(fitting) == ("accepted", None)


async def test_the_receipt_is_a_signed_cloud_event_under_the_jti(desk: Desk) -> None:
    record = desk.record("interest-declared", INTEREST, jti="my-id")
    (receipt,) = await desk.intake.take_all(desk.partner, [record])
    (sent,) = [event for event in desk.world.publisher.events if event.topic == RECEIPTS_TOPIC]
    assert (sent.data, sent.record_key, sent.media_type) == (receipt.jws, "my-id", "application/jose")
    event = event_in(sent.body)
    assert (event["id"], event["aud"], event["type"]) == (receipt.id, "nord", "ordering.receipt.issued.v1")
    assert event["data"]["receipt"]["event"] == {
        "jti": "my-id",
        "type": "partner.order.interest-declared.v1",
        "topic": record.topic,
        "partition": 0,
        "offset": 0,
    }


async def test_a_replay_of_the_whole_topic_changes_nothing_and_sends_the_same_bytes(desk: Desk) -> None:
    interest = desk.record("interest-declared", INTEREST)
    (first,) = await desk.take(interest)
    at = {"order_id": first["order"]["id"]}
    records = [
        interest,
        desk.record("interest-declared", INTEREST, partition=1),
        desk.system.record(b"poison", desk.world.now),
        desk.system.record(None, desk.world.now),
        desk.record("order-withdrawn", {"organisation": "02000000"} | at),
        desk.record("order-withdrawn", at, iat=1, exp=2),
        desk.record("order-withdrawn", at),
    ]
    await desk.take(*records)
    sent, order = desk.sent(), await desk.world.read(first["order"]["id"])
    events = len(desk.world.publisher.events)
    desk.world.pass_time(days=3)
    desk.partner = desk.system.registered(desk.world.now)
    for _ in range(2):
        await desk.take(*records)
    assert len(set(desk.sent())) == len(set(sent)) == len(records)
    assert set(desk.sent()) == set(sent)
    assert await desk.world.read(first["order"]["id"]) == order
    assert {event.topic for event in desk.world.publisher.events[events:]} == {RECEIPTS_TOPIC}


async def test_a_replay_gets_the_first_receipt_whatever_became_of_keys_and_organisations(desk: Desk) -> None:
    record = desk.record("interest-declared", INTEREST)
    (first,) = await desk.intake.take_all(desk.partner, [record])
    stranger = PartnerSystem("nord", (customer("02000000", "Hamburg"),)).registered(desk.world.now)
    (again,) = await desk.intake.take_all(stranger, [record])
    assert again.jws == first.jws


async def test_the_same_event_in_a_second_record_gets_the_first_receipt(desk: Desk) -> None:
    event = desk.system.event("interest-declared", ACTS_FOR | INTEREST, desk.world.now)
    records = [desk.system.record(desk.system.sign(event), desk.world.now, partition) for partition in (0, 0, 1)]
    together = await desk.intake.take_all(desk.partner, records[:2])
    (later,) = await desk.intake.take_all(desk.partner, records[2:])
    assert len({receipt.jws for receipt in (*together, later)}) == 1
    assert len(desk.sent()) == 3
    assert len(await desk.world.store.scan(RECEIPTS)) == 1


async def test_another_event_under_a_used_jti_is_refused_and_the_first_stays(desk: Desk) -> None:
    (first,) = await desk.intake.take_all(desk.partner, [desk.record("interest-declared", INTEREST, jti="one")])
    order_id = receipt_in(first.jws or "")["order"]["id"]
    other = desk.record("order-withdrawn", {"order_id": order_id}, jti="one")
    (refused,) = await desk.take(other)
    assert said(refused) == ("refused", "event_id_reused")
    assert refused["id"] != first.id
    assert (await desk.world.read(order_id))["state"] == "INTERESSE_BEKUNDET"
    assert await desk.take(other) == [refused]
    (again,) = await desk.intake.take_all(desk.partner, [desk.record("interest-declared", INTEREST, jti="two")])
    assert said(receipt_in(again.jws or ""))[1] == "open_order_exists"


async def test_what_is_quarantined_keeps_its_bytes_and_its_reference(desk: Desk) -> None:
    record = desk.system.record(b"poison", desk.world.now, partition=2)
    (receipt,) = await desk.take(record)
    assert said(receipt) == ("quarantined", "jws_malformed")
    assert receipt["reference"] == record.reference
    assert (await desk.quarantine.original(record.reference)).value == b"poison"
    (sent,) = [event for event in desk.world.publisher.events if event.topic == RECEIPTS_TOPIC]
    assert sent.record_key == "2-0"


async def test_a_record_that_is_let_go_after_the_cause_was_mended_is_accepted(desk: Desk) -> None:
    record = desk.record("interest-declared", INTEREST)
    stranger = PartnerSystem("nord", (customer("02000000", "Hamburg"),), key=desk.system.key).registered(desk.world.now)
    (held,) = await desk.intake.take_all(stranger, [record])
    assert said(receipt_in(held.jws or "")) == ("quarantined", "organisation_foreign")
    (replayed,) = await desk.intake.take_all(desk.partner, [record])
    assert replayed.jws == held.jws, "only people let it go"
    (let_go,) = await desk.intake.take_all(desk.partner, [record], released=True)
    assert said(receipt_in(let_go.jws or "")) == ("accepted", None)
    (again,) = await desk.intake.take_all(desk.partner, [record], released=True)
    assert again.jws == let_go.jws


async def test_a_batch_that_became_no_record_has_a_receipt(desk: Desk) -> None:
    record = desk.system.record(None, desk.world.now)
    error = QuarantinedError("The checksum does not match.", code="undecodable_batch")
    receipt = await desk.intake.take_unreadable(desk.partner, record, error)
    again = await desk.intake.take_unreadable(desk.partner, record, error)
    assert said(receipt_in(receipt.jws or "")) == ("quarantined", "undecodable_batch")
    assert again.jws == receipt.jws


async def test_a_record_that_makes_the_program_fail_holds_up_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    interest = await desk.send("interest-declared", INTEREST)
    at = {"order_id": interest["order"]["id"]}
    broken = desk.record("order-withdrawn", at)
    with monkeypatch.context() as patch:
        patch.setattr(commands, "withdraw", lambda _body: 1 / 0)
        failed, behind = await desk.take(broken, desk.record("uses-reported", at | {"period": "2026-10", "count": 1}))
    assert (said(failed), said(behind)) == (("quarantined", "record_unprocessable"), ("refused", "illegal_move"))
    (mended,) = await desk.intake.take_all(desk.partner, [broken], released=True)
    assert said(receipt_in(mended.jws or "")) == ("accepted", None)


@pytest.mark.parametrize("at", ["before the receipt is begun", "after the command", "after the receipt"])
async def test_a_repeat_after_a_failure_has_one_effect_and_one_receipt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    order = await desk.world.declare()
    await desk.world.judge(order)
    await desk.world.step(order["id"], "clarification", BEREITSTELLER)
    records = [desk.record("question-asked", {"order_id": order["id"], "text": f"Frage {number}?"}) for number in range(3)]
    complete = desk.receipts.complete

    async def failing(*_: object) -> Any:
        raise StoreUnavailableError("away")

    async def complete_and_fail(made: Any) -> Sequence[Receipt]:
        await complete(made)
        raise StoreUnavailableError("away")

    with monkeypatch.context() as patch:
        if at == "before the receipt is begun":
            patch.setattr(desk.receipts, "begin", failing)
        else:
            patch.setattr(desk.receipts, "complete", failing if at == "after the command" else complete_and_fail)
        with pytest.raises(StoreUnavailableError):
            await desk.intake.take_all(desk.partner, records)
    await desk.world.step(order["id"], "questions", KUNDE, {"text": "Dazwischen?"})
    receipts = await desk.intake.take_all(desk.partner, records)
    assert [said(receipt_in(receipt.jws or "")) for receipt in receipts] == [("accepted", None)] * 3
    assert len([message for message in desk.world.messages() if isinstance(message, QuestionAsked)]) == 4
    assert len({receipt_in(text)["id"] for text in desk.sent()}) == len(set(desk.sent())) == 3


async def test_receipts_are_deleted_when_their_topic_has_dropped_them(desk: Desk) -> None:
    await desk.send("interest-declared", INTEREST)
    desk.world.pass_time(seconds=(RETENTION - timedelta(hours=1)).total_seconds())
    await desk.receipts.purge()
    assert len(await desk.world.store.scan(RECEIPTS)) == 1
    desk.world.pass_time(hours=2)
    await desk.receipts.purge()
    assert await desk.world.store.scan(RECEIPTS) == []


def test_every_code_that_a_receipt_can_name_has_its_words() -> None:
    domain = "".join(
        (ROOT / "services" / "ordering" / "domain" / f"{name}.py").read_text(encoding="utf-8")
        for name in ("clarification", "award", "exits", "uses", "offering", "interest", "formats")
    ) + "".join((ROOT / "services" / "ordering" / f"{name}.py").read_text(encoding="utf-8") for name in ("access", "handlers"))
    raised = set(re.findall(r'(?:code=|Violation\()"(\w+)"', domain))
    only_of_others = {
        "already_confirmed",
        "already_offered",
        "valid_until_past",
        "price_sheet_invalid",
        "other_contract",
        "declined",
    }
    shared = {
        "forbidden",
        "role_missing",
        "illegal_move",
        "not_found",
        "precondition_failed",
        "outcome_unknown",
        "aggregate_too_large",
    }
    assert raised - only_of_others <= refusals().keys()
    assert QUARANTINE_CODES.keys() | REFUSAL_CODES.keys() | shared <= refusals().keys()
    for row in refusals().values():
        assert row.keys() == {"de", "remedy_de", "remedy_en"}
        assert all(text.endswith(".") for text in row.values())


async def test_a_topic_that_was_made_again_holds_other_records_at_the_places_that_were_answered(desk: Desk) -> None:
    poison = desk.system.record(b"poison", desk.world.now)
    assert [said(it) for it in await desk.take(poison)] == [("quarantined", "jws_malformed")]
    desk.system.offsets.clear()
    interest = desk.record("interest-declared", INTEREST)
    assert (interest.topic, interest.partition, interest.offset) == (poison.topic, poison.partition, poison.offset)
    assert [said(it) for it in await desk.take(interest)] == [("accepted", None)]


async def test_an_event_says_the_same_however_its_numbers_are_written(desk: Desk) -> None:
    data = INTEREST | {"beside": 1}
    first = desk.record("interest-declared", data, jti="one")
    other = desk.record("interest-declared", data | {"beside": 1.0}, jti="one")
    assert first.value != other.value
    (said_first,) = await desk.take(first)
    assert await desk.take(other) == [said_first]
    assert said((await desk.take(desk.record("interest-declared", data | {"beside": 1.5}, jti="one")))[0]) == (
        "refused",
        "event_id_reused",
    )


async def test_a_receipt_that_a_version_before_has_stored_is_still_that_of_its_event(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = desk.record("interest-declared", INTEREST | {"beside": 1.5, "million": 1e6}, jti="one")
    with monkeypatch.context() as before:
        before.setattr(verify, "fingerprint", verify.earlier_fingerprint)
        (first,) = await desk.take(record)
    payload = event_in(record.value or b"")
    assert verify.fingerprint(payload) != verify.earlier_fingerprint(payload)
    again = desk.system.record(record.value, desk.world.now)
    assert await desk.take(again) == [first]
