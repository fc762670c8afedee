"""Fields that the stored document holds as one JSON text each.

What belongs to a Vorgang but is never searched (points, questions, milestones, timeline, prices, findings) would otherwise be
walked value by value at each load and save. As one text, each costs a tenth of that.
"""

from __future__ import annotations

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema, to_json


class Packed:
    """Annotation of a field: dumps give JSON text, validation takes such a text or the value itself."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        value = handler(source)
        return core_schema.union_schema(
            [core_schema.json_schema(value), value],
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(_pack, return_schema=core_schema.str_schema()),
        )


def _pack(value: object) -> str:
    return to_json(value).decode()
