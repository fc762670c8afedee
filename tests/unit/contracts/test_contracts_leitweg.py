"""Which Leitweg-ID an invoice has: that of the contract, unless the organisation has replaced it, or the registered one."""

from __future__ import annotations

import pytest

from services.contracts.domain.leitweg import RegisteredLeitwegId, leitweg_id_of
from shared.messages.values import Channel

GOV = Channel.GOVDIGITAL


def known(*registered: str | None) -> RegisteredLeitwegId:
    made = RegisteredLeitwegId(id=leitweg_id_of(GOV, "husum"), organisation="husum", channel=GOV)
    for one in registered:
        assert made.follow(one)
    return made


@pytest.mark.parametrize(
    ("registered", "agreed", "expected"),
    [
        (("a",), None, "a"),
        (("a",), "b", "b"),
        (("a", "b"), "a", "b"),
        (("a", "b"), "c", "c"),
        (("a", "b", "a"), "b", "a"),
        (("a", "b", "a"), "a", "a"),
        (("a", None), None, None),
        (("a", None), "a", None),
        (("a", None), "b", "b"),
        (("a", "b", None), "a", None),
        (("a", None, "a"), "a", "a"),
        (("a", None, "b"), "a", "b"),
    ],
)
def test_the_contract_counts_unless_it_states_what_was_replaced(
    registered: tuple[str | None, ...], agreed: str | None, expected: str | None
) -> None:
    assert known(*registered).in_place_of(agreed) == expected


def test_the_same_one_again_is_no_change() -> None:
    made = known("a", "b")
    assert not made.follow("b")
    assert (made.current, made.former) == ("b", ("a",))
    assert not RegisteredLeitwegId(id="x", organisation="husum", channel=GOV).follow(None), "who has none removes none"
