"""A portal whose store was put back, or whose topic was made again, finds out, whatever the offsets look like, and builds anew."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from portal_reader import PortalReader
from portal_world import World, offering
from test_portal_following import KEYS, fold_shown

from efa_portal.errors import StoreMissingError
from efa_portal.health import TopicState

Step = tuple[str, object, object]

WRITE = st.tuples(st.just("write"), st.sampled_from(KEYS), st.none() | st.integers(0, 5))
steps = st.lists(
    st.one_of(
        WRITE,
        WRITE,
        st.tuples(st.just("compact"), st.booleans(), st.none()),
        st.tuples(st.just("checkpoint"), st.none(), st.none()),
        st.tuples(st.just("read"), st.integers(1, 3), st.none()),
        st.tuples(st.just("check"), st.none(), st.none()),
        st.tuples(st.just("restart"), st.none(), st.none()),
        st.tuples(st.just("save"), st.none(), st.none()),
        st.tuples(st.just("put back"), st.none(), st.none()),
        st.tuples(st.just("make again"), st.lists(WRITE, max_size=12), st.booleans()),
    ),
    max_size=40,
)


class Portal:
    """A portal that is operated badly: its store goes back to a copy, the topic that it follows is made again."""

    def __init__(self, folder: Path) -> None:
        self.path, self.copy = folder / "store.sqlite", folder / "copy.sqlite"
        self.reader = PortalReader(World(), self.path)

    def save(self) -> None:
        """Copy the store."""
        self.reader.store.close()
        shutil.copyfile(self.path, self.copy)
        self.reader.start()

    def put_back(self) -> None:
        """Replace the store by the copy of before, if there is one."""
        if self.copy.exists():
            self.reader.store.close()
            shutil.copyfile(self.copy, self.path)
            self.reader.start()

    def make_again(self, records: list[Step], *, with_checkpoint: bool) -> None:
        """Replace the topic by one of the same name with these records; checkpoints of the old one may still be the newest."""
        world = World(clock=self.reader.world.clock)
        for _, key, number in records:
            assert isinstance(key, bytes)
            world.write(key, None if number is None else offering(int(str(number))))
        self.reader.world = world
        if with_checkpoint:
            self.reader.announced.append(world.checkpoint())
        self.reader.restart()

    async def do(self, step: Step) -> None:
        """Do one step of a plan."""
        reader = self.reader
        match step:
            case ("write", bytes() as key, number):
                reader.world.write(key, None if number is None else offering(int(str(number))))
            case ("compact", tombstones, _):
                reader.world.compact(tombstones=bool(tombstones))
            case ("checkpoint", _, _):
                reader.announce(reader.world.checkpoint())
            case ("read", count, _):
                reader.read(int(str(count)))
            case ("check", _, _):
                await reader.check()
            case ("restart", _, _):
                reader.restart()
            case ("save", _, _):
                self.save()
            case ("put back", _, _):
                self.put_back()
            case ("make again", list() as records, with_checkpoint):
                self.make_again(records, with_checkpoint=bool(with_checkpoint))
            case _:
                raise AssertionError(step)


def grown(*, with_checkpoint: bool) -> list[Step]:
    """Return a plan in which a topic is made again and has outgrown the offsets that were read, under a store put back."""
    first: list[Step] = [("write", key, 1) for key in KEYS]
    again: list[Step] = [("write", key, number) for number in (2, 3, 4) for key in KEYS[:2]]
    check: list[Step] = [("read", 3, None), ("read", 3, None), ("checkpoint", None, None), ("check", None, None)]
    return [*first, *check, ("save", None, None), ("make again", again, with_checkpoint), *check, ("put back", None, None)]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(steps)
@example(grown(with_checkpoint=True))
@example(grown(with_checkpoint=False))
async def test_whoever_is_in_step_shows_the_topic_and_everybody_comes_to_it(plan: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        portal = Portal(Path(folder))
        reader = portal.reader
        for step in plan:
            await portal.do(step)
            if reader.following.state is TopicState.IN_STEP:
                assert fold_shown(reader.path) == reader.world.whole(reader.following.positions)
        for _ in range(4):  # a build that differs is not repeated at once
            reader.world.clock += timedelta(hours=1)
            reader.announce(reader.world.checkpoint())
            await reader.catch_up()
        assert reader.following.state is TopicState.IN_STEP
        assert fold_shown(reader.path) == reader.world.whole()
        reader.store.close()


@pytest.mark.parametrize("with_checkpoint", [True, False])
async def test_a_store_of_before_on_a_topic_that_has_outgrown_it_shows_its_old_state_until_the_new_one_is_whole(
    tmp_path: Path, *, with_checkpoint: bool
) -> None:
    portal = Portal(tmp_path)
    for step in grown(with_checkpoint=with_checkpoint):
        await portal.do(step)
    reader = portal.reader
    ends = reader.world.ends
    assert all(position <= ends[number] for number, position in reader.following.positions.items()), "no offset betrays it"
    before = reader.shown()
    reader.announce(reader.world.checkpoint())
    seen = set()
    for _ in range(20):
        reader.read(1)
        await reader.check()
        try:
            seen.add(tuple(sorted(reader.shown())))
        except StoreMissingError:
            pytest.fail("readers see nothing")
    assert reader.following.state is TopicState.IN_STEP
    assert tuple(sorted(before)) in seen
    assert sorted(reader.shown()) == ["a", "b"]
    assert fold_shown(reader.path) == reader.world.whole()
