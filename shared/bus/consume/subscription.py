"""A worker's subscription: the FastStream broker that polls for it, over a client of our own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from shared.bus.admin import partitions_of
from shared.bus.aiokafka_internals import sticky_assignor
from shared.bus.consume.batch import Record
from shared.bus.consume.client import Owner, Rebalance, WorkerConsumer
from shared.bus.consume.work import Work
from shared.bus.dead_letters.replay import replay_topic
from shared.bus.lifeline import CLOSE_SECONDS, end
from shared.bus.settings import KafkaSettings, milliseconds
from shared.errors import BusUnavailableError, NotFoundError
from shared.release import client_name

log = structlog.get_logger()


class Subscription:
    """What a group reads through one client. ``missing`` is what it reads and this client does not: it was not there at first."""

    def __init__(self, settings: KafkaSettings, work: Work, owner: Owner) -> None:
        self.settings = settings
        self.group = work.group
        self._work = work
        self.missing: frozenset[str] = frozenset()
        self._owner = owner
        self._broker: KafkaBroker | None = None

    @property
    def client(self) -> WorkerConsumer | None:
        """The Kafka client while there is one."""
        subscribers = () if self._broker is None else self._broker.subscribers
        for subscriber in subscribers:
            client: WorkerConsumer | None = subscriber.consumer  # type: ignore[attr-defined]
            return client
        return None

    async def start(self, on_batch: Callable[[tuple[Record, ...]], Awaitable[None]]) -> None:
        """Join the group and begin to hand over batches. Raises KafkaError if the broker does not answer.

        A group without replays reads a topic that may come later than it: until then there is no client.
        """
        settings = self.settings
        if self._work.replays:
            replays = await self.replays()
        else:
            replays = ()
            await self._require_topics()
        broker = KafkaBroker(
            **_faststream_connection(settings),
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            logger=None,
            graceful_timeout=settings.stop_timeout.total_seconds(),
        )
        subscriber = broker.subscriber(
            *self._work.topics,
            *replays,
            group_id=self.group,
            group_instance_id=settings.group_instance_id,
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            parser=self._parse,
            decoder=_undecoded,
            max_records=settings.max_records,
            batch_timeout_ms=milliseconds(settings.batch_wait),
            auto_offset_reset="earliest",
            partition_assignment_strategy=[sticky_assignor()],
            session_timeout_ms=milliseconds(settings.session_timeout),
            heartbeat_interval_ms=milliseconds(settings.heartbeat),
            rebalance_timeout_ms=milliseconds(settings.rebalance_timeout),
            listener=Rebalance(self._owner),
            no_reply=True,
        )
        subscriber(on_batch)
        self._broker = broker
        await broker.connect()
        broker.config.broker_config.builder = self._build
        self._owner.progress.begin()
        await broker.start()

    async def replays(self) -> tuple[str, ...]:
        """Return the topic of what is sent back, if it is there and may be read: else it would keep all others back."""
        topic = replay_topic(self.group)
        try:
            await partitions_of(self.settings, topic)
        except NotFoundError:
            log.warning("replay_topic_missing", group=self.group, topic=topic)
            self.missing = frozenset({topic})
            return ()
        except BusUnavailableError as error:
            raise KafkaConnectionError from error
        self.missing = frozenset()
        return (topic,)

    async def _require_topics(self) -> None:
        for topic in self._work.topics:
            try:
                await partitions_of(self.settings, topic)
            except NotFoundError as error:
                raise UnknownTopicOrPartitionError(topic) from error
            except BusUnavailableError as error:
                raise KafkaConnectionError from error

    async def stop(self) -> None:
        """End the poll loop, within bounds. Does not raise."""
        if self._broker is not None:
            await end("subscriber", self._broker.stop(), self.settings.stop_timeout.total_seconds() + CLOSE_SECONDS)

    def forget(self) -> None:
        """Drop the broker; ``start`` makes a new one."""
        self._broker = None

    def _build(self, **options: Any) -> WorkerConsumer:  # noqa: ANN401 - passed on
        named = {"client_id": client_name(self.settings.client_id)}
        return WorkerConsumer(self._owner, **{**options, **self.settings.connection(), **named})

    async def _parse(self, records: tuple[Record, ...]) -> KafkaAckableMessage:
        """Wrap a batch without a look at its headers: FastStream's own parser fails on those that are null or not UTF-8."""
        return KafkaAckableMessage(
            body=b"", headers={}, content_type=None, raw_message=records, message_id="batch", consumer=self.client
        )


async def _undecoded(message: KafkaAckableMessage) -> Any:  # noqa: ANN401 - what FastStream hands to the handler
    return message.raw_message


def _faststream_connection(settings: KafkaSettings) -> dict[str, Any]:
    """Return what FastStream's broker itself needs; the clients are built by us, with the whole connection."""
    return {"bootstrap_servers": settings.bootstrap_servers.split(","), "client_id": settings.client_id}
