"""Strict JSON: the same bytes are refused by HTTP and by the bus, for the same reason."""

from __future__ import annotations

import pytest

from shared.bus.faults import DecodeError, parse_json
from shared.strict_json import Bounds, JsonFault, StrictJsonError, parse

BROKEN = {
    "no JSON": (b"not JSON", JsonFault.INVALID_JSON),
    "nothing": (b"", JsonFault.INVALID_JSON),
    "more behind": (b"{} {}", JsonFault.INVALID_JSON),
    "byte order mark": (b"\xef\xbb\xbf{}", JsonFault.INVALID_JSON),
    "no UTF-8": (b'"\xff"', JsonFault.INVALID_JSON),
    "half a surrogate pair": (b'"\\ud800"', JsonFault.INVALID_JSON),
    "surrogate in UTF-8": (b'"\xed\xa0\x80"', JsonFault.INVALID_JSON),
    "two keys of one name": (b'{"a":1,"a":2}', JsonFault.DUPLICATE_KEY),
    "two keys of one name, one escaped": (b'{"a":1,"\\u0061":2}', JsonFault.DUPLICATE_KEY),
    "NaN": (b'{"a":NaN}', JsonFault.NOT_A_NUMBER),
    "Infinity": (b"-Infinity", JsonFault.NOT_A_NUMBER),
    "deep": (b"[" * 300 + b"]" * 300, JsonFault.TOO_DEEP),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_json_with_more_than_one_meaning_is_refused_with_its_fault(name: str) -> None:
    body, fault = BROKEN[name]
    with pytest.raises(StrictJsonError) as refused:
        parse(body)
    assert refused.value.fault is fault


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_the_bus_names_the_same_fault_by_its_code(name: str) -> None:
    body, fault = BROKEN[name]
    with pytest.raises(DecodeError) as refused:
        parse_json(body)
    assert refused.value.code == fault.value


def test_a_value_is_returned_as_it_is() -> None:
    assert parse(b'{"a": [1, -2.5e3, null, true, "\\ud83d\\ude00"]}') == {"a": [1, -2500.0, None, True, "😀"]}


def test_bounds_count_keys_and_values_but_not_signs_inside_texts() -> None:
    bounds = Bounds(depth=2, nodes=6)
    assert parse(b'[1,2,3,4,",,,,,,[[[{{{::: \\" ,"]', bounds) is not None
    with pytest.raises(StrictJsonError) as refused:
        parse(b"[1,2,3,4,5,6]", bounds)
    assert refused.value.fault is JsonFault.TOO_MANY
