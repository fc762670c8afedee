"""Invariants of topics, consumer groups and dead letters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.faults.checker.finding import Finding, Model
from tests.faults.checker.history import History, Op

Place = tuple[str, int, int]


def per_key_order(history: History, _: Model) -> Finding:
    """First occurrences of an aggregate's events stand in order, without hole over all topics; a repeat is byte-equal.

    The last record of a key on a compacted topic is the newest.
    """
    finding = Finding()
    first: dict[tuple[str, str], dict[int, Op]] = defaultdict(dict)
    highest: dict[tuple[str, str, str], int] = {}
    last: dict[tuple[str, str, str], Op] = {}
    ids: dict[str, Op] = {}
    for op in _records(history):
        finding.looked += 1
        source, seq = (op.v["source"], op.k), op.v["seq"]
        known = first[source].get(seq)
        on_topic = (*source, op.v["topic"])
        if op.v.get("compacted"):
            last[on_topic] = op
        if known is None:
            first[source][seq] = op
            if seq < highest.get(on_topic, 0):
                finding.wrong.append((op, f"event {seq} first appears behind event {highest[on_topic]}"))
            if op.v["id"] in ids:
                finding.wrong.append((op, f"its id is that of event {ids[op.v['id']].v['seq']}"))
            ids[op.v["id"]] = op
            highest[on_topic] = max(seq, highest.get(on_topic, 0))
        elif (op.v["id"], op.v["digest"]) != (known.v["id"], known.v["digest"]):
            finding.wrong.append((op, f"the repeat of event {seq} differs from the first"))
    for events in first.values():
        holes = sorted(set(range(1, max(events) + 1)) - set(events))
        if holes:
            finding.wrong.append((events[max(events)], f"events {holes} never came"))
    finding.wrong += _not_newest(first, last)
    return finding


def _not_newest(
    first: Mapping[tuple[str, str], Mapping[int, Op]], last: Mapping[tuple[str, str, str], Op]
) -> Iterator[tuple[Op, str]]:
    for (source, key, topic), op in last.items():
        newest = max(seq for seq, event in first[source, key].items() if event.v["topic"] == topic)
        if op.v["seq"] != newest:
            yield op, f"the compacted topic keeps event {op.v['seq']}, the newest is {newest}"


def conservation(history: History, _: Model) -> Finding:
    """Records in = effects + duplicates + refused + passed over + dead letters + not committed yet, per group and topic."""
    finding = Finding()
    ends = _committed(history)
    fates: dict[tuple[str, Place], set[str]] = defaultdict(set)
    for op in history.of("handled"):
        fates[op.k, _place(op)].add(op.v["fate"])
    for op in history.of("letter"):
        fates[op.v["group"], _place(op)].add("dead letter")
    places = {_place(op) for op in history.of("record")} | {_place(op) for op in history.of("poison")}
    topics = {(group, topic) for group, topic, _ in ends}
    by_place = {_place(op): op for op in (*history.of("record"), *history.of("poison"))}
    for group, topic in sorted(topics):
        for place in sorted(place for place in places if place[0] == topic):
            finding.looked += 1
            fate = fates.get((group, place), set())
            pending = place[2] >= ends.get((group, topic, place[1]), 0)
            if pending or len(fate) == 1:
                continue
            finding.wrong.append((by_place[place], f"in {group} the record at {place} became: {sorted(fate) or 'nothing'}"))
    for (group, place), fate in fates.items():
        if place not in places and (group, place[0]) in topics:
            op = next(op for op in (*history.of("handled"), *history.of("letter")) if _place(op) == place)
            finding.wrong.append((op, f"{group} made {sorted(fate)} of a record that is not at {place}"))
    return finding


def commit_rule(history: History, _: Model) -> Finding:
    """No committed offset stands behind a record that was not handled."""
    finding = Finding()
    done: dict[str, set[Place]] = defaultdict(set)
    for op in history.of("handled"):
        done[op.k].add(_place(op))
    for op in history.of("letter"):
        done[op.v["group"]].add(_place(op))
    places = [(_place(op), op) for op in (*history.of("record"), *history.of("poison"))]
    for (group, topic, part), end in _committed(history).items():
        finding.looked += 1
        for place, op in places:
            if place[:2] == (topic, part) and place[2] < end and place not in done[group]:
                finding.wrong.append((op, f"{group} has committed {end} of {topic} {part} and never handled {place[2]}"))
    return finding


def exact_dead_letters(history: History, _: Model) -> Finding:
    """Each poison record is one dead letter of each group that reads it, with the original bytes and a reason; nothing else is.

    A letter that was written again after a crash is the same letter: origin and bytes are equal.
    """
    finding = Finding()
    letters: dict[tuple[str, Place], list[Op]] = defaultdict(list)
    for op in history.of("letter"):
        letters[op.v["group"], _place(op)].append(op)
    poison = {_place(op): op for op in history.of("poison")}
    readers = defaultdict(set)
    for group, topic, _part in _committed(history):
        readers[topic].add(group)
    for place, op in poison.items():
        for group in readers[place[0]]:
            finding.looked += 1
            found = letters.get((group, place), [])
            if not found:
                finding.wrong.append((op, f"the poison at {place} is no dead letter of {group}"))
            finding.wrong += [
                (letter, "its bytes are not the original's") for letter in found if letter.v["digest"] != op.v["digest"]
            ]
            finding.wrong += [(letter, "it names no reason") for letter in found if not letter.v["code"]]
    for (group, place), found in letters.items():
        if place not in poison:
            finding.wrong.append((found[0], f"{group} has put a good record into its dead letters: {found[0].v['code']}"))
    return finding


def lag(history: History) -> Counter[str]:
    """Return how many records each group has not committed at the end."""
    ends = _committed(history)
    left: Counter[str] = Counter()
    for op in (*history.of("record"), *history.of("poison")):
        topic, part, offset = _place(op)
        for (group, of, number), end in ends.items():
            left[group] += (of, number) == (topic, part) and offset >= end
    return left


def _records(history: History) -> list[Op]:
    """Return the good records in the order in which they lie on their partitions."""
    return sorted(history.of("record"), key=_place)


def _place(op: Op) -> Place:
    return op.v["topic"], op.v["part"], op.v["off"]


def _committed(history: History) -> dict[tuple[str, str, int], int]:
    return {(op.k, op.v["topic"], op.v["part"]): op.v["off"] for op in history.of("committed")}
