"""A dead letter gives the original back, byte for byte."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.structs import OffsetAndMetadata
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.dead_letter_operations import SINGLES_LIMIT, FirstLetters, Settled
from shared.bus.dead_letters.letter import LETTER_BYTES, DeadLetter, Reason, from_dead_letter, to_dead_letter
from shared.bus.dead_letters.replay import sent_back, unwrapped
from shared.bus.record import Headers, RawRecord

REASON = Reason("schema", "attempts: missing", "test.v1", 3, 41, "test.group", datetime(2026, 3, 2, tzinfo=UTC))
HEADERS = st.lists(
    st.tuples(st.text(max_size=20) | st.sampled_from(["dlq_code", "dlq_null_value"]), st.none() | st.binary(max_size=20))
)


@dataclass(frozen=True)
class Consumed:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int = 0
    offset: int = 5
    timestamp: int = 1


def consumed(record: RawRecord) -> Consumed:
    return Consumed(record.topic, record.key, record.value, record.headers)


@given(key=st.none() | st.binary(max_size=20), value=st.none() | st.binary(max_size=50), headers=HEADERS)
def test_the_original_comes_back_whatever_it_was(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    buried = to_dead_letter(key, value, tuple(headers), REASON)
    assert buried.topic == "test.group.dlq"
    assert buried.key is not None or buried.value is not None
    letter = from_dead_letter(2, 9, buried.key, buried.value, buried.headers)
    assert letter.reason == REASON
    assert letter.id == "2:9"
    back = unwrapped(consumed(sent_back(letter)), "test.group")
    assert (back.topic, back.partition, back.offset) == ("test.v1", 3, REASON.offset)
    assert (back.key, back.value, back.headers) == (key, value, tuple(headers))


def test_a_dead_letter_never_goes_back_to_where_others_read_it() -> None:
    buried = to_dead_letter(b"key", b"value", (), REASON)
    assert sent_back(from_dead_letter(0, 0, buried.key, buried.value, buried.headers)).topic == "test.group.replay"


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("replay_topic", b"test.v1"), ("replay_partition", b"0")),
        (("replay_topic", b"test.v1"), ("replay_partition", b"-1"), ("replay_offset", b"0")),
        (("replay_topic", b"test.v1"), ("replay_partition", b"0"), ("replay_offset", None)),
        (("replay_topic", b"test.v1"), ("replay_partition", b"0"), ("replay_offset", b"0"), ("more", b"x")),
    ],
)
def test_a_record_that_does_not_say_where_it_stood_is_no_replay(headers: Headers) -> None:
    record = Consumed("test.group.replay", b"key", b"value", headers)
    assert unwrapped(record, "test.group") is record


def test_what_looks_like_a_replay_on_another_topic_is_none() -> None:
    facts: Headers = (("replay_topic", b"test.v1"), ("replay_partition", b"0"), ("replay_offset", b"0"))
    for topic in ("test.v1", "other.group.replay"):
        record = Consumed(topic, b"key", b"value", facts)
        assert unwrapped(record, "test.group") is record


@given(headers=HEADERS)
def test_a_record_without_the_reasons_is_no_dead_letter(headers: list[tuple[str, bytes | None]]) -> None:
    with pytest.raises(ValueError, match="is no dead letter"):
        from_dead_letter(0, 0, b"k", b"v", headers)


def test_a_record_too_large_for_its_topic_is_buried_as_size_and_digest() -> None:
    value = b"{" + b" " * (3 * 1024 * 1024)
    letter = to_dead_letter(b"key", value, (("any", b"x"),), REASON)
    assert letter.size < 2000
    found = from_dead_letter(0, 1, letter.key, letter.value, letter.headers)
    assert (found.reason.code, found.reason.offset, found.replayable) == ("oversized", REASON.offset, False)
    assert found.reason.text.startswith(f"{REASON.code}: ")
    assert json.loads(found.value or b"")["sha256"] == hashlib.sha256(value).hexdigest()


def test_the_largest_record_of_a_topic_is_buried_whole() -> None:
    value = b"{" * (1024 * 1024)
    letter = to_dead_letter(None, value, (), REASON)
    assert letter.value == value
    assert letter.size < LETTER_BYTES


@given(
    died=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=120),
    limit=st.integers(1, 9),
)
def test_the_first_letters_are_those_of_a_list_of_all_each_origin_once(died: list[tuple[int, int]], limit: int) -> None:
    letters = [
        DeadLetter(0, place, replace(REASON, offset=origin, time=REASON.time + timedelta(seconds=seconds)), None, None, ())
        for place, (seconds, origin) in enumerate(died)
    ]
    first = FirstLetters(limit)
    most = 0
    for letter in letters:
        first.add(letter)
        most = max(most, len(first._found))
    unique: dict[int, DeadLetter] = {}
    for letter in sorted(letters, key=lambda it: (it.reason.time, it.offset)):
        unique.setdefault(letter.reason.offset, letter)
    assert first.letters() == list(unique.values())[:limit]
    assert most <= 2 * limit


def test_what_was_settled_out_of_turn_is_read_again_and_joined_once_the_gap_is_closed() -> None:
    settled = Settled.of(None, 10)
    settled.add(12)
    again = Settled.of(settled.committed(), 10)
    assert [offset in again for offset in range(9, 14)] == [True, False, False, True, False]
    again.add(10)
    again.add(11)
    assert again.committed() == OffsetAndMetadata(13, "")


def test_what_retention_has_removed_counts_as_settled_and_leaves_no_note() -> None:
    noted = Settled(below=3, singly={5, 9}).committed()
    assert Settled.of(noted, 7) == Settled(below=7, singly={9})


def test_as_many_are_settled_out_of_turn_as_a_commit_can_note() -> None:
    settled = Settled(below=0, singly=set(range(1, SINGLES_LIMIT)))
    assert settled.has_room(SINGLES_LIMIT + 5)
    settled.add(SINGLES_LIMIT)
    assert not settled.has_room(SINGLES_LIMIT + 5)
    assert settled.has_room(0)
