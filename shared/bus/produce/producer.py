"""A Kafka producer that survives a refusal: what the broker never appended uses up no sequence number.

aiokafka numbers a batch when it is sent and goes on counting after the broker has refused it: everything behind it on that
partition would then be out of order, which is fatal for an idempotent producer. The Java client sets its numbers back; so do we.
"""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    InvalidTimestampError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnsupportedForMessageFormatError,
    kafka_errors,
)
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch


class InvalidRecordError(BrokerResponseError):  # type: ignore[misc] # aiokafka is untyped
    """The broker's own check found a record of the batch unfit, such as one without a key on a compacted topic."""

    errno = 87
    message = "INVALID_RECORD"
    description = "A record of the batch failed the broker's validation, so the batch was not appended."


kafka_errors.setdefault(InvalidRecordError.errno, InvalidRecordError)

OF_CONTENT = (
    InvalidRecordError,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    UnsupportedForMessageFormatError,
)
"""Refusals for what stands in a batch: one record of it may be to blame for all."""
_REFUSALS = (*OF_CONTENT, InvalidTopicError, TopicAuthorizationFailedError)


class RefusedError(KafkaError):  # type: ignore[misc] # aiokafka is untyped
    """The broker has refused a batch and appended nothing of it; the producer goes on. The argument is the broker's error."""

    @property
    def of_content(self) -> bool:
        """Whether other records may pass where these did not."""
        return isinstance(self.args[0], OF_CONTENT)


class Producer(AIOKafkaProducer):  # type: ignore[misc] # aiokafka is untyped
    """As aiokafka's; records of a batch that the broker refused at its first try fail with RefusedError."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(**options)
        # The producer makes its accumulator itself, and its sender holds it too.
        self._message_accumulator.__class__ = _Accumulator

    def alone(self, topic: str, partition: int | None, key: bytes | None, value: bytes | None) -> int:
        """Return the partition on which ``send`` would put such a record."""
        number: int = self._partition(topic, partition, key, value, key, value)
        return number


class _Accumulator(MessageAccumulator):  # type: ignore[misc] # aiokafka is untyped
    def _append_batch(self, builder: Any, tp: Any) -> Any:  # noqa: ANN401 - aiokafka is untyped
        batch = super()._append_batch(builder, tp)
        batch.__class__ = _Batch
        batch.numbers = self._txn_manager
        return batch


class _Batch(MessageBatch):  # type: ignore[misc] # aiokafka is untyped
    numbers: Any = None

    def failure(self, exception: BaseException) -> None:
        """Fail all records. Runs while the broker's answer is read, before the next batch of the partition gets its numbers.

        After a second try nobody knows whether the first was appended: a number given back then could be taken for a repeat.
        """
        if self.retry_count == 1 and isinstance(exception, _REFUSALS) and not self.future.done():
            self.numbers.increment_sequence_number(self.tp, -self.record_count)
            exception = RefusedError(exception)
        super().failure(exception)
