"""Cases that must be accepted: the way of a Vorgang as far as the partner goes it alone, and repeats."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from efa_partner import base64url
from efa_partner.conformance.attacks import key_faults
from efa_partner.conformance.bench import INTEREST, WITHDRAWN, Bench
from efa_partner.conformance.case import ACCEPTED, CannotRunError, Case, Got, Words, outcome, refused
from efa_partner.conformance.transport import Record
from efa_partner.receipt import Receipt
from efa_partner.signing import json_bytes

_REVISIONS_AHEAD = 8
_EXACTLY_ONE = (
    "Eine Wiederholung nach einem Absturz darf nichts zweimal bewirken und bekommt die erste Quittung.",
    "A repeat after a crash must have no second effect, and gets the first receipt.",
)


def _needs_order(bench: Bench) -> tuple[bytes, Receipt]:
    if bench.first is None:
        raise CannotRunError("the case interest-declared did not lead to a Vorgang")
    return bench.first


async def _interest(bench: Bench) -> Got:
    event = bench.event(INTEREST, bench.interest(message="Konformitätslauf"))
    value = bench.jws(event)
    before = len(bench.transport.answers())
    place = await bench.transport.send(Record(value, event["jti"].encode()))
    answer, receipt = await bench.receipt_at(place, before)
    faults = [*key_faults(receipt)]
    if receipt.accepted:
        bench.order, bench.first = receipt.order, (value, receipt)
    if receipt.event.jti != event["jti"] or answer.key != event["jti"].encode():
        faults.append("the receipt does not lie under the jti of the event")
    if receipt.event.type != INTEREST:
        faults.append("the receipt names another type")
    if abs((receipt.received_at - datetime.now(UTC)).total_seconds()) > 24 * 3600:
        faults.append("the time of receipt is not the time of this run")
    return outcome(receipt, tuple(faults))


async def _repeated(bench: Bench, value: bytes, jti: str, first: Receipt, partition: int | None = None) -> Got:
    before = len(bench.transport.answers())
    await bench.transport.send(Record(value, jti.encode(), partition))
    again = await bench.next_under(jti.encode(), before)
    faults = () if again.value == first.raw else ("the receipt of the repeat is not the first one byte for byte",)
    return outcome(bench.read(again), faults)


async def _same_bytes(bench: Bench) -> Got:
    value, first = _needs_order(bench)
    return await _repeated(bench, value, str(first.event.jti), first)


async def _same_bytes_elsewhere(bench: Bench) -> Got:
    value, first = _needs_order(bench)
    return await _repeated(bench, value, str(first.event.jti), first, (first.event.partition + 1) % 3)


async def _same_meaning(bench: Bench) -> Got:
    value, first = _needs_order(bench)
    event = _payload(value)
    spelled = json.dumps(dict(reversed(event.items())), indent=1).encode()
    head = {name: it for name, it in bench.header().items() if name != "typ"}
    return await _repeated(bench, bench.jws(spelled, head), str(first.event.jti), first)


async def _same_identity_other_event(bench: Bench) -> Got:
    value, first = _needs_order(bench)
    other = _payload(value)
    other["data"] = {**other["data"], "message": "Ein anderes Ereignis"}
    return outcome(await bench.ask(Record(bench.jws(other), str(first.event.jti).encode())))


def _payload(value: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64url.decode(value.split(b".")[1]))
    return found


async def _withdrawn_with_revision(bench: Bench) -> Got:
    """Withdraw the run's Vorgang on the revision that it has; the pre-check may have moved it on since the receipt."""
    _, first = _needs_order(bench)
    if first.order is None or bench.order is None:
        raise CannotRunError("the receipt named no Vorgang")
    receipt = first
    for ahead in range(_REVISIONS_AHEAD):
        data = bench.data(if_revision=first.order.revision + ahead, reason="Ende des Konformitätslaufs")
        receipt = await bench.command(WITHDRAWN, data)
        if receipt.code != "precondition_failed":
            break
    faults = []
    if receipt.accepted and receipt.order is not None:
        if receipt.order.state != "ZURUECKGEZOGEN":
            faults.append(f"the Vorgang is {receipt.order.state}")
        if receipt.order.id != first.order.id:
            faults.append("the receipt names another Vorgang")
        bench.order = receipt.order
    return outcome(receipt, tuple(faults))


async def _after_the_end(bench: Bench) -> Got:
    _needs_order(bench)
    receipt = await bench.command("partner.order.order-placed.v1", bench.data(accepts_agb=True))
    return outcome(receipt)


async def _with_allowed_attributes(bench: Bench) -> Got:
    _needs_order(bench)
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    event = bench.event(INTEREST, bench.interest()) | {
        "traceparent": traceparent,
        "subject": "Konformitätslauf",
        "dataschema": "https://example.org/schema",
    }
    head = {name: it for name, it in bench.header().items() if name != "typ"}
    receipt = await bench.ask(Record(bench.jws(json_bytes(event), head), event["jti"].encode()))
    if receipt.accepted:
        bench.order = receipt.order
    return outcome(receipt)


async def _withdrawn(bench: Bench) -> Got:
    if bench.order is None or bench.order.state == "ZURUECKGEZOGEN":
        raise CannotRunError("there is no open Vorgang of this run")
    receipt = await bench.command(WITHDRAWN, bench.data())
    if receipt.accepted:
        bench.order = receipt.order
    return outcome(receipt)


FIRST: tuple[Case, ...] = (
    Case(
        "interest-declared",
        Words("Interesse bekunden", "Declare interest"),
        Words(
            "Der Anfang jedes Vorgangs: Signatur, Registrierung, Rechte und Quittung greifen ineinander.",
            "The beginning of every Vorgang: signature, registration, rights and receipt work together.",
        ),
        ACCEPTED,
        _interest,
        attack=False,
    ),
    *(
        Case(name, Words(*title), Words(*_EXACTLY_ONE), ACCEPTED, play, attack=False)
        for name, title, play in (
            ("repeat-same-bytes", ("Dieselben Bytes noch einmal", "The same bytes once more"), _same_bytes),
            (
                "repeat-other-partition",
                ("Dieselben Bytes in einer anderen Partition", "The same bytes in another partition"),
                _same_bytes_elsewhere,
            ),
            (
                "repeat-same-meaning",
                ("Dasselbe Ereignis anders geschrieben und neu signiert", "The same event spelled otherwise and signed again"),
                _same_meaning,
            ),
        )
    ),
    Case(
        "jti-reused",
        Words("Anderes Ereignis unter derselben jti", "Another event under the same jti"),
        Words(
            "Eine Kennung steht für genau ein Ereignis; das erste bleibt, wie es ist.",
            "An identity stands for exactly one event; the first stays as it is.",
        ),
        refused("event_id_reused"),
        _same_identity_other_event,
        attack=False,
    ),
)
LAST: tuple[Case, ...] = (
    Case(
        "withdrawn-with-revision",
        Words("Zurückziehen mit passender if_revision", "Withdraw with the right if_revision"),
        Words(
            "Nach allen schlechten Records steht der Vorgang, wie er war: Keiner hat etwas bewirkt.",
            "After all bad records the Vorgang stands as it was: none of them had an effect.",
        ),
        ACCEPTED,
        _withdrawn_with_revision,
        attack=False,
    ),
    Case(
        "after-the-end",
        Words("Bestellung nach dem Zurückziehen", "Order after the withdrawal"),
        Words("Ein beendeter Vorgang bewegt sich nicht mehr.", "A Vorgang that has ended does not move any more."),
        refused("illegal_move"),
        _after_the_end,
        attack=False,
    ),
    Case(
        "attributes-allowed",
        Words("Erlaubte Zusatzattribute, Kopf ohne typ", "Further attributes that are allowed, header without typ"),
        Words(
            "subject, dataschema und traceparent dürfen mitkommen; vertraut wird ihnen nicht.",
            "subject, dataschema and traceparent may come along; they are not trusted.",
        ),
        ACCEPTED,
        _with_allowed_attributes,
        attack=False,
    ),
    Case(
        "withdrawn",
        Words("Zurückziehen ohne if_revision", "Withdraw without if_revision"),
        Words(
            "Der Lauf hinterlässt keinen offenen Vorgang.",
            "The run leaves no open Vorgang behind.",
        ),
        ACCEPTED,
        _withdrawn,
        attack=False,
    ),
)
