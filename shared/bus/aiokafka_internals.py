"""Everything of aiokafka that is not its public interface, in one place: what we read of its clients and what we replace in it.

aiokafka has no public way to see a dead background task, the note of a commit or a fetched batch before it is decoded. A new
version may move any of it: ``VERSION`` is the one that this file was read against, and a test fails for another. Then go
through the functions below one by one.
"""

from __future__ import annotations

import asyncio
import collections
import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import aiokafka.consumer.fetcher
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import OffsetAndMetadata

VERSION = "0.14.0"

Client: TypeAlias = AIOKafkaConsumer | AIOKafkaProducer
Task: TypeAlias = asyncio.Task[Any]

_CODECS = (
    "aiokafka.record.default_records",
    "aiokafka.record.legacy_records",
    "aiokafka.record._crecords.default_records",
    "aiokafka.record._crecords.legacy_records",
)


# Any client


def background_tasks(client: Client) -> dict[str, tuple[Task | None, bool]]:
    """Return the client's own tasks by name, each with whether it may end by itself while the client runs."""
    tasks: dict[str, tuple[Task | None, bool]] = {"metadata": (_connector(client)._sync_task, False)}  # noqa: SLF001
    if isinstance(client, AIOKafkaProducer):
        sender = client._sender  # noqa: SLF001
        return {**tasks, "sender": (None if sender is None else sender.sender_task, False)}
    fetcher, coordinator = client._fetcher, client._coordinator  # noqa: SLF001
    if fetcher is not None:
        tasks["fetcher"] = fetcher._fetch_task, False  # noqa: SLF001
        for number, fetch in enumerate(fetcher._pending_tasks):  # noqa: SLF001
            tasks[f"fetch_{number}"] = fetch, True
    if coordinator is not None:
        tasks["coordinator"] = getattr(coordinator, "_coordination_task", None), False
        tasks["reset"] = getattr(coordinator, "_reset_committed_task", None), False
        # Both end when the member leaves a generation, and begin again with the next one.
        tasks["heartbeat"] = getattr(coordinator, "_heartbeat_task", None), True
        tasks["commit_refresh"] = getattr(coordinator, "_commit_refresh_task", None), True
    return tasks


def mark_closed(client: Client) -> None:
    """Mark a client as closed without the flush and the farewell that ``stop`` would wait for."""
    client._closed = True  # noqa: SLF001


def connections(client: Client) -> list[Any]:
    """Return the open connections of a client, each with a ``close``."""
    return list(_connector(client)._conns.values())  # noqa: SLF001


def _connector(client: Client) -> AIOKafkaClient:
    return client.client if isinstance(client, AIOKafkaProducer) else client._client  # noqa: SLF001


# Consumers


def member_id(consumer: AIOKafkaConsumer) -> str:
    """Return the id of a consumer's member in its group, empty before it has joined."""
    member: str = getattr(consumer._coordinator, "member_id", "")  # noqa: SLF001
    return member


async def committed_with_notes(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> Mapping[TopicPartition, OffsetAndMetadata]:
    """Return what is committed of partitions, with the notes of the commits; the public call returns no notes."""
    coordinator = consumer._coordinator  # noqa: SLF001
    if coordinator is None or not partitions:
        return {}
    found: Mapping[TopicPartition, OffsetAndMetadata] = await coordinator.fetch_committed_offsets(list(partitions))
    return found


def consumed_positions(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int] | None:
    """Return the positions behind what was handed out, by partition; None while nothing is assigned."""
    subscription = consumer._subscription.subscription  # noqa: SLF001
    if subscription is None or subscription.assignment is None:
        return None
    consumed: Mapping[TopicPartition, OffsetAndMetadata] = subscription.assignment.all_consumed_offsets()
    return {partition: offset.offset for partition, offset in consumed.items()}


def position_now(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int | None:
    """Return the position in a partition, None while there is none; the public ``position`` waits for one."""
    subscription = consumer._subscription.subscription  # noqa: SLF001
    assignment = None if subscription is None else subscription.assignment
    state = None if assignment is None else assignment.state_value(partition)
    return state.position if state is not None and state.has_valid_position else None


async def partitions_known(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    """Return the partitions of a topic that nothing is assigned of yet; empty if there is no such topic."""
    await consumer._client.set_topics([topic, *consumer._client._topics])  # noqa: SLF001
    return sorted(consumer.partitions_for_topic(topic) or ())


def sticky_assignor() -> type[StickyPartitionAssignor]:
    """Return an assignor class of its own: aiokafka keeps a member's assignment on the class, where groups would mix theirs."""

    class Sticky(StickyPartitionAssignor):  # type: ignore[misc] # aiokafka is untyped
        pass

    return Sticky


# Fetched bytes


class Batches(Protocol):
    """What aiokafka's reader takes the batches of one fetched partition from."""

    def has_next(self) -> bool:
        """Return whether another complete batch is there."""

    def next_batch(self) -> Any:  # noqa: ANN401 - as aiokafka's own batches
        """Return the next batch."""


class ReplacedBatch:
    """A batch in the form that aiokafka's reader expects: decoded records, or the gap that a broken one leaves."""

    def __init__(self, records: Iterable[Any], base_offset: int, next_offset: int, source: Any = None) -> None:  # noqa: ANN401
        self.base_offset = base_offset
        self.next_offset = next_offset
        # A control batch is skipped without a look at its records: just right for a gap.
        self.is_control_batch = source is None or source.is_control_batch
        self.is_transactional = source is not None and source.is_transactional
        self.producer_id = None if source is None else source.producer_id
        self._records = iter(records)

    def validate_crc(self) -> bool:
        """Return True: whoever replaced the batch has looked."""
        return True

    def __iter__(self) -> ReplacedBatch:
        return self

    def __next__(self) -> Any:  # noqa: ANN401 - a record of aiokafka
        return next(self._records)


class _RawRecords(MemoryRecords):  # type: ignore[misc] # aiokafka is untyped
    """Fetched bytes that can still be seen after aiokafka has taken them."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.raw = data


class _Buffer(collections.OrderedDict[TopicPartition, Any]):
    """The fetcher's buffer: what is put in is read through ``replace``."""

    def __init__(self, replace: Callable[[TopicPartition, bytes], Batches]) -> None:
        super().__init__()
        self._replace = replace

    def __setitem__(self, partition: TopicPartition, entry: Any) -> None:  # noqa: ANN401 - a private type of aiokafka
        if isinstance(entry, aiokafka.consumer.fetcher.FetchResult):
            records = entry._partition_records  # noqa: SLF001
            records._records = self._replace(partition, records._records.raw)  # noqa: SLF001
        super().__setitem__(partition, entry)


class FilteredConsumer(AIOKafkaConsumer, ABC):  # type: ignore[misc] # aiokafka is untyped
    """An AIOKafkaConsumer that reads the bytes of each fetched partition through ``batches_of``, for a subclass to define."""

    @abstractmethod
    def batches_of(self, partition: TopicPartition, data: bytes) -> Batches:
        """Return the batches in the fetched bytes of a partition."""

    @property
    def _fetcher(self) -> Any:  # noqa: ANN401 - a private type of aiokafka
        return self._filtered_fetcher

    @_fetcher.setter
    def _fetcher(self, fetcher: Any) -> None:  # noqa: ANN401 - a private type of aiokafka
        # The consumer makes its fetcher in ``start``; its buffer is exchanged here, before the first fetch can fill it.
        if fetcher is not None:
            fetcher._records = _Buffer(self.batches_of)  # noqa: SLF001
        self._filtered_fetcher = fetcher


def replace_codecs(functions: Mapping[str, Callable[[bytes | memoryview], bytes]]) -> None:
    """Put decompression functions into aiokafka's record modules, pure and compiled; safe to call again.

    Raises AttributeError if aiokafka has moved them: the bound on decompression would be lost.
    """
    for module in map(importlib.import_module, _CODECS):
        for name, function in functions.items():
            if name == "zstd_decode" and module.__name__.endswith("legacy_records"):
                continue
            if not hasattr(module, name):
                raise AttributeError(f"{module.__name__} has no {name}: the bound on decompression would be lost")
            setattr(module, name, function)


# Producers


class RenumberingProducer(AIOKafkaProducer):  # type: ignore[misc] # aiokafka is untyped
    """An idempotent producer that takes its sequence numbers back for a batch that the broker has refused.

    aiokafka goes on counting after a refusal: everything behind it on that partition would be out of order, which is fatal.
    ``refusal`` returns the error to fail the records with if the broker refused them, None for any other error.
    """

    def __init__(self, refusal: Callable[[BaseException], BaseException | None], **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(**options)
        # The producer makes its accumulator itself, and its sender holds it too.
        self._message_accumulator.__class__ = _Accumulator
        self._message_accumulator.refusal = refusal

    def partition_of(self, topic: str, partition: int | None, key: bytes | None, value: bytes | None) -> int:
        """Return the partition on which ``send`` would put such a record."""
        number: int = self._partition(topic, partition, key, value, key, value)
        return number


class _Accumulator(MessageAccumulator):  # type: ignore[misc] # aiokafka is untyped
    refusal: Callable[[BaseException], BaseException | None]

    def _append_batch(self, builder: Any, tp: Any) -> Any:  # noqa: ANN401 - aiokafka is untyped
        batch = super()._append_batch(builder, tp)
        batch.__class__ = _NumberedBatch
        batch.numbers = self._txn_manager
        batch.refusal = self.refusal
        return batch


class _NumberedBatch(MessageBatch):  # type: ignore[misc] # aiokafka is untyped
    numbers: Any = None
    refusal: Callable[[BaseException], BaseException | None]

    def failure(self, exception: BaseException) -> None:
        """Fail all records. Runs while the broker's answer is read, before the next batch of the partition gets its numbers.

        After a second try nobody knows whether the first was appended: a number given back then could be taken for a repeat.
        """
        if self.retry_count == 1 and not self.future.done() and (refused := self.refusal(exception)) is not None:
            self.numbers.increment_sequence_number(self.tp, -self.record_count)
            exception = refused
        super().failure(exception)


def install() -> None:
    """Show fetched bytes to ``FilteredConsumer``; safe to call again."""
    aiokafka.consumer.fetcher.MemoryRecords = _RawRecords


def private_names() -> Sequence[tuple[object, str]]:
    """Return the classes and the private names that this file counts on, for a test to look for."""
    return (
        (AIOKafkaClient, "set_topics"),
        (AIOKafkaProducer, "_partition"),
        (MessageAccumulator, "_append_batch"),
        (MessageBatch, "failure"),
        (aiokafka.consumer.fetcher, "FetchResult"),
        (aiokafka.consumer.fetcher, "MemoryRecords"),
    )


install()
