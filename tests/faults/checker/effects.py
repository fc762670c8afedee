"""Invariants of states, notifications, the record of effects, and recovery."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from tests.faults.checker.bus import lag
from tests.faults.checker.finding import Finding, Model
from tests.faults.checker.history import History, Op


def monotone_states(history: History, model: Model) -> Finding:
    """The events of an aggregate are a path of its state machine; no client sees a version or a state go back."""
    finding = Finding()
    paths: dict[tuple[str, str], dict[int, Op]] = defaultdict(dict)
    for op in history.of("record"):
        if op.v.get("state") is not None and op.v.get("collection") in model.moves:
            paths[op.v["collection"], op.k].setdefault(op.v["seq"], op)
    for (collection, _key), events in paths.items():
        before: str | None = None
        for seq in sorted(events):
            finding.looked += 1
            state = events[seq].v["state"]
            if (before, state) not in model.moves[collection]:
                finding.wrong.append((events[seq], f"from {before} to {state}: no step of the state machine"))
            before = state
    seen: dict[tuple[str, str], int] = {}
    for op in history.of("read"):
        finding.looked += 1
        version = op.v["version"]
        if version < seen.get((op.p, op.k), 0):
            finding.wrong.append((op, f"{op.p} saw version {version} after {seen[op.p, op.k]}"))
        seen[op.p, op.k] = max(version, seen.get((op.p, op.k), 0))
    return finding


def one_notification(history: History, _: Model) -> Finding:
    """One notification per event, recipient and way; one mail per notification, none before it was noted.

    A mail is repeated, with the same key, only where a fault fell between the server's acceptance and the mark.
    """
    finding = Finding()
    notes: dict[tuple[str, str, str], list[Op]] = defaultdict(list)
    stored: dict[str, Op] = {}
    for note in history.documents("notifications"):
        finding.looked += 1
        stored[note.k] = note
        notes[note.v["event"], note.v["recipient"], note.v["way"]].append(note)
    events = {op.v["id"] for op in history.of("record")}
    finding.wrong += [
        (same[1], f"{len(same)} notifications of one event for {who}") for (_, who, _w), same in notes.items() if same[1:]
    ]
    finding.wrong += [
        (note, "it tells an event that is on no topic") for note in stored.values() if note.v["event"] not in events
    ]
    mails: dict[str, list[Op]] = defaultdict(list)
    for mail in history.of("mail"):
        finding.looked += 1
        mails[mail.k].append(mail)
        reported = stored.get(mail.k)
        if reported is not None and mail.v["at"] < reported.v["created"]:
            finding.wrong.append((mail, "it was sent before its notification was stored"))
    faults = [op.mono for op in history.of("fault") if op.v["fired"]]
    for same in mails.values():
        for earlier, later in pairwise(same):
            if not any(earlier.mono - _BEFORE <= fault <= later.mono for fault in faults):
                finding.wrong.append((later, "the mail was sent twice, and nothing had gone wrong meanwhile"))
    for key, note in stored.items():
        if note.v["way"] == "EMAIL" and note.v["state"] == "ZUGESTELLT" and key not in mails:
            finding.wrong.append((note, "it says that its mail was delivered, and no server has got one"))
    return finding


_BEFORE = 30.0
"""Seconds that a fault works on: a process that was frozen goes on where it stood."""


def every_effect_on_record(history: History, model: Model) -> Finding:
    """The topics are the record of all effects: they hold each aggregate's events 1 to n, but for those that still wait."""
    finding = Finding()
    reported: dict[tuple[str, str], set[int]] = defaultdict(set)
    for op in history.of("record"):
        reported[op.v["source"], op.k].add(op.v["seq"])
    for op in history.of("document"):
        if op.v["collection"] not in model.audited:
            continue
        finding.looked += 1
        promised = set(range(1, op.v["seq"] - op.v["waiting"] + 1))
        missing = sorted(promised - reported[op.v["source"], op.k])
        if missing:
            finding.wrong.append((op, f"its events {missing} count as published and are on no topic"))
    return finding


def liveness(history: History, model: Model) -> Finding:
    """After the last fault all is worked off in time, without a person: no lag, empty outboxes, every process alive."""
    finding = Finding()
    left = +lag(history)
    for op in history.of("quiet"):
        finding.looked += 1
        if left:
            finding.wrong.append((op, f"not worked off: {dict(left)}"))
        if op.v["seconds"] > model.quiet_seconds:
            finding.wrong.append((op, f"it took {op.v['seconds']} s to be quiet, {model.quiet_seconds} s are allowed"))
        if op.v["outbox"]:
            finding.wrong.append((op, f"{op.v['outbox']} events still lie in outboxes"))
        finding.wrong += [(op, f"{name} is not alive") for name in op.v["dead"]]
    return finding
