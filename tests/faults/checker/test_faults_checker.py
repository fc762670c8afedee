"""The checker is tested itself: a good history is valid, and each bad one is found by the invariant that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.checker.finding import Model
from tests.faults.checker.history import History, Kind, Op, Recorder, completed, read
from tests.faults.checker.judge import INVARIANTS, Verdict, judge

MODEL = Model(
    moves={"orders": frozenset({(None, "BESTELLT"), ("BESTELLT", "VERTRAG_GESCHLOSSEN")})},
    audited=frozenset({"orders", "contracts"}),
    faults=("sigkill",),
    fewest_orders=2,
)
Change = Callable[[list[Op]], list[Op]]


def good() -> list[Op]:
    """Two orders, each with its contract, notification and mail; a kill; a poison record; a repeat of one key."""
    recorder = Recorder(7)
    add = recorder.add
    for n in (1, 2):
        order, contract, note = f"o-{n}", f"c-{n}", f"n-{n}"
        asked: dict[str, Any] = {"name": "place", "caller": "husum", "idem": f"key-{n}", "body": "b1"}
        for time in (1, 2):
            add(f"client-{n}", Kind.INVOKE, "command", order, mono=n, time=time, **asked)
            add(f"client-{n}", Kind.OK, "command", order, mono=n + 0.5, id=order, status=200, time=time, **asked)
        add(f"client-{n}", Kind.OK, "read", order, mono=n + 0.6, version=1, state="BESTELLT")
        add(f"client-{n}", Kind.OK, "read", order, mono=n + 0.9, version=2, state="VERTRAG_GESCHLOSSEN")
        for seq, state in ((1, "BESTELLT"), (2, "VERTRAG_GESCHLOSSEN")):
            offset = 2 * n + seq - 3
            add("tap", Kind.OK, "record", order, mono=9, topic="orders", part=0, off=offset, id=f"e-{n}-{seq}", source="/ordering",
                seq=seq, digest=f"d-{n}-{seq}", state=state, collection="orders")  # fmt: skip
            add("tap", Kind.OK, "handled", "reader", topic="orders", part=0, off=offset, fate="effect")
        add("tap", Kind.OK, "record", contract, mono=9, topic="contracts", part=0, off=n - 1, id=f"f-{n}", source="/contracts", seq=1,
            digest=f"g-{n}", number=f"N/{n}", compacted=True)  # fmt: skip
        add("store", Kind.OK, "document", order, collection="orders", source="/ordering", seq=2, waiting=0,
            state="VERTRAG_GESCHLOSSEN", number=f"N/{n}")  # fmt: skip
        add("store", Kind.OK, "document", contract, collection="contracts", source="/contracts", seq=1, waiting=0, order=order,
            channel="fitko", year=2026, sequence=n, number=f"N/{n}", state="GESCHLOSSEN")  # fmt: skip
        add("store", Kind.OK, "document", note, collection="notifications", event=f"e-{n}-1", recipient="husum", way="EMAIL",
            state="ZUGESTELLT", created=3.0)  # fmt: skip
        add("smtp", Kind.OK, "mail", note, mono=4, at=3.5)
    add("nemesis", Kind.FAULT, "sigkill", "contracts-0", mono=50, fired=True)
    add("nemesis", Kind.OK, "poison", "p", topic="orders", part=0, off=4, digest="bad")
    add("tap", Kind.OK, "letter", "p", group="reader", topic="orders", part=0, off=4, digest="bad", code="schema")
    add("tap", Kind.OK, "committed", "reader", topic="orders", part=0, off=5)
    add("rig", Kind.OK, "quiet", "all", mono=60, seconds=3.0, outbox=0, dead=[])
    return recorder.ops


def judged(ops: list[Op], model: Model = MODEL) -> Any:
    return judge(History(7, tuple(ops)), model)


def where(function: str, key: str | None = None, **values: Any) -> Callable[[Op], bool]:
    def fits(op: Op) -> bool:
        named = op.f == function and key in (None, op.k)
        return named and all(op.v.get(name) == value for name, value in values.items())

    return fits


def without(fits: Callable[[Op], bool]) -> Change:
    return lambda ops: [op for op in ops if not fits(op)]


def changed(fits: Callable[[Op], bool], **values: Any) -> Change:
    def change(ops: list[Op]) -> list[Op]:
        assert any(fits(op) for op in ops)
        return [replace(op, v={**op.v, **values}) if fits(op) else op for op in ops]

    return change


def again(fits: Callable[[Op], bool], key: str | None = None, mono: float | None = None, **values: Any) -> Change:
    def change(ops: list[Op]) -> list[Op]:
        one = next(op for op in ops if fits(op))
        copy = replace(one, i=len(ops), k=key or one.k, v={**one.v, **values}, mono=one.mono if mono is None else mono)
        return [*ops, copy]

    return change


def both(*changes: Change) -> Change:
    def change(ops: list[Op]) -> list[Op]:
        for one in changes:
            ops = one(ops)
        return ops

    return change


def as_info(op: Op) -> Op:
    return replace(op, t=Kind.INFO) if op.p == "client-1" and op.f == "command" and op.t is Kind.OK else op


def late_failure(op: Op) -> Op:
    repeat = op.p == "client-2" and op.f == "command" and op.v["time"] == 2 and op.t is Kind.OK
    return replace(op, t=Kind.FAIL, v={**op.v, "status": 404}) if repeat else op


def as_failure(op: Op) -> Op:
    return replace(op, t=Kind.FAIL, v={**op.v, "status": 409}) if as_info(op) is not op else op


def each(one: Callable[[Op], Op]) -> Change:
    return lambda ops: [one(op) for op in ops]


BAD: dict[str, tuple[str, Change]] = {
    "acknowledged order without contract": ("I1", without(where("document", "c-1"))),
    "acknowledged order that is not stored": ("I1", both(without(where("document", "o-1")), without(where("document", "c-1")))),
    "order that has a contract and a refusal": ("I1", again(where("document", "c-1"), "c-3", state="ABGELEHNT", sequence=None)),
    "second contract of an order": ("I2", again(where("document", "c-1"), "c-3", sequence=3)),
    "number allotted twice": ("I2", changed(where("document", "c-2"), sequence=1)),
    "gap in the register": ("I2", changed(where("document", "c-2"), sequence=3)),
    "topic says another number": ("I2", changed(where("record", "c-1"), number="N/9")),
    "order names a contract that is none": ("I2", changed(where("document", "o-1"), number="N/9")),
    "contract that nobody ordered": ("I3", again(where("document", "c-1"), "c-3", order="o-3", sequence=3, number="N/3")),
    "contract of an order that was refused": ("I3", each(as_failure)),
    "event that its aggregate never told": ("I3", changed(where("document", "o-1"), seq=1)),
    "mail without a notification": ("I3", without(where("document", "n-1"))),
    "step that the table does not know": ("I4", changed(where("record", "o-1", seq=2), state="PRODUKTIV")),
    "client sees an older version": ("I4", again(where("read", "o-1", version=1))),
    "hole in a sequence": ("I5", without(where("record", "o-1", seq=1))),
    "inversion on a partition": (
        "I5",
        both(changed(where("record", "o-1", seq=1), off=90), changed(where("record", "o-1", seq=2), off=80)),
    ),
    "repeat with other bytes": ("I5", again(where("record", "o-1", seq=1), off=90, digest="other")),
    "two events under one id": ("I5", changed(where("record", "o-2", seq=1), id="e-1-1")),
    "old event is the last of its key": (
        "I5",
        both(again(where("record", "c-1"), seq=2, id="f-1-2", off=90), again(where("record", "c-1"), off=91)),
    ),
    "recipient is told twice": ("I6", again(where("document", "n-1"), "n-3")),
    "mail sent twice without a fault": ("I6", again(where("mail", "n-1"), mono=5)),
    "mail sent before its notification was stored": ("I6", changed(where("document", "n-1"), created=3.6)),
    "mail counts as delivered and was not": ("I6", without(where("mail", "n-1"))),
    "notification of an event that is on no topic": ("I6", changed(where("document", "n-1"), event="e-9")),
    "published event is on no topic": ("I7", without(where("record", "c-1"))),
    "record without a fate": ("I8", without(where("handled", off=1))),
    "record is effect and dead letter": (
        "I8",
        again(where("letter"), off=1, digest="d-1-2"),
    ),
    "fate of a record that is not there": ("I8", again(where("handled", off=1), off=77)),
    "offset committed over a record that was not handled": ("I9", without(where("handled", off=2))),
    "poison is lost": ("I10", without(where("letter"))),
    "dead letter with other bytes": ("I10", changed(where("letter"), digest="other")),
    "dead letter without a reason": ("I10", changed(where("letter"), code="")),
    "good record among the dead letters": ("I10", again(where("letter"), off=1)),
    "repeat gets another answer": ("I11", changed(where("command", "o-2", time=2), id="o-9")),
    "repeat of a success is refused": ("I11", each(late_failure)),
    "other body under a used key is accepted": ("I11", changed(where("command", "o-2", time=2), body="b2")),
    "lag that stays": ("I12", changed(where("committed"), off=4)),
    "events stay in outboxes": ("I12", changed(where("quiet"), outbox=1)),
    "recovery takes too long": ("I12", changed(where("quiet"), seconds=61.0)),
    "process hangs": ("I12", changed(where("quiet"), dead=["eligibility"])),
}


def test_a_good_history_is_valid_and_every_invariant_has_looked_at_something() -> None:
    report = judged(good())
    assert report.verdict is Verdict.VALID, report.text()
    assert set(report.looked) == set(INVARIANTS)
    assert all(report.looked.values())


@pytest.mark.parametrize("what", BAD)
def test_a_bad_history_is_found_by_the_invariant_that_it_breaks(what: str) -> None:
    number, change = BAD[what]
    report = judged(change(good()))
    assert report.verdict is Verdict.INVALID
    assert number in {name.split()[0] for name in report.names()}, report.text()


def test_every_invariant_has_a_bad_history() -> None:
    assert {number for number, _ in BAD.values()} == {name.split()[0] for name in INVARIANTS}


def test_a_report_names_seed_key_operations_around_and_the_faults_between() -> None:
    report = judged(again(where("record", "o-1", seq=1), mono=51, off=90, digest="other")(good()))
    assert "seed 7: invalid" in report.text()
    (anomaly,) = [found for found in report.anomalies if found.invariant.startswith("I5")]
    assert anomaly.key == "o-1"
    assert anomaly.text in report.text()
    assert {op.f for op in anomaly.around} == {"record", "document", "sigkill"}


def test_a_mail_that_a_crash_repeats_is_the_documented_window() -> None:
    report = judged(again(where("mail", "n-1"), mono=55)(good()))
    assert report.verdict is Verdict.VALID, report.text()


@pytest.mark.parametrize(
    ("what", "change"),
    {
        "nothing to look at": without(lambda op: op.f in ("read", "record")),
        "no fault fired": changed(lambda op: op.t is Kind.FAULT, fired=False),
        "never quiet": without(where("quiet")),
        "too few orders": each(as_info),
        "the checker breaks": lambda ops: [replace(op, v={}) if op.f == "read" else op for op in ops],
    }.items(),
)
def test_a_run_that_shows_nothing_is_not_valid(what: str, change: Change) -> None:
    report = judged(change(good()))
    assert report.verdict is not Verdict.VALID, what
    assert report.doubts


def test_an_unknown_outcome_is_neither_success_nor_failure() -> None:
    model = replace(MODEL, fewest_orders=1)
    unknown = each(as_info)(good())
    assert judged(unknown, model).verdict is Verdict.VALID
    gone = without(lambda op: op.k in {"o-1", "c-1", "n-1"} and op.f not in {"command", "record"})(unknown)
    assert "I1 no lost order" not in judged(gone, model).names()


def test_a_history_survives_its_file() -> None:
    history = History(7, tuple(good()))
    copy = read(7, [op.line() for op in history.ops])
    assert copy == history
    assert [begun.k for begun, _ in completed(copy, "place")] == ["o-1", "o-1", "o-2", "o-2"]
