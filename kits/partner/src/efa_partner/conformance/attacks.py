"""Makers of cases that are one record each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from efa_partner.conformance.bench import Bench
from efa_partner.conformance.case import Case, Expected, Got, Kind, Words, outcome
from efa_partner.conformance.transport import Record
from efa_partner.errors import RecordTooLargeError
from efa_partner.receipt import Receipt

Make: TypeAlias = Callable[[Bench], Record | bytes | None]


def attack(name: str, title: tuple[str, str], why: tuple[str, str], make: Make, expected: Expected) -> Case:
    """Return the case of one record that must do nothing."""

    async def play(bench: Bench) -> Got:
        made = make(bench)
        record = made if isinstance(made, Record) else Record(made, None if bench.order is None else bench.order.id.encode())
        try:
            receipt = await bench.ask(record)
        except RecordTooLargeError as error:
            return Got(Kind.NOT_TAKEN, error.code, detail=str(error))
        return outcome(receipt, key_faults(receipt))

    return Case(name, Words(*title), Words(*why), expected, play)


def payload(**changed: object) -> Make:
    """Return what signs a good event with other members; a member changed to ... is left out."""

    def make(bench: Bench) -> bytes:
        event = bench.event() | changed
        return bench.jws({name: value for name, value in event.items() if value is not ...})

    return make


def header(**changed: object) -> Make:
    """Return what signs a good event under another header; a member changed to ... is left out."""

    def make(bench: Bench) -> bytes:
        members = bench.header() | changed
        return bench.jws(bench.event(), {name: value for name, value in members.items() if value is not ...})

    return make


def data(type_: str, **fields: object) -> Make:
    """Return what signs a good event with other ``data``; a field changed to ... is left out."""

    def make(bench: Bench) -> bytes:
        found = bench.data() | fields
        return bench.jws(bench.event(type_, {name: value for name, value in found.items() if value is not ...}))

    return make


def key_faults(receipt: Receipt) -> tuple[str, ...]:
    """Return what is wrong with a receipt for a record of this run."""
    return () if receipt.event.topic == f"partner.{receipt.partner}.orders.v1" else ("the receipt names another topic",)
