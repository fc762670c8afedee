"""Invariants of orders and contracts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from tests.faults.checker.finding import Finding, Model
from tests.faults.checker.history import History, Kind, Op, completed

_TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


def no_lost_order(history: History, model: Model) -> Finding:
    """Every acknowledged order ends in exactly one of: contract, refusal, visibly pending, dead letter."""
    finding = Finding()
    contracts = _by(history.documents("contracts"), "order")
    orders = {op.k: op for op in history.documents("orders")}
    letters = {op.k for op in history.of("letter")}
    acknowledged = {end.v["id"]: end for _, end in completed(history, model.order_command) if end and end.t is Kind.OK}
    for order, end in acknowledged.items():
        finding.looked += 1
        states = [contract.v["state"] for contract in contracts.get(order, ())]
        state = orders[order].v["state"] if order in orders else None
        ends = {
            "contract": model.concluded in states,
            "refusal": (not states and state in model.refused) or bool(set(states) & model.refused),
            "pending": not states and state in model.pending and order not in letters and bool(orders[order].v["waiting"]),
            "dead letter": not states and order in letters,
        }
        if sum(ends.values()) != 1:
            found = ", ".join(name for name, true in ends.items() if true) or "nowhere"
            finding.wrong.append((end, f"the acknowledged order ends in: {found} (order {state}, contracts {states})"))
    return finding


def no_duplicate_contract(history: History, model: Model) -> Finding:
    """One contract per order and channel, one number per contract, none left out; topic, order and store say the same."""
    finding = Finding()
    concluded = [op for op in history.documents("contracts") if op.v["state"] == model.concluded]
    finding.looked = len(concluded)
    for (order, channel), same in _by(concluded, "order", "channel").items():
        if len(same) > 1:
            finding.wrong.append((same[1], f"order {order} has {len(same)} contracts through {channel}"))
    provisions = [op for op in history.documents("provisions") if op.v["sequence"] is not None]
    for (channel, year), register in _by([*concluded, *provisions], "channel", "year").items():
        numbers = sorted(op.v["sequence"] for op in register)
        twice = {number for number, times in Counter(numbers).items() if times > 1}
        finding.wrong += [
            (op, f"number {op.v['sequence']} of {channel} {year} stands on several contracts")
            for op in register
            if op.v["sequence"] in twice
        ]
        missing = sorted(set(range(1, numbers[-1] + 1)) - set(numbers))
        if missing:
            finding.wrong.append((register[0], f"{channel} {year} has no contract with the numbers {missing}"))
    stored = {op.k: op for op in history.documents("contracts")}
    for op in history.of("record"):
        reported = op.v.get("number")
        if reported is not None and op.k in stored and stored[op.k].v["number"] != reported:
            finding.wrong.append((op, f"the topic says number {reported}, the contract {stored[op.k].v['number']}"))
    of_order = _by(concluded, "order")
    for order in history.documents("orders"):
        reported = order.v.get("number")
        if reported is not None and reported not in {contract.v["number"] for contract in of_order.get(order.k, ())}:
            finding.wrong.append((order, f"the order names contract {reported}, which does not exist"))
    return finding


def no_phantom(history: History, model: Model) -> Finding:
    """Nothing exists without its cause: no contract without an order, no event without its aggregate, no mail without its note."""
    finding = Finding()
    tried: dict[str, set[Kind]] = defaultdict(set)
    for begun, end in completed(history, model.order_command):
        tried[begun.k].add(Kind.INFO if end is None else end.t)
    for contract in history.documents("contracts"):
        finding.looked += 1
        outcomes = tried.get(contract.v["order"], set())
        if not outcomes - {Kind.FAIL}:
            why = "only refused tries" if outcomes else "no try"
            finding.wrong.append((contract, f"a contract for order {contract.v['order']}, of which there was {why}"))
    last = {(op.v["source"], op.k): op.v["seq"] for op in history.of("document") if op.v.get("source")}
    for record in history.of("record"):
        finding.looked += 1
        if record.v.get("injected"):
            continue
        if record.v["seq"] > last.get((record.v["source"], record.k), 0):
            finding.wrong.append((record, f"event {record.v['seq']} is on the topic, its aggregate never came so far"))
    known = {op.k for op in history.documents("notifications")}
    for mail in history.of("mail"):
        finding.looked += 1
        if mail.k not in known:
            finding.wrong.append((mail, "a mail was sent of which no notification is stored"))
    return finding


def one_key_one_effect(history: History, _: Model) -> Finding:
    """The same key and body gives the same answer; another body gives 422; a refusal is final unless it says to try again."""
    finding = Finding()
    groups: dict[tuple[str, str], list[tuple[Op, Op]]] = defaultdict(list)
    for name in {op.v["name"] for op in history.of("command", Kind.INVOKE)}:
        for begun, end in completed(history, name):
            if end is not None and end.t in (Kind.OK, Kind.FAIL):
                groups[begun.v["caller"], begun.v["idem"]].append((begun, end))
    for same in groups.values():
        if len(same) < 2:
            continue
        finding.looked += 1
        first = next(((begun, end) for begun, end in same if end.t is Kind.OK), None)
        if first is None:
            continue
        finding.wrong += [(end, fault) for begun, end in same if (fault := _differs(*first, begun, end))]
    return finding


def _differs(asked: Op, answered: Op, begun: Op, end: Op) -> str | None:
    """Return what is wrong with an answer under a key under which ``asked`` was ``answered`` with success."""
    if begun.v["body"] != asked.v["body"]:
        good = end.v["status"] in (409, 422)
        return None if good else f"another body under a key that is taken was answered {end.v['status']}"
    if end.t is Kind.FAIL:
        # What was refused before it succeeded is another matter: a refusal that changes nothing may be tried again.
        good = end.v["status"] in _TRY_AGAIN or begun.i < answered.i
        return None if good else f"a repeat of what had succeeded was refused with {end.v['status']}"
    same = (end.v["id"], end.v["status"]) == (answered.v["id"], answered.v["status"])
    return None if same else f"a repeat was answered {end.v['id']}, the first {answered.v['id']}"


def _by(ops: Iterable[Op], *names: str) -> dict[Any, list[Op]]:
    groups: dict[Any, list[Op]] = defaultdict(list)
    for op in ops:
        values = tuple(op.v[name] for name in names)
        groups[values[0] if len(values) == 1 else values].append(op)
    return groups
