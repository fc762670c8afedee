"""The fold of a topic is the digest of its last records, and the same whatever compaction has removed."""

from __future__ import annotations

import json
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from efa_portal.fold import EMPTY, entry_digest, fold_digest


def test_the_empty_fold_is_the_digest_of_nothing() -> None:
    assert fold_digest({}) == EMPTY == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_fold_is_the_digest_of_its_lines() -> None:
    lines = f"a {'1' * 64}\nb {'2' * 64}\n"
    assert fold_digest({b"b": "2" * 64, b"a": "1" * 64}) == sha256(lines.encode()).hexdigest()


def test_keys_are_ordered_by_their_bytes_in_utf_8() -> None:
    keys = ["\ufb33", "😀", "z", "Z", "é"]
    lines = "".join(f"{key} {'0' * 64}\n" for key in ["Z", "z", "é", "\ufb33", "😀"])
    assert fold_digest({key.encode(): "0" * 64 for key in keys}) == sha256(lines.encode()).hexdigest()


def test_only_the_state_counts_and_all_of_it() -> None:
    first, readable = entry_digest(b'{"reason": "x", "offering": {"b": 1.0, "a": [null, "\\u00e4"]}}', "offering")
    assert readable
    assert first == sha256('{"a":[null,"ä"],"b":1}'.encode()).hexdigest()
    assert first == entry_digest('{"offering":{"a":[null,"ä"],"b":1},"later":true}'.encode(), "offering")[0]
    assert first != entry_digest('{"offering":{"a":[null,"ä"],"b":1,"later":true}}'.encode(), "offering")[0]


def test_what_cannot_be_read_counts_with_its_bytes() -> None:
    for value in (b"", b"\xff", b"[]", b'{"service": {}}', b'{"offering": 1}', b'{"offering": {"a": "\\ud800"}}'):
        assert entry_digest(value, "offering") == (sha256(value).hexdigest(), False)


records = st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.none() | st.integers(0, 5)), max_size=40)


@given(records, st.data())
def test_compaction_at_any_point_leaves_the_fold_as_it_is(log: list[tuple[bytes, int | None]], data: st.DataObject) -> None:
    point = data.draw(st.integers(0, len(log)))
    last = {key: index for index, (key, _) in enumerate(log[:point])}
    compacted = [item for index, item in enumerate(log[:point]) if last[item[0]] == index] + log[point:]
    assert _fold(compacted) == _fold(log)


def _fold(log: list[tuple[bytes, int | None]]) -> str:
    entries: dict[bytes, str] = {}
    for key, value in log:
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = entry_digest(json.dumps({"offering": {"n": value}}).encode(), "offering")[0]
    return fold_digest(entries)
