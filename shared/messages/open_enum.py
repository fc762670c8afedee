"""Values of a list that may grow while old readers live: an unknown one is kept, not refused.

A new member must not break readers of the version before, so on the wire and in stored documents a list of values is open
(Zalando RESTful API Guidelines, rule 112: ``x-extensible-enum``). What comes from a user is held against the known members.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

READING: Final[Mapping[str, bool]] = {"reading": True}
"""Validation context of a reader of messages and stored documents: unknown values of open enums are kept."""

PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
"""What a value of an open enum looks like, known or not."""

_VALUE = re.compile(PATTERN)


class OpenEnum(StrEnum):
    """Base of enums that may grow. ``Kind("x")`` knows the members only, ``Kind.read("x")`` keeps what it does not know.

    Pydantic refuses unknown values, but with the context ``READING`` keeps them. As a schema of what is written it is a pattern
    that names the known values, as a schema of what is asked of a client it is their list.
    """

    @classmethod
    def read(cls, value: str) -> Self:
        """Return the member, or a stand-in that keeps an unknown value. Raises ValueError for what cannot be a value."""
        try:
            return cls(value)
        except ValueError:
            if not _VALUE.fullmatch(value):
                raise
        stand_in = str.__new__(cls, value)
        stand_in._name_ = value
        stand_in._value_ = value
        return stand_in

    @property
    def known(self) -> bool:
        """Whether this version knows the value."""
        return self._value_ in type(self)._value2member_map_

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce_ex__(self, _protocol: object) -> tuple[Any, ...]:
        return type(self).read, (self._value_,)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's hook
        def validate(
            value: object, known: core_schema.ValidatorFunctionWrapHandler, info: core_schema.ValidationInfo[Any]
        ) -> object:
            # Known values, nearly all of them, go the short way: this runs for each field of each event.
            if info.context is READING and type(value) is str and value not in cls._value2member_map_ and _VALUE.fullmatch(value):
                return cls.read(value)
            return known(value)

        return core_schema.with_info_wrap_validator_function(
            validate,
            core_schema.enum_schema(cls, list(cls), sub_type="str"),
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        known = [member.value for member in cls]
        values = {"pattern": PATTERN, "x-extensible-enum": known} if handler.mode == "serialization" else {"enum": known}
        return {"title": cls.__name__, "description": inspect.cleandoc(cls.__doc__ or ""), "type": "string", **values}
