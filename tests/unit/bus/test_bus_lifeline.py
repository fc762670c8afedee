"""A client with a dead task, or one that cannot even be closed, is made anew; a process that cannot do that is not live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from shared.bus import lifeline
from shared.bus.consume import runner as consuming
from shared.bus.consume import watch
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.consume.watch import needs_restart, update_progress
from shared.bus.consume.worker import Worker
from shared.bus.handling import Consumer, Received, Rejection
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.messages.notify import NotificationFailed

pytestmark = pytest.mark.slow

SETTINGS = KafkaSettings(
    bootstrap_servers="127.0.0.1:1",
    check_every=timedelta(milliseconds=10),
    stall_after=timedelta(seconds=1),
    publish_timeout=timedelta(milliseconds=200),
)
CONSUMER_TASKS = {
    "metadata": ("_client", "_sync_task"),
    "fetcher": ("_fetcher", "_fetch_task"),
    "coordinator": ("_coordinator", "_coordination_task"),
    "heartbeat": ("_coordinator", "_heartbeat_task"),
    "commit_refresh": ("_coordinator", "_commit_refresh_task"),
}


async def accept(_: Sequence[Received]) -> Sequence[Rejection]:
    return ()


async def explode() -> None:
    raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")


async def for_ever() -> None:
    await asyncio.Event().wait()


class Client:
    """A Kafka client as far as it is looked at from outside; all its tasks run."""

    def __init__(
        self, ask: Callable[[], Awaitable[object]] | None = None, stop: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self.tasks = {name: asyncio.create_task(for_ever()) for name in CONSUMER_TASKS}
        for holder in ("_client", "_fetcher", "_coordinator"):
            setattr(self, holder, SimpleNamespace(_conns={}, _pending_tasks=set()))
        for name, (holder, attribute) in CONSUMER_TASKS.items():
            setattr(getattr(self, holder), attribute, self.tasks[name])
        self._ask, self._stop = ask, stop
        self.dropped = False

    def assignment(self) -> set[Any]:
        return set()

    async def topics(self) -> None:
        if self._ask is not None:
            await self._ask()

    async def stop(self) -> None:
        if self._stop is not None:
            await self._stop()


@pytest.fixture
async def made() -> AsyncIterator[list[Client]]:
    clients: list[Client] = []
    yield clients
    for client in clients:
        await lifeline.drop(client)


class WorkerAtHand(Worker):
    """A worker with such a client."""

    at_hand: Client | None = None

    @property
    def client(self) -> Any:
        return self.at_hand


def worker(client: Client) -> WorkerAtHand:
    made = WorkerAtHand(
        SETTINGS, Consumer("ordering.verdicts", frozenset({NotificationFailed}), accept), KafkaPublisher(SETTINGS)
    )
    made.at_hand = client
    made.progress.begin()
    return made


async def killed(client: Client, name: str) -> None:
    """Let a task of the client end by an error, as a closed transport of uvloop makes it."""
    client.tasks[name].cancel()
    holder, attribute = CONSUMER_TASKS[name]
    dead = asyncio.create_task(explode())
    setattr(getattr(client, holder), attribute, dead)
    await asyncio.wait([dead, client.tasks[name]])


@pytest.mark.parametrize("name", CONSUMER_TASKS)
async def test_a_client_of_which_any_background_task_died_needs_a_restart(name: str, made: list[Client]) -> None:
    made.append(client := Client())
    one = worker(client)
    await update_progress(one)
    assert not needs_restart(one)
    await killed(client, name)
    await update_progress(one)
    assert needs_restart(one)
    assert one.progress.broken == f"the client's {name} task has ended"
    assert not one.progress.ready()


@pytest.mark.parametrize("name", ["heartbeat", "commit_refresh"])
async def test_a_task_that_may_end_by_itself_breaks_nothing_when_it_does(name: str, made: list[Client]) -> None:
    made.append(client := Client())
    one = worker(client)
    client.tasks[name].cancel()
    holder, attribute = CONSUMER_TASKS[name]
    ended = asyncio.create_task(asyncio.sleep(0))
    setattr(getattr(client, holder), attribute, ended)
    await ended
    await update_progress(one)
    assert not needs_restart(one)


@pytest.mark.parametrize("error", [RuntimeError("the handler is closed"), ExceptionGroup("two", [RuntimeError(), OSError()])])
async def test_any_exception_out_of_a_look_is_a_broken_client(error: Exception, made: list[Client]) -> None:
    async def ask() -> None:
        raise error

    made.append(client := Client(ask))
    one = worker(client)
    await update_progress(one)
    assert needs_restart(one)


async def test_a_client_that_is_silent_while_others_get_answers_is_broken(
    made: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answers(*_: object) -> bool:
        return True

    monkeypatch.setattr(watch, "_ASK_SECONDS", 0.01)
    monkeypatch.setattr(watch, "_answers", answers)
    made.append(client := Client(for_ever))
    one = worker(client)
    await update_progress(one)
    assert not needs_restart(one), "one unanswered question may be a change of the leader"
    await update_progress(one)
    assert needs_restart(one)
    await asyncio.sleep(1.1)
    assert not one.progress.live()


@pytest.mark.parametrize("error", [KafkaConnectionError(), TopicAuthorizationFailedError()])
async def test_a_broker_that_answers_nobody_or_refuses_makes_unready_and_not_dead(error: Exception, made: list[Client]) -> None:
    async def ask() -> None:
        raise error

    made.append(client := Client(ask))
    one = worker(client)
    for _ in range(4):
        await update_progress(one)
    assert not needs_restart(one)
    await asyncio.sleep(1.1)
    assert one.progress.live()
    assert not one.progress.ready()


@pytest.mark.parametrize("error", [RuntimeError("the handler is closed"), ExceptionGroup("two", [RuntimeError(), OSError()])])
async def test_closing_a_broken_client_never_raises_and_leaves_nothing_behind(error: Exception) -> None:
    async def stop() -> None:
        raise error

    client = Client(stop=stop)
    connection = SimpleNamespace(close=lambda: (_ for _ in ()).throw(RuntimeError("closed")))
    client._client._conns["one"] = connection  # type: ignore[attr-defined]
    await worker(client).close()
    assert all(task.done() for task in client.tasks.values())


async def test_closing_a_client_that_never_ends_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if released.is_set():
                    raise

    released = asyncio.Event()
    monkeypatch.setattr(lifeline, "_CANCEL_SECONDS", 0.05)
    assert not await lifeline.end("test", stubborn(), 0.05)
    released.set()


async def test_a_consumer_whose_client_broke_is_started_again_whatever_its_close_does(monkeypatch: pytest.MonkeyPatch) -> None:
    clients: list[Client] = []

    async def stop() -> None:
        raise ExceptionGroup("two", [RuntimeError(), RuntimeError()])

    async def start(one: Worker) -> None:
        assert isinstance(one, WorkerAtHand)
        one.progress.begin()
        clients.append(Client(stop=stop))
        one.at_hand = clients[-1]

    monkeypatch.setattr(WorkerAtHand, "start", start)
    monkeypatch.setattr(consuming, "Worker", WorkerAtHand)
    runner = ConsumerRunner(SETTINGS, [Consumer("ordering.verdicts", frozenset({NotificationFailed}), accept)])
    async with asyncio.timeout(30):
        await runner.start()
        for number in range(1, 4):
            await killed(clients[-1], "metadata")
            while len(clients) == number:  # noqa: ASYNC110 - nothing tells of a start
                await asyncio.sleep(0.01)
        while not runner.workers[0].progress.reachable:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert runner.live()
        assert runner.failures() == {}
        await runner.stop()
    assert all(task.done() for client in clients for task in client.tasks.values())


@pytest.mark.parametrize("name", ["metadata", "sender"])
async def test_a_publisher_whose_producer_lost_a_task_makes_another(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[AIOKafkaProducer] = []

    async def start(producer: AIOKafkaProducer) -> None:
        made.append(producer)
        producer.client._sync_task = asyncio.create_task(for_ever())
        producer._sender._sender_task = asyncio.create_task(for_ever())

    monkeypatch.setattr(AIOKafkaProducer, "start", start)
    publisher = KafkaPublisher(SETTINGS)
    async with asyncio.timeout(30):
        await publisher.start()
        dead = asyncio.create_task(explode())
        if name == "metadata":
            made[0].client._sync_task = dead
        else:
            made[0]._sender._sender_task = dead
        while len(made) == 1 or not publisher.connected:  # noqa: ASYNC110 - nothing tells of a reconnection
            await asyncio.sleep(0.01)
        await publisher.stop()
    assert len(made) == 2


@pytest.mark.parametrize("error", [RuntimeError("the handler is closed"), ExceptionGroup("two", [RuntimeError()])])
async def test_a_publisher_that_meets_an_unknown_error_at_the_start_goes_on_trying(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[Exception | None] = [error, None]

    async def start(_: AIOKafkaProducer) -> None:
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome

    monkeypatch.setattr(AIOKafkaProducer, "start", start)
    publisher = KafkaPublisher(SETTINGS)
    async with asyncio.timeout(30):
        await publisher.start()
        while not publisher.connected:  # noqa: ASYNC110 - nothing tells of a reconnection
            await asyncio.sleep(0.01)
        await publisher.stop()
