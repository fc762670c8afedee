"""A part of a stored document that lies there as one JSON text, and is read only when somebody looks.

Points, questions, milestones, prices and findings belong to a Vorgang but are never searched, and most steps touch none of them.
As values they would be built, checked and walked at each load and save: measured, that was half the cost of an event.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from shared.messages.open_enum import READING

T = TypeVar("T")


class LazyJson(Generic[T]):
    """Holds a T, or the JSON text of one. As a field of a model it takes either and is dumped as text."""

    __slots__ = ("_adapter", "_text", "_value")

    def __init__(self, adapter: TypeAdapter[T], content: object) -> None:
        self._adapter = adapter
        self._text = content if isinstance(content, str) else None
        if self._text is None:
            self._value = adapter.validate_python(content)

    @property
    def value(self) -> T:
        """The value; it may be changed in place."""
        if self._text is not None:
            # Tolerant as every reader of what is stored: a later version may have written it.
            self._value = self._adapter.validate_json(self._text, extra="ignore", context=READING)
            self._text = None
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        self._text = None
        self._value = value

    @property
    def text(self) -> str:
        """The JSON text, without members that are None: a version from before they were added refuses them."""
        return self._text if self._text is not None else self._adapter.dump_json(self._value, exclude_none=True).decode()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LazyJson) and self.text == other.text

    __hash__ = None  # type: ignore[assignment] # mutable

    def __deepcopy__(self, _memo: object) -> LazyJson[T]:
        return LazyJson(self._adapter, self.text)

    def __repr__(self) -> str:
        return f"LazyJson({self.text})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's hook
        adapter: TypeAdapter[Any] = TypeAdapter(get_args(source)[0])

        def take(content: object) -> LazyJson[Any]:
            return content if isinstance(content, LazyJson) else LazyJson(adapter, content)

        return core_schema.no_info_plain_validator_function(
            take,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda lazy: lazy.text),
        )
