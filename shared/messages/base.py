"""Base of the wire models: one class per message type, strict for its writer, tolerant for its readers."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict


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


M = TypeVar("M", bound=Message)
_BY_TYPE: dict[str, type[Message]] = {}


def message_type(name: str) -> Any:  # noqa: ANN401 - a class decorator that keeps the class's own type
    """Register a message class under its CloudEvents type. Raises ValueError on a second class of that name."""

    def register(cls: type[M]) -> type[M]:
        if name in _BY_TYPE:
            message = f"message type {name} is taken by {_BY_TYPE[name].__name__}"
            raise ValueError(message)
        cls.TYPE = name
        _BY_TYPE[name] = cls
        return cls

    return register


def message_types() -> dict[str, type[Message]]:
    """Return every registered message class by its CloudEvents type."""
    return dict(_BY_TYPE)
