"""What can never be processed is dead-lettered once, as it was, and stops nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaProducer

from shared.bus.admin import create_topics
from shared.bus.dead_letter_operations import get_dead_letter, list_dead_letters, replay_dead_letters
from shared.bus.dead_letters.letter import DeadLetter, Reason
from shared.bus.dead_letters.replay import sent_back
from shared.bus.envelope import encode
from shared.bus.handling import Received
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.errors import InvalidError, NotFoundError
from shared.operations.kafka import KafkaDesk
from shared.release import STARTED, VERSION
from tests.integration.bus.bus_fixture import AT, Lane, Recorder, event, lag, read_topic, running, until
from tests.integration.bus.poison import poison


async def nothing_left(lane: Lane) -> bool:
    return await lag(lane) == 0


def with_neighbours(lane: Lane, records: Sequence[RawRecord]) -> list[RawRecord]:
    """Return the records with good ones before, between and behind them."""
    mixed: list[RawRecord] = []
    for number, record in enumerate(records):
        mixed += [encode(event(lane.topic.name, f"neighbour {number}", number=number)), record]
    return [*mixed, encode(event(lane.topic.name, "last neighbour", number=len(records)))]


async def test_each_kind_of_poison_is_dead_lettered_once_with_its_original_bytes(lane: Lane, publisher: KafkaPublisher) -> None:
    kinds = poison(lane.topic.name)
    for record in with_neighbours(lane, [record for _, record in kinds.values()]):
        assert await publisher.send([record]) == [True]
    recorder = Recorder()
    settings = lane.settings.model_copy(update={"dead_letters_in_a_row": len(kinds) + 1})
    async with running(settings, recorder.consumer(lane.group)) as runner:
        await until(lambda: nothing_left(lane))
        assert runner.ready()
    assert sorted(recorder.numbers()) == list(range(len(kinds) + 1))
    letters = await list_dead_letters(lane.settings, lane.group)
    found = [(letter.reason.code, letter.key, letter.value, letter.headers) for letter in letters]
    expected = [(code, record.key, record.value, record.headers) for code, record in kinds.values()]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    assert len(await read_topic(lane.settings, lane.letters.name)) == len(kinds)
    originals = {(r.partition, r.offset): r.value for r in await read_topic(lane.settings, lane.topic.name)}
    assert all(originals[letter.reason.partition, letter.reason.offset] == letter.value for letter in letters)


async def test_a_consumer_stops_at_twenty_dead_letters_in_a_row_and_again_after_a_restart(
    lane: Lane, publisher: KafkaPublisher
) -> None:
    await publisher.publish([event(lane.topic.name, name, number=name) for name in range(60)])

    async def bug(_: Sequence[Received]) -> None:
        raise RuntimeError("every event fails")

    one_by_one = lane.settings.model_copy(update={"max_records": 7})
    for _ in range(3):
        async with running(one_by_one, Recorder(before=bug).consumer(lane.group)) as runner:
            await until(lambda: not runner.live())
            assert not runner.ready()
            assert "20 dead letters in a row" in runner.failures()[lane.group]
    buried = len(await read_topic(lane.settings, lane.letters.name))
    assert buried < 20
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)) as runner:
        await until(lambda: nothing_left(lane))
        assert runner.ready()
    assert len(recorder.seen) == 60 - buried


async def test_good_events_between_end_the_row(lane: Lane, publisher: KafkaPublisher) -> None:
    single = Lane(lane.settings, partitions=1)
    await single.create()
    broken = RawRecord(single.topic.name, b"x", b"{", ())
    for number in range(3):
        await publisher.send([broken] * 15)
        await publisher.publish([event(single.topic.name, "good", number + 1)])
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.bus.consume.worker.subscribed", single.subscribed)
        async with running(lane.settings, recorder.consumer(single.group)) as runner:
            await until(lambda: nothing_left(single))
            assert runner.live()
    assert len(await read_topic(lane.settings, single.letters.name)) == 45


async def test_a_replay_sends_the_original_once_and_only_once(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.publish([event(lane.topic.name, name, number=name) for name in range(6)])
    broken = True

    async def bug(events: Sequence[Received]) -> None:
        if broken and any(getattr(received.message, "attempts", 0) in (2, 4) for received in events):
            raise RuntimeError("a bug")

    recorder = Recorder(before=bug)
    async with running(lane.settings, recorder.consumer(lane.group)):
        await until(lambda: nothing_left(lane))
        broken = False
        letters = await list_dead_letters(lane.settings, lane.group)
        assert [letter.reason.code for letter in letters] == ["handler_error"] * 2
        first = await replay_dead_letters(lane.settings, lane.group, ids=[letters[1].id])
        assert first.sent == [letters[1].id]
        rest = await replay_dead_letters(lane.settings, lane.group)
        assert rest.sent == [letters[0].id]
        again = await replay_dead_letters(lane.settings, lane.group)
        assert (again.sent, again.failed, again.already) == ([], [], 2)
        await until(lambda: sorted(recorder.numbers()) == list(range(6)))
    assert len(await read_topic(lane.settings, lane.topic.name)) == 6
    assert len(await read_topic(lane.settings, lane.replays.name)) == 2


async def test_a_replay_reaches_only_the_group_that_failed(lane: Lane, publisher: KafkaPublisher) -> None:
    other = Lane(lane.settings)
    other.topic = lane.topic
    await other.create()
    await publisher.publish([event(lane.topic.name, "one")])
    broken = True

    async def bug(_: Sequence[Received]) -> None:
        if broken:
            raise RuntimeError("a bug")

    failing, neighbour = Recorder(before=bug), Recorder()
    async with running(lane.settings, failing.consumer(lane.group), neighbour.consumer(other.group)):
        await until(lambda: nothing_left(lane))
        await until(lambda: neighbour.seen)
        broken = False
        await replay_dead_letters(lane.settings, lane.group)
        await until(lambda: failing.seen)
        await publisher.publish([event(lane.topic.name, "one", 2)])
        await until(lambda: failing.sequence("one") == [1, 2])
        await until(lambda: neighbour.sequence("one") == [1, 2])


async def test_a_replay_changes_nothing_on_a_compacted_topic(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.publish([event(lane.topic.name, "one", 5)])

    async def bug(events: Sequence[Received]) -> None:
        if broken and any(received.cause.seq == 5 for received in events):
            raise RuntimeError("a bug")

    broken = True
    recorder = Recorder(before=bug)
    async with running(lane.settings, recorder.consumer(lane.group)):
        await until(lambda: nothing_left(lane))
        await publisher.publish([event(lane.topic.name, "one", 6)])
        await until(lambda: recorder.sequence("one") == [6])
        broken = False
        await replay_dead_letters(lane.settings, lane.group)
        await until(lambda: recorder.sequence("one") == [6, 5])
    assert [record.offset for record in await read_topic(lane.settings, lane.topic.name)] == [0, 1]


async def test_what_fails_again_is_a_dead_letter_from_its_first_place(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.send([RawRecord(lane.topic.name, b"x", b"{", (("any", None),))])
    async with running(lane.settings, Recorder().consumer(lane.group)) as runner:
        await until(lambda: nothing_left(lane))
        (first,) = await list_dead_letters(lane.settings, lane.group)
        for count in (2, 3):
            assert len((await replay_dead_letters(lane.settings, lane.group)).sent) == 1

            async def buried(count: int = count) -> bool:
                return len(await read_topic(lane.settings, lane.letters.name)) == count

            await until(buried)
        assert runner.ready()
    (letter,) = await list_dead_letters(lane.settings, lane.group)
    assert (letter.reason.topic, letter.reason.offset, letter.headers) == (lane.topic.name, first.reason.offset, first.headers)


async def test_a_worker_reads_on_while_its_replay_topic_is_not_there_and_takes_it_up_when_it_is(
    lane: Lane, publisher: KafkaPublisher
) -> None:
    early = Lane(lane.settings)
    await create_topics(lane.settings, replicas=1, topics=[early.topic, early.letters])
    await publisher.publish([event(early.topic.name, "one")])
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.bus.consume.worker.subscribed", early.subscribed)
        async with running(lane.settings, recorder.consumer(early.group)) as runner:
            await until(lambda: nothing_left(early))
            await until(runner.ready)
            (worker,) = runner.workers
            client = worker.client
            await create_topics(lane.settings, replicas=1, topics=[early.replays])
            origin = Reason("schema", "a bug", early.topic.name, 0, 0, early.group, AT)
            two = encode(event(early.topic.name, "two", number=2))
            letter = DeadLetter(0, 0, origin, two.key, two.value, two.headers)
            assert await publisher.send([sent_back(letter)]) == [True]
            await until(lambda: recorder.numbers() == [1, 2])
            assert worker.client is not client
            client = worker.client
            assert await publisher.publish([event(early.topic.name, "three", number=3)]) == [True]
            await until(lambda: recorder.numbers() == [1, 2, 3])
            await asyncio.sleep(lane.settings.check_every.total_seconds() * 3)
            assert worker.client is client


async def test_a_dead_letter_is_found_by_its_id_and_a_wrong_id_is_named(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.send([RawRecord(lane.topic.name, b"x", b"{", (("any", None),))])
    async with running(lane.settings, Recorder().consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    (letter,) = await list_dead_letters(lane.settings, lane.group)
    assert await get_dead_letter(lane.settings, lane.group, letter.id) == letter
    with pytest.raises(NotFoundError):
        await get_dead_letter(lane.settings, lane.group, "0:4711")
    with pytest.raises(InvalidError):
        await get_dead_letter(lane.settings, lane.group, "nonsense")
    with pytest.raises(NotFoundError):
        await list_dead_letters(lane.settings, "no.such.group")


async def test_an_operator_sees_how_a_group_stands_replays_one_letter_and_discards_another(
    lane: Lane, publisher: KafkaPublisher
) -> None:
    desk = KafkaDesk(lane.settings, reads=lambda _: (lane.topic, lane.replays))
    await publisher.publish([event(lane.topic.name, name, number=name) for name in range(4)])

    async def bug(events: Sequence[Received]) -> None:
        if any(getattr(received.message, "attempts", 0) in (1, 2) for received in events):
            raise RuntimeError("a bug")

    async with running(lane.settings, Recorder(before=bug).consumer(lane.group)):
        await until(lambda: nothing_left(lane))
        (state,) = await desk.groups([lane.group])
        assert (state.state, state.lag, state.open_letters) == ("Stable", 0, 2)
        assert {(it.process, it.version, it.started_at) for it in state.members} == {("efa-marktplatz", VERSION, STARTED)}
        first, second = await desk.letters(lane.group)
        assert [(it.settled, it.attempts, it.letter.value) for it in (first, second)] == [(False, 1, None)] * 2
        whole = await desk.letter(lane.group, first.letter.id)
        assert whole is not None
        assert whole.letter.value is not None
        assert {name for name, _ in whole.letter.headers} >= {"ce_id", "ce_type"}
        await desk.replay(lane.group, first.letter.id)
        await desk.discard(lane.group, second.letter.id)
        await until(lambda: open_letters(desk, lane.group, 1))
    found = await desk.letters(lane.group)
    assert [(it.settled, it.attempts) for it in found] == [(True, 1), (True, 1), (False, 2)]
    assert (await replay_dead_letters(lane.settings, lane.group, ids=[second.letter.id])).already == 1
    assert await desk.letter(lane.group, "0:999") is None
    with pytest.raises(NotFoundError) as refused:
        await desk.discard(lane.group, "0:999")
    assert refused.value.code == "dead_letter_not_found"


async def open_letters(desk: KafkaDesk, group: str, count: int) -> bool:
    (state,) = await desk.groups([group])
    return state.open_letters == count


async def test_dead_letters_wait_in_place_while_they_cannot_be_written(lane: Lane, publisher: KafkaPublisher) -> None:
    refusing = KafkaPublisher(lane.settings)
    await publisher.send([RawRecord(lane.topic.name, b"x", b"{", ())])
    async with running(lane.settings, Recorder().consumer(lane.group), publisher=refusing) as runner:
        await until(lambda: runner.workers[0].progress.waiting)
        await asyncio.sleep(timedelta(milliseconds=300).total_seconds())
        assert await lane.committed() == {}
        await refusing.start()
        await until(lambda: nothing_left(lane))
    await refusing.stop()
    assert len(await list_dead_letters(lane.settings, lane.group)) == 1


async def test_records_too_large_to_be_copied_do_not_stop_those_behind_them(lane: Lane, publisher: KafkaPublisher) -> None:
    single = Lane(lane.settings, partitions=1)
    await single.create()
    foreign = AIOKafkaProducer(**lane.settings.connection(), compression_type="zstd", max_request_size=8 * 1024 * 1024)
    await foreign.start()
    for size in (1024 * 1024 - 100, 3 * 1024 * 1024):
        await foreign.send_and_wait(single.topic.name, b"{" + b" " * (size - 1), b"x")
    await foreign.stop()
    await publisher.publish([event(single.topic.name, "good")])
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.bus.consume.worker.subscribed", single.subscribed)
        async with running(lane.settings, recorder.consumer(single.group)):
            await until(lambda: nothing_left(single))
    assert recorder.numbers() == [1]
    letters = await list_dead_letters(lane.settings, single.group)
    whole, giant = sorted(letters, key=lambda letter: letter.reason.offset)
    assert (whole.reason.code, whole.replayable, len(whole.value or b"")) == ("missing_header", True, 1024 * 1024 - 100)
    assert (giant.reason.code, giant.replayable) == ("oversized", False)
