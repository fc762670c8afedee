"""A page ends by number or by bytes, holds something always, and pages hold everything once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.http.limits import PAGE_BYTES
from shared.http.paging import Page, decode_cursor, encode_cursor
from shared.http.problem import RefusedRequestError
from shared.http.query import mark_of_list, query_mark
from shared.store.port import Scalar


class Item(BaseModel):
    """A number with a text of a length."""

    number: int
    text: str = ""


SIZES = st.lists(st.sampled_from([0, 10, PAGE_BYTES // 3, PAGE_BYTES - 100, 3 * PAGE_BYTES]), max_size=8)


def position(number: int) -> tuple[Scalar, ...]:
    return (number, str(number))


def walk(sizes: Sequence[int], limit: int, *, read: int) -> list[Page[Item]]:
    """Go through a list as an API does that asks for one more than it shows and reads at most ``read`` at once."""
    pages: list[Page[Item]] = []
    begin = 0
    while True:
        expected = range(begin, min(begin + Page.ahead(limit), len(sizes)))
        found = expected[:read]
        more = len(found) < len(expected)
        pages.append(Page.cut(found, limit, position, lambda number: Item(number=number, text="x" * sizes[number]), more=more))
        values = decode_cursor(pages[-1].next, (int, str))
        if values is None:
            return pages
        assert values[0] == pages[-1].items[-1].number
        begin = pages[-1].items[-1].number + 1


@settings(deadline=None, max_examples=50)
@given(sizes=SIZES, limit=st.integers(1, 5), read=st.integers(1, 6))
def test_pages_hold_everything_once_and_none_is_larger_than_it_may_be(sizes: list[int], limit: int, read: int) -> None:
    pages = walk(sizes, limit, read=read)
    assert [item.number for page in pages for item in page.items] == list(range(len(sizes)))
    for page in pages:
        assert len(page.items) <= limit
        assert len(page.items) == 1 or sum(len(item.model_dump_json()) for item in page.items) <= PAGE_BYTES
        assert page.items or not sizes


@settings(deadline=None, max_examples=50)
@given(groups=st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_what_shows_as_several_items_stays_together(groups: list[int]) -> None:
    third = "x" * (PAGE_BYTES // 3)
    shown: list[int] = []
    begin = 0
    while True:
        found = range(begin, len(groups))
        page = Page.cut_groups(found, 200, position, lambda number: [Item(number=number, text=third)] * groups[number])
        numbers = [item.number for item in page.items]
        shown += numbers
        values = decode_cursor(page.next, (int, str))
        last = len(groups) - 1 if values is None else int(str(values[0]))
        assert [numbers.count(number) for number in range(begin, last + 1)] == groups[begin : last + 1]
        if values is None:
            break
        begin = last + 1
    assert [shown.count(number) for number in range(len(groups))] == groups


def test_a_cursor_belongs_to_its_path_and_filters_in_any_order() -> None:
    asked = mark_of_list("/v1/orders", "state=BESTELLT&party=KUNDE&limit=2")
    assert asked == mark_of_list("/v1/orders", "party=KUNDE&state=BESTELLT&cursor=abc&limit=50")
    assert asked != mark_of_list("/v1/orders", "state=BESTELLT")
    assert asked != mark_of_list("/v1/contracts", "state=BESTELLT&party=KUNDE")


def test_the_cursor_of_another_list_is_refused_and_one_of_before_marks_is_taken() -> None:
    unmarked = encode_cursor(("a",))
    token = query_mark.set(mark_of_list("/v1/orders", "state=BESTELLT"))
    try:
        cursor = encode_cursor(("a",))
        assert decode_cursor(cursor, (str,)) == decode_cursor(unmarked, (str,)) == ("a",)
        query_mark.set(mark_of_list("/v1/orders", "state=BEENDET"))
        with pytest.raises(RefusedRequestError):
            decode_cursor(cursor, (str,))
    finally:
        query_mark.reset(token)
