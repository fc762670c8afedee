"""If-Match and If-None-Match as RFC 9110 (13.1.1, 13.1.2) means them."""

from __future__ import annotations

import pytest

from shared.aggregate.condition import Condition
from shared.errors import PreconditionFailedError

ANY, NONE_YET = Condition(present=True), Condition(absent=True)


@pytest.mark.parametrize(
    ("condition", "revision", "holds"),
    [
        (Condition(), None, True),
        (Condition(), 3, True),
        (ANY, None, False),
        (ANY, 0, True),
        (ANY, 3, True),
        (NONE_YET, None, True),
        (NONE_YET, 0, False),
        (NONE_YET, 3, False),
        (Condition(3), None, False),
        (Condition(3), 3, True),
        (Condition(3), 4, False),
        (Condition(0), None, False),
        (Condition(not_revision=3), None, True),
        (Condition(not_revision=3), 3, False),
        (Condition(not_revision=3), 4, True),
        (Condition(3, not_revision=3), 3, False),
        (Condition(present=True, absent=True), None, False),
        (Condition(present=True, absent=True), 3, False),
    ],
)
def test_a_change_needs_every_condition_to_hold(condition: Condition, revision: int | None, *, holds: bool) -> None:
    assert condition.holds(revision) is holds
    if holds:
        condition.require("x", revision)
    else:
        with pytest.raises(PreconditionFailedError) as caught:
            condition.require("x", revision)
        assert caught.value.context.get("revision") == revision
