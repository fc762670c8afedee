"""What a mirror holds is the fold of what it read, whatever compaction took away before."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.mirror.content import Content, PartitionFold
from shared.fold import EMPTY, entry_digest, fold_digest

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
Log = list[tuple[str, int | None]]
"""Records of one partition, in the order of their offsets: key, and version of the state or None for a tombstone."""


def value(key: str, version: int) -> bytes:
    return json.dumps({"offering": {"id": key, "version": version}, "reason": str(version)}).encode()


def content_of(logs: list[Log], kept: list[set[int]] | None = None) -> Content:
    content = Content("offering", dict.fromkeys(range(len(logs)), 0), AT)
    for number, log in enumerate(logs):
        for offset, (key, version) in enumerate(log):
            if kept is None or offset in kept[number]:
                stands = None if version is None else value(key, version)
                content.put(number, offset, key.encode(), stands, "some.type.v1", AT + timedelta(seconds=offset))
        content.positions[number] = len(log)
    return content


def key_of(number: int, name: str) -> str:
    """Return a key that stands on this partition only."""
    return f"{name}{number}"


logs = st.lists(
    st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(1, 5))), max_size=12), min_size=1, max_size=3
).map(lambda found: [[(key_of(number, name), version) for name, version in log] for number, log in enumerate(found)])


@given(logs, st.data())
def test_the_content_after_any_compaction_is_the_fold_of_the_whole(found: list[Log], data: st.DataObject) -> None:
    last = [{key: offset for offset, (key, _) in enumerate(log)} for log in found]
    kept: list[set[int]] = []
    for log, newest in zip(found, last, strict=True):
        begin = data.draw(st.integers(0, len(log)), label="compacted up to here")
        stays = {offset for offset in range(len(log)) if offset >= begin or offset in newest.values()}
        gone = {
            offset
            for offset in newest.values()
            if offset < begin and log[offset][1] is None and data.draw(st.booleans(), label="tombstone gone")
        }
        kept.append(stays - gone)
    whole, compacted = content_of(found), content_of(found, kept)
    expected = {
        key: entry_digest(value(key, version), "offering")
        for log, newest in zip(found, last, strict=True)
        for key, offset in newest.items()
        if (version := log[offset][1]) is not None
    }
    lines = [(key.encode(), digest) for key, digest in expected.items()]
    assert whole.digest() == compacted.digest() == fold_digest(lines)
    assert whole.live() == compacted.live() == len(expected)
    assert whole.folds() == compacted.folds()


@given(logs, st.data())
def test_what_comes_after_any_positions_brings_a_reader_to_the_end(found: list[Log], data: st.DataObject) -> None:
    positions = {number: data.draw(st.integers(0, len(log))) for number, log in enumerate(found)}
    held = {key: version for number, log in enumerate(found) for key, version in log[: positions[number]]}
    whole = content_of(found)
    offsets: dict[int, int] = {}
    for entry in whole.after(positions):
        assert entry.offset >= positions[entry.partition]
        assert entry.offset > offsets.get(entry.partition, -1)
        offsets[entry.partition] = entry.offset
        held[entry.key.decode()] = None if entry.value is None else json.loads(entry.value)["offering"]["version"]
    lines = [(key.encode(), entry_digest(value(key, it), "offering")) for key, it in held.items() if it is not None]
    assert fold_digest(lines) == whole.digest()


def test_a_topic_without_records_has_the_empty_fold() -> None:
    content = Content("offering", {0: 4, 1: 0}, AT)
    assert content.folds() == [PartitionFold(0, 4, 0, EMPTY), PartitionFold(1, 0, 0, EMPTY)]
    assert (content.live(), content.digest(), content.size) == (0, EMPTY, 0)
    assert content.reached({0: 4, 1: 0})
    assert not content.reached({0: 5, 1: 0})


def test_the_size_is_that_of_what_is_held() -> None:
    content = content_of([[("a0", 1), ("a0", 2), ("b0", 1), ("b0", None)]])
    assert content.size == len(b"a0") + len(value("a0", 2)) + len(b"b0")
    content.forget_tombstones(AT + timedelta(seconds=3))
    assert content.size == len(b"a0") + len(value("a0", 2)) + len(b"b0"), "the tombstone is not older"
    content.forget_tombstones(AT + timedelta(seconds=4))
    assert content.size == len(b"a0") + len(value("a0", 2))
    assert [entry.key for entry in content.after({})] == [b"a0"]
