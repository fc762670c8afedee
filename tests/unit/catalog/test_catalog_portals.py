"""A portal is judged by the own checkpoints: what it says of itself decides nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.catalog.portals.judgement import PortalState, Standing, judged, worst
from shared.messages.catalog_checkpoints import CheckpointState
from shared.messages.catalog_portals import PortalHealth

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOPIC = "catalog.offering.v1"
A, B, C = "a" * 64, "b" * 64, "c" * 64
SECOND = timedelta(seconds=1)


def checkpoint(*parts: tuple[int, str], taken_at: datetime = AT) -> CheckpointState:
    partitions = [{"partition": number, "offset": offset, "live": 1, "sha256": sha} for number, (offset, sha) in enumerate(parts)]
    fields = {"topic": TOPIC, "taken_at": taken_at, "live": len(parts), "sha256": C, "partitions": partitions}
    return CheckpointState.model_validate(fields)


def health(*parts: tuple[int, str], topic: str = TOPIC, state: str = "in-step") -> PortalHealth:
    partitions = [{"partition": number, "offset": offset, "sha256": sha} for number, (offset, sha) in enumerate(parts)]
    shown = {"topic": topic, "state": state, "lag": 0, "live": 1, "sha256": C, "partitions": partitions}
    return PortalHealth.model_validate({"portal": "nord", "reported_at": AT, "kit": "efa-portal 0.1.0", "topics": [shown]})


def stands(
    report: PortalHealth,
    own: CheckpointState,
    *,
    received: timedelta = 5 * SECOND,
    at: timedelta = 10 * SECOND,
    before: tuple[Standing, ...] = (),
) -> Standing:
    (found,) = judged(report, AT + received, {TOPIC: own}, before, AT + at)
    return found


@pytest.mark.parametrize(
    ("reported", "own", "state", "behind"),
    [
        ([(5, A), (7, B)], [(5, A), (7, B)], "in-step", 0),
        ([(5, A), (7, C)], [(5, A), (7, B)], "differs", 0),
        ([(5, A), (4, C)], [(5, A), (7, B)], "behind", 3),
        ([(2, C), (4, C)], [(5, A), (7, B)], "behind", 6),
        ([(5, A), (9, C)], [(5, A), (7, B)], "in-step", 0),
        ([(6, C), (9, C)], [(5, A), (7, B)], "unknown", 0),
        ([(5, C), (4, C)], [(5, A), (7, B)], "differs", 3),
        ([(5, A)], [(5, A), (7, B)], "behind", 7),
        ([(5, A), (7, B), (0, C)], [(5, A), (7, B)], "differs", 0),
        ([], [(4, A)], "behind", 4),
    ],
)
def test_offsets_and_digests_decide(reported: list[tuple[int, str]], own: list[tuple[int, str]], state: str, behind: int) -> None:
    for claimed in ("in-step", "differs", "rebuilding"):
        found = stands(health(*reported, state=claimed), checkpoint(*own))
        assert (found.state.value, found.behind) == (state, behind)


def test_a_portal_that_says_nothing_of_a_topic_is_unknown_there() -> None:
    assert stands(health((5, A), topic="catalog.known-service.v1"), checkpoint((5, A))).state is PortalState.UNKNOWN


def test_after_five_minutes_without_a_report_it_is_silent_since_the_last_one() -> None:
    report, own = health((5, A)), checkpoint((5, A), taken_at=AT + timedelta(minutes=9))
    assert stands(report, own, at=timedelta(minutes=5)).state is not PortalState.SILENT
    found = stands(report, own, at=timedelta(minutes=6))
    assert (found.state, found.since) == (PortalState.SILENT, AT + 5 * SECOND)


def test_a_checkpoint_that_the_portal_could_not_speak_of_yet_changes_nothing() -> None:
    before = (Standing(topic=TOPIC, state=PortalState.IN_STEP, since=AT - timedelta(hours=1)),)
    newer = checkpoint((9, B), taken_at=AT + 20 * SECOND)
    assert stands(health((5, A)), newer, at=25 * SECOND, before=before) == before[0]
    overdue = checkpoint((9, B), taken_at=AT + 90 * SECOND)
    assert stands(health((5, A)), overdue, at=95 * SECOND, before=before).state is PortalState.BEHIND


def test_since_goes_on_while_the_state_stays() -> None:
    first = stands(health((2, A)), checkpoint((5, A)))
    again = stands(health((3, A)), checkpoint((9, A)), at=60 * SECOND, before=(first,))
    assert (again.since, again.behind) == (first.since, 6)
    back = stands(health((9, A)), checkpoint((9, A)), at=90 * SECOND, before=(again,))
    assert (back.state, back.since) == (PortalState.IN_STEP, AT + 90 * SECOND)


def test_offsets_that_a_later_checkpoint_does_not_have_are_those_of_another_topic() -> None:
    later = checkpoint((5, A), taken_at=AT + timedelta(minutes=3))
    assert stands(health((8, A)), later, at=timedelta(minutes=4)).state is PortalState.DIFFERS


def test_an_old_checkpoint_judges_nobody() -> None:
    old = checkpoint((5, B), taken_at=AT - timedelta(minutes=31))
    assert stands(health((5, A)), old).state is PortalState.UNKNOWN


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((), "unknown"),
        (("in-step", "in-step"), "in-step"),
        (("in-step", "unknown"), "unknown"),
        (("unknown", "behind"), "behind"),
        (("behind", "differs"), "differs"),
        (("differs", "silent"), "silent"),
    ],
)
def test_a_portal_stands_as_on_its_worst_topic(states: tuple[str, ...], expected: str) -> None:
    standings: Any = [Standing(topic=f"t{number}", state=state, since=AT) for number, state in enumerate(states)]
    assert worst(standings) == expected
