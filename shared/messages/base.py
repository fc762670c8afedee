"""Base of the wire models: one class per message type, strict for its writer, tolerant for its readers."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict


def is_absent(value: object) -> bool:
    """Return whether a field holds nothing: then it is left out, for versions that refuse fields they do not know."""
    return value is None or value == ()


def is_false(value: object) -> bool:
    """Return whether a field says no: then it is left out, for versions that refuse fields they do not know."""
    return value is False


class Value(BaseModel):
    """A value inside messages and aggregate states. Frozen; unknown fields are refused when writing.

    Its errors do not repeat what was wrong: they end up in logs, and it may be personal.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Message(Value):
    """What travels on a topic, as the body of one CloudEvent. Named in the past tense; requests are named so too.

    ``TYPE`` is the CloudEvents type ``<service>.<aggregate>.<past-verb>.v<N>``. Inside one N only optional fields are added.
    """

    TYPE: ClassVar[str]


class SealedMessage(Message):
    """A message whose record is complete as it is, such as a signed one: the outbox stores and sends ``body`` unchanged.

    Its record has the key ``record_key`` and the content type ``MEDIA_TYPE``, and none of the headers of an event.
    """

    MEDIA_TYPE: ClassVar[str]

    topic: str
    record_key: str
    body: str


class Tombstone(Message):
    """The end of an aggregate on a compacted topic: a record without a value, whose headers state what and which.

    Compaction takes everything of the key away, in the end the tombstone too.
    """


M = TypeVar("M", bound=Message)
_BY_TYPE: dict[str, type[Message]] = {}
_TOMBSTONES: dict[str, type[Tombstone]] = {}


def message_type(name: str) -> Any:  # noqa: ANN401 - a class decorator that keeps the class's own type
    """Register a message class under its CloudEvents type. Raises ValueError on a second class of that name."""

    def register(cls: type[M]) -> type[M]:
        taken = _BY_TYPE.get(name) or _TOMBSTONES.get(name)
        if taken is not None:
            message = f"message type {name} is taken by {taken.__name__}"
            raise ValueError(message)
        cls.TYPE = name
        if issubclass(cls, Tombstone):
            _TOMBSTONES[name] = cls
        else:
            _BY_TYPE[name] = cls
        return cls

    return register


def message_types() -> dict[str, type[Message]]:
    """Return every registered message class that has a body, by its CloudEvents type."""
    return dict(_BY_TYPE)


def tombstone_types() -> dict[str, type[Tombstone]]:
    """Return every registered tombstone by its CloudEvents type."""
    return dict(_TOMBSTONES)
