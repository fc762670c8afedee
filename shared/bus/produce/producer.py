"""A Kafka producer that survives a refusal: what the broker never appended uses up no sequence number.

aiokafka numbers a batch when it is sent and goes on counting after the broker has refused it: everything behind it on that
partition would then be out of order, which is fatal for an idempotent producer. The Java client sets its numbers back; so do we.
"""

from __future__ import annotations

from typing import Any

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

from shared.bus.aiokafka_internals import RenumberingProducer


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


class Producer(RenumberingProducer):
    """As aiokafka's; records of a batch that the broker refused at its first try fail with RefusedError."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(_refusal, **options)


def _refusal(error: BaseException) -> BaseException | None:
    return RefusedError(error) if isinstance(error, _REFUSALS) else None
