"""A portal that follows comes to the state of the topic, whatever compaction took, and knows when it is not there."""

from __future__ import annotations

import json
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portal_reader import PortalReader
from portal_world import World, fold, offering

from efa_portal.catalog import Catalog
from efa_portal.errors import StoreDamagedError, StoreMissingError
from efa_portal.health import TopicState

KEYS = [b"a", b"b", b"c", b"d"]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(KEYS), st.none() | st.integers(0, 5)),
        st.tuples(st.just("compact"), st.booleans(), st.none()),
        st.tuples(st.just("checkpoint"), st.none(), st.none()),
        st.tuples(st.just("read"), st.integers(1, 3), st.none()),
        st.tuples(st.just("check"), st.none(), st.none()),
        st.tuples(st.just("restart"), st.none(), st.none()),
    ),
    max_size=40,
)


@pytest.fixture
def world() -> World:
    world = World()
    for number in range(6):
        world.write(KEYS[number % 4], offering(number))
    return world


@pytest.fixture
def reader(world: World, tmp_path: Path) -> PortalReader:
    return PortalReader(world, tmp_path / "store.sqlite")


def fold_shown(path: Path) -> tuple[int, str]:
    return fold((offer.id.encode(), json.dumps({"offering": offer.raw}).encode()) for offer in Catalog(path).offers())


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(steps)
async def test_any_interleaving_with_compaction_and_restarts_ends_in_the_state_of_the_topic(
    plan: list[tuple[str, object, object]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World()
        reader = PortalReader(world, Path(folder) / "store.sqlite")
        for what, first, second in plan:
            match what:
                case "write":
                    assert isinstance(first, bytes)
                    world.write(first, None if second is None else offering(int(str(second))))
                case "compact":
                    world.compact(tombstones=bool(first))
                case "checkpoint":
                    reader.announce(world.checkpoint())
                case "read":
                    reader.read(int(str(first)))
                case "check":
                    await reader.check()
                case _:
                    reader.restart()
            if reader.following.state is TopicState.IN_STEP:
                assert fold_shown(reader.path) == world.whole(reader.following.positions)
        reader.announce(world.checkpoint())
        assert await reader.catch_up() is TopicState.IN_STEP
        assert fold_shown(reader.path) == world.whole()
        health = reader.following.health()
        assert (health.live, health.sha256) == world.whole()
        assert [(part.offset, part.sha256) for part in health.partitions] == [
            (end, world.fold_at(number, end)[1]) for number, end in world.ends.items()
        ]
        reader.store.close()


async def test_who_joins_late_shows_nothing_until_it_has_read_all_of_it(world: World, reader: PortalReader) -> None:
    reader.read(1)
    await reader.check()
    with pytest.raises(StoreMissingError, match="building"):
        reader.shown()
    assert reader.following.health().state is TopicState.REBUILDING
    assert await reader.catch_up() is TopicState.UNVERIFIED
    assert sorted(reader.shown()) == ["a", "b", "c", "d"]
    reader.announce(world.checkpoint())
    await reader.check()
    assert reader.following.state is TopicState.IN_STEP


async def test_a_checkpoint_of_an_offset_that_was_passed_is_compared_with_the_state_of_then(
    world: World, reader: PortalReader
) -> None:
    await reader.catch_up()
    checkpoint = world.checkpoint()
    world.write(b"a", offering(77))
    world.write(b"b", None)
    world.write(b"e", offering(78))
    reader.read(100)
    reader.announce(checkpoint)
    await reader.check()
    assert reader.following.state is TopicState.IN_STEP


async def test_a_checkpoint_beyond_the_position_waits(world: World, reader: PortalReader) -> None:
    await reader.catch_up()
    world.write(b"a", offering(77))
    reader.announce(world.checkpoint())
    await reader.check()
    assert reader.following.state is TopicState.UNVERIFIED
    assert await reader.catch_up() is TopicState.IN_STEP


async def test_a_checkpoint_of_before_the_end_at_resumption_judges_nothing(world: World, reader: PortalReader) -> None:
    await reader.catch_up()
    old = world.checkpoint()
    world.write(b"a", offering(7))
    world.write(b"a", offering(8))
    world.write(b"b", offering(8))
    reader.announced = [old]
    reader.restart()
    assert await reader.catch_up() is TopicState.UNVERIFIED
    reader.announce(world.checkpoint())
    assert await reader.catch_up() is TopicState.IN_STEP


async def test_who_was_away_longer_than_tombstones_stay_finds_out_and_shows_the_old_state_until_the_new_one_is_whole(
    world: World, reader: PortalReader
) -> None:
    await reader.catch_up()
    world.write(b"b", None)
    world.write(b"d", offering(9))
    world.write(b"d", offering(10))
    world.compact(tombstones=True)
    reader.announced = [world.checkpoint()]
    reader.restart()
    reader.read(100)
    assert "b" in reader.shown()
    await reader.check()
    assert reader.following.state is TopicState.REBUILDING
    reader.read(1)
    await reader.check()
    assert "b" in reader.shown()
    assert await reader.catch_up() is TopicState.IN_STEP
    assert sorted(reader.shown()) == ["a", "c", "d"]


async def test_a_topic_that_was_created_again_is_built_again(world: World, reader: PortalReader) -> None:
    await reader.catch_up()
    again = World(clock=world.clock)
    again.write(b"x", offering(1))
    reader.world = again
    reader.announced = []
    reader.restart()
    assert reader.following.state is TopicState.REBUILDING
    assert sorted(reader.shown()) == ["a", "b", "c", "d"]
    reader.announce(again.checkpoint())
    assert await reader.catch_up() is TopicState.IN_STEP
    assert sorted(reader.shown()) == ["x"]


async def test_a_topic_that_was_created_again_and_is_longer_is_found_by_its_checkpoint(
    world: World, reader: PortalReader
) -> None:
    await reader.catch_up()
    again = World(clock=world.clock)
    for number in range(20):
        again.write(b"x%d" % number, offering(number))
    reader.world = again
    reader.announced = [again.checkpoint()]
    reader.restart()
    assert await reader.catch_up() is TopicState.IN_STEP
    assert len(reader.shown()) == 20


async def test_records_that_were_deleted_lead_to_a_new_build(world: World, reader: PortalReader) -> None:
    await reader.catch_up()
    reader.store.close()
    reader.store = type(reader.store)(reader.path)
    following = type(reader.following)(reader.store, reader.following.topic)
    following.resume(dict.fromkeys(world.ends, 5), {number: end + 9 for number, end in world.ends.items()})
    assert following.state is TopicState.REBUILDING
    assert following.positions == {0: 5, 1: 5}


async def test_a_topic_with_more_partitions_is_built_again(world: World, reader: PortalReader) -> None:
    await reader.catch_up()
    wider = World(partitions=3, clock=world.clock)
    for number in range(30):
        wider.write(b"%d" % number, offering(number))
    reader.world, reader.announced = wider, []
    reader.restart()
    assert reader.following.state is TopicState.REBUILDING
    assert reader.following.positions == {0: 0, 1: 0, 2: 0}
    reader.announce(wider.checkpoint())
    assert await reader.catch_up() is TopicState.IN_STEP
    assert len(reader.shown()) == 30


async def test_a_checkpoint_that_is_wrong_does_not_empty_the_catalog_nor_rebuild_without_end(
    world: World, reader: PortalReader
) -> None:
    reader.announce(world.checkpoint())
    assert await reader.catch_up() is TopicState.IN_STEP
    wrong = world.checkpoint()
    part = wrong.partitions[0].model_copy(update={"sha256": "0" * 64})
    reader.announce(wrong.model_copy(update={"partitions": (part, *wrong.partitions[1:])}))
    builds = []
    for _ in range(30):
        reader.read(100)
        await reader.check()
        builds.append(reader.store.view(reader.following.topic).newest)
        assert sorted(reader.shown()) == ["a", "b", "c", "d"]
    assert reader.following.health().state is TopicState.DIFFERS
    assert builds[-1] <= 4
    reader.announce(world.checkpoint())
    await reader.check()
    assert reader.following.state is TopicState.IN_STEP


async def test_a_build_that_differs_is_shown_only_when_a_second_one_agrees_with_it(world: World, reader: PortalReader) -> None:
    await reader.catch_up()
    world.write(b"b", None)
    world.write(b"d", offering(9))
    world.compact(tombstones=True)
    right = world.checkpoint()
    parts = tuple(part.model_copy(update={"sha256": "0" * 64}) for part in right.partitions)
    reader.announced = [right.model_copy(update={"partitions": parts})]
    reader.restart()
    builds = 1
    while "b" in reader.shown():
        reader.read(100)
        await reader.check()
        builds = reader.store.view(reader.following.topic).newest
        assert builds <= 3
    assert builds == 3
    assert sorted(reader.shown()) == ["a", "c", "d"]
    assert reader.following.health().state is TopicState.DIFFERS
    reader.announce(world.checkpoint())
    await reader.check()
    assert reader.following.state is TopicState.IN_STEP


async def test_a_portal_that_has_records_before_it_for_long_is_behind_and_says_since_when(
    world: World, reader: PortalReader
) -> None:
    reader.announce(world.checkpoint())
    await reader.catch_up()
    world.write(b"a", offering(9))
    reader.following.note_ends(world.ends)
    assert reader.following.state is TopicState.IN_STEP
    since = world.clock
    world.clock += timedelta(seconds=30)
    reader.following.note_ends(world.ends)
    health = reader.following.health()
    assert (health.state, health.lag, health.behind_since) == (TopicState.BEHIND, 1, since)
    reader.announce(world.checkpoint())
    assert await reader.catch_up() is TopicState.IN_STEP
    assert reader.following.health().behind_since is None


async def test_a_value_that_is_changed_while_it_is_followed_is_found_without_a_checkpoint(
    world: World, reader: PortalReader
) -> None:
    await reader.catch_up()
    reader.store._connection.execute("UPDATE entry SET value = CAST('{}' AS BLOB) WHERE key = CAST('a' AS BLOB)")
    await reader.check()
    world.clock += timedelta(minutes=2)
    with pytest.raises(StoreDamagedError, match="changed by something else"):
        await reader.check()
    reader.restart()
    with pytest.raises(StoreDamagedError, match="changed by something else"):
        await reader.check()


async def test_who_reads_for_longer_than_records_stay_uncompacted_begins_again(world: World, reader: PortalReader) -> None:
    await reader.catch_up()
    world.write(b"a", offering(9))
    reader.restart()
    world.clock += timedelta(minutes=56)
    await reader.check()
    assert reader.following.state is TopicState.REBUILDING
    assert reader.following.positions == {0: 0, 1: 0}
    reader.announce(world.checkpoint())
    assert await reader.catch_up() is TopicState.IN_STEP


async def test_without_checkpoints_for_long_nothing_is_verified_any_more(world: World, reader: PortalReader) -> None:
    reader.announce(world.checkpoint())
    assert await reader.catch_up() is TopicState.IN_STEP
    world.clock += timedelta(hours=2)
    assert reader.following.state is TopicState.UNVERIFIED


async def test_unknown_types_and_members_and_values_stay_as_they_came(world: World, reader: PortalReader) -> None:
    world.write(b"z", offering(1, state="SPAETER_ERFUNDEN", later={"deep": [1, 2.5, None]}))
    world.write(b"broken", b"\xff no json")
    reader.announce(world.checkpoint())
    assert await reader.catch_up() is TopicState.IN_STEP
    assert reader.shown()["z"]["later"] == {"deep": [1, 2.5, None]}
    assert "broken" not in reader.shown()
    assert reader.following.health().live == 6
    offer = Catalog(reader.path).find_offer("z")
    assert offer is not None
    assert offer.state == "SPAETER_ERFUNDEN"
