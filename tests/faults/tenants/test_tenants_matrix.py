"""Who may not see a thing gets what they would get if it did not exist: every operation, every kind of caller."""

from __future__ import annotations

import pytest

from marktplatz.assembly import BUILDERS
from tests.faults.malformed.apis import document, operations
from tests.faults.tenants import matrix
from tests.faults.tenants.scene import CALLERS, Caller, Scene, Thing, sees
from tests.faults.tenants.table import BODIES, ROWS, Row

pytestmark = pytest.mark.slow

EACH_ROW = pytest.mark.parametrize("row", ROWS, ids=str)
ABOUT_THINGS = pytest.mark.parametrize("row", [row for row in ROWS if row.thing is not None], ids=str)


def test_every_operation_has_a_row() -> None:
    described = {
        f"{service.value} {one.method} {one.path}" for service in BUILDERS for one in operations(service, document(service))
    }
    assert {row.operation for row in ROWS} == described
    assert BODIES.keys() <= described


def test_no_row_stands_twice() -> None:
    assert len({str(row) for row in ROWS}) == len(ROWS)


def test_a_row_about_every_thing_and_everything_hidden_from_some_and_shown_to_some() -> None:
    assert {row.thing for row in ROWS} >= {*Thing}
    for thing in Thing:
        assert {sees(caller, thing) for caller in CALLERS} == {True, False}


def test_the_table_has_nothing_but_refusals_for_those_who_may_not_see() -> None:
    """The table against the rule. Where whoever may ask at all gets the same status, that tells nothing."""
    told = [
        (str(row), caller.name, status)
        for row in ROWS
        if row.thing is not None and len(set(row.expected) - {403}) != 1
        for caller, status in zip(CALLERS, row.expected, strict=True)
        if not sees(caller, row.thing) and status not in (403, 404)
    ]
    assert told == []


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in ROWS if row.thing is not None and row.operation not in matrix.SILENT], ids=str)
async def test_whoever_may_see_a_thing_gets_another_answer_than_for_nothing(scene: Scene, row: Row) -> None:
    """Else it would prove nothing that others get the same."""
    assert await matrix.tells_apart(scene, row)


@EACH_ROW
async def test_every_caller_gets_what_the_table_says(scene: Scene, row: Row) -> None:
    assert await matrix.wrong_statuses(scene, row) == []


@EACH_ROW
async def test_without_a_valid_token_there_is_only_what_is_public(scene: Scene, row: Row) -> None:
    assert await matrix.wrong_without_token(scene, row) == []


@pytest.mark.slow
@ABOUT_THINGS
async def test_what_is_hidden_answers_and_works_as_what_does_not_exist(scene: Scene, row: Row) -> None:
    assert await matrix.differences(scene, row) == []


@pytest.mark.slow
@ABOUT_THINGS
async def test_a_key_used_for_something_hidden_answers_as_one_used_for_nothing(scene: Scene, row: Row) -> None:
    assert await matrix.reported_by_repeats(scene, row) == []


@ABOUT_THINGS
async def test_nothing_hidden_is_read_into_a_state(scene: Scene, row: Row) -> None:
    assert await matrix.read_for_strangers(scene, row) == []


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
async def test_lists_and_counts_hold_what_the_caller_sees_and_nothing_else(scene: Scene, caller: Caller) -> None:
    assert await matrix.wrong_lists(scene, caller) == []
