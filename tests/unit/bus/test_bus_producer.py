"""The numbers of a batch are given back only where it is certain that the broker has appended nothing of it."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    InvalidTimestampError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
    OutOfOrderSequenceNumber,
    TopicAuthorizationFailedError,
    UnknownError,
    for_code,
)

from shared.bus.produce.producer import InvalidRecordError, Producer, RefusedError

PLACE = TopicPartition("contracts.fitko.request.v1", 0)


@pytest.fixture
async def producer() -> Any:
    producer = Producer(bootstrap_servers="127.0.0.1:1", enable_idempotence=True)
    producer._txn_manager.set_pid_and_epoch(7, 0)
    producer._closed = True  # it was never started: nothing to close
    return producer


async def sent(producer: Any, records: int) -> Any:
    for _ in range(records):
        future = await producer._message_accumulator.add_message(PLACE, b"key", b"value", 1)
        future.add_done_callback(lambda done: done.exception())
    return producer._message_accumulator._pop_batch(PLACE)


def next_number(producer: Any) -> int:
    number: int = producer._txn_manager.sequence_number(PLACE)
    return number


@pytest.mark.parametrize(
    "error", [TopicAuthorizationFailedError, MessageSizeTooLargeError, InvalidRecordError, InvalidTimestampError]
)
async def test_a_refusal_at_the_first_try_gives_them_back(error: type[Exception], producer: Any) -> None:
    (await sent(producer, 2)).done(0)
    batch = await sent(producer, 3)
    assert next_number(producer) == 5
    batch.failure(error())
    assert next_number(producer) == 2
    assert isinstance(batch.future.exception(), RefusedError)
    batch.failure(error())
    assert next_number(producer) == 2


async def test_a_refusal_after_an_unknown_outcome_does_not(producer: Any) -> None:
    batch = await sent(producer, 3)
    producer._message_accumulator.reenqueue(batch)
    assert producer._message_accumulator._pop_batch(PLACE) is batch
    batch.failure(TopicAuthorizationFailedError())
    assert next_number(producer) == 3
    assert isinstance(batch.future.exception(), TopicAuthorizationFailedError)


@pytest.mark.parametrize("error", [OutOfOrderSequenceNumber, NotEnoughReplicasError, UnknownError, RuntimeError])
async def test_another_error_does_not(error: type[Exception], producer: Any) -> None:
    batch = await sent(producer, 3)
    batch.failure(error())
    assert next_number(producer) == 3
    assert isinstance(batch.future.exception(), error)


def test_the_error_code_of_an_unfit_record_is_known() -> None:
    assert for_code(87) is InvalidRecordError
