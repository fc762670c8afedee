"""The data model of stored documents: what may be in them, checked alike by every adapter before anything is written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import bson
import bson.errors
from bson.codec_options import CodecOptions

from shared.store.port import Collection, Document, Save

MAX_DEPTH = 50
LARGEST = 16 * 1024 * 1024
_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)
_LEAST, _GREATEST = -(2**63), 2**63 - 1
_NAMES: dict[object, str] = {}
"""Keys that were found in order. Long ones are left out: they are ids, of which there are ever more."""
_LONGEST_NAME = 32
_MOST_NAMES = 4096


class InvalidDocumentError(ValueError):
    """A document holds something that not every store keeps alike; the message names the place."""


def plain(collection: Collection, document: Document) -> Document:
    """Return a copy that holds only what every store gives back alike. Raises InvalidDocumentError for anything else.

    Enums become their values, dates ISO 8601 text, tuples lists; datetimes must be aware and are cut to milliseconds.
    """
    return _plain(collection, _indexed(collection), document)


def encoded(collection: Collection, document: Document) -> bytes:
    """Return a plain document as BSON. Raises InvalidDocumentError if MongoDB would not take it."""
    try:
        body = bson.encode(document)
    except (bson.errors.BSONError, UnicodeEncodeError) as error:
        raise InvalidDocumentError(f"{collection.name} {document['_id']!a}: {error}") from error
    if len(body) > LARGEST:
        raise InvalidDocumentError(f"{collection.name} {document['_id']}: {len(body)} bytes are more than 16 MiB")
    return body


def decode(body: bytes) -> Document:
    """Return the document that is stored as this BSON."""
    return bson.decode(body, _CODEC)


def plain_inserts(collection: Collection, documents: Iterable[Document]) -> dict[str, Document]:
    """Return the plain documents by id; of several with one id the first counts."""
    copies: dict[str, Document] = {}
    indexed = _indexed(collection)
    for document in documents:
        copy = _plain(collection, indexed, document)
        copies.setdefault(copy["_id"], copy)
    return copies


def plain_saves(collection: Collection, saves: Sequence[Save]) -> dict[str, Save]:
    """Return the saves with plain documents by id. Raises InvalidDocumentError on a repeated id or a rev that is no integer."""
    copies: dict[str, Save] = {}
    indexed = _indexed(collection)
    for save in saves:
        copy = _plain(collection, indexed, save.document)
        rev = copy.get("rev")
        if not isinstance(rev, int) or isinstance(rev, bool):
            raise InvalidDocumentError(f"{collection.name} {copy['_id']}: a saved document carries an integer rev, it is {rev!r}")
        if copy["_id"] in copies:
            raise InvalidDocumentError(f"{collection.name} {copy['_id']}: saved twice in one call")
        copies[copy["_id"]] = Save(copy, save.expected_rev)
    return copies


def _indexed(collection: Collection) -> dict[str, str]:
    """Return the indexed fields, each with the name of an index that holds it."""
    return {name: index.name for index in collection.indexes for name in index.fields}


def _plain(collection: Collection, indexed: dict[str, str], document: Document) -> Document:
    document_id = document.get("_id")
    if not isinstance(document_id, str) or not document_id or "\x00" in document_id:
        raise InvalidDocumentError(f"{collection.name}: _id must be non-empty text, it is {document_id!r}")
    place = f"{collection.name} {document_id}"
    copy = _mapping(document, place, 0)
    for key in copy:
        if key[:1] == "_" and key != "_id":
            raise InvalidDocumentError(f"{place}: the key {key} belongs to the store's adapters")
    for name, index in indexed.items():
        if isinstance(copy.get(name), (dict, list, float)):
            raise InvalidDocumentError(f"{place}.{name}: the index {index} holds scalars without fractions only")
    return copy


# The walk over a document is on the path of every event, twice: names met before and the commonest kinds of values come first.
def _mapping(value: dict[Any, Any], place: str, depth: int) -> Document:
    copy: Document = {}
    for key, item in value.items():
        name = _NAMES.get(key) or _name(key, place)
        copy[name] = item if type(item) is str or item is None else _value(item, place, name, depth)
    return copy


def _name(key: object, place: str) -> str:
    """Return a key as text, and remember it if it may be the name of a field. Raises InvalidDocumentError."""
    if not isinstance(key, str):
        raise InvalidDocumentError(f"{place}: the key {key!r} is no text")
    if "." in key or "\x00" in key or key.startswith("$"):
        raise InvalidDocumentError(f"{place}: the key {key!r} holds a dot or NUL or begins with $")
    name = str(key)
    if len(name) <= _LONGEST_NAME and len(_NAMES) < _MOST_NAMES:
        _NAMES[name] = name
    return name


def _value(value: object, place: str, key: str, depth: int) -> object:
    if isinstance(value, Enum):
        value = value._value_
        return value if type(value) is str else _json_scalar(value, place, key)
    if isinstance(value, (dict, list, tuple)):
        if depth >= MAX_DEPTH:
            raise InvalidDocumentError(f"{place}.{key}: nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            return _mapping(value, f"{place}.{key}", depth + 1)
        return [_value(item, place, key, depth + 1) for item in value]
    if isinstance(value, datetime):
        return value if _is_plain(value) else moment(value, f"{place}.{key}")
    if isinstance(value, date):
        return value.isoformat()
    return _json_scalar(value, place, key)


def _is_plain(value: datetime) -> bool:
    return type(value) is datetime and value.tzinfo is UTC and value.microsecond % 1000 == 0


def _json_scalar(value: object, place: str, key: str) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        if not _LEAST <= value <= _GREATEST:
            raise InvalidDocumentError(f"{place}.{key}: {value} does not fit into 64 bits")
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InvalidDocumentError(f"{place}.{key}: {value!r} ({type(value).__name__}) is not in the data model of the store")


def moment(value: datetime, place: str) -> datetime:
    """Return the instant in UTC, cut to milliseconds. Raises InvalidDocumentError if it has no time zone."""
    if value.tzinfo is None:
        raise InvalidDocumentError(f"{place}: {value.isoformat()} has no time zone")
    return value.astimezone(UTC).replace(microsecond=value.microsecond // 1000 * 1000)
