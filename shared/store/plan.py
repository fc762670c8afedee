"""A query checked against its index and taken apart, so that the adapters only translate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.store.documents import moment
from shared.store.port import Collection, Query, Scalar
from shared.store.slices import Shape, tree_of

_OPEN_BOUNDS = (None, None)


@dataclass(frozen=True, slots=True)
class Plan:
    """``fixed`` fields with their values; ``order`` = the index's other fields, then ``_id``; the bounds are on ``order[0]``."""

    fixed: tuple[tuple[str, Scalar], ...]
    order: tuple[str, ...]
    at_least: Scalar | None
    below: Scalar | None
    after: tuple[Scalar, ...] | None
    descending: bool
    limit: int
    shape: Shape


def plan(collection: Collection, query: Query) -> Plan:
    """Return how a query is answered from its index. Raises ValueError if the index cannot answer it."""
    place = f"query of {collection.name} by {query.index}"
    try:
        fields = collection.index(query.index).fields
    except KeyError as error:
        raise ValueError(str(error.args[0])) from error
    fixed, rest = fields[: len(query.equals)], fields[len(query.equals) :]
    if set(query.equals) != set(fixed):
        raise ValueError(f"{place}: equals must fix a leading part of {fields}, it fixes {tuple(query.equals)}")
    if (query.at_least, query.below) != _OPEN_BOUNDS and not rest:
        raise ValueError(f"{place}: every field is fixed, none is left to be bounded")
    if query.after is not None and (len(query.after) != len(rest) + 1 or not isinstance(query.after[-1], str)):
        raise ValueError(f"{place}: a position holds the values of {(*rest, '_id')}")
    if query.limit < 1:
        raise ValueError(f"{place}: limit must be 1 or more, it is {query.limit}")
    return Plan(
        fixed=tuple((name, _scalar(query.equals[name], place)) for name in fixed),
        order=(*rest, "_id"),
        at_least=None if query.at_least is None else _scalar(query.at_least, place),
        below=None if query.below is None else _scalar(query.below, place),
        after=None if query.after is None else tuple(_scalar(value, place) for value in query.after),
        descending=query.descending,
        limit=query.limit,
        shape=shape(place, only=query.only, without=query.without),
    )


def shape(place: str, *, only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> Shape:
    """Return what is asked for of documents. Raises ValueError for names that are no fields, or for both ways at once."""
    for path in only:
        if not all(_is_field(name) for name in path.split(".")):
            raise ValueError(f"{place}: {path!r} is no field that can be asked for")
    for name in without:
        if not _is_field(name):
            raise ValueError(f"{place}: {name!r} is no field that can be left out")
    if only and without:
        raise ValueError(f"{place}: it names what it wants and what it does not")
    try:
        return Shape(tree_of(only) if only else None, frozenset(without))
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error


def scanned(limit: int) -> int:
    """Return the number of documents that a scan may return. Raises ValueError if it is none."""
    if limit < 1:
        raise ValueError(f"scan: limit must be 1 or more, it is {limit}")
    return limit


def _is_field(name: str) -> bool:
    return name.isascii() and name.isidentifier() and not name.startswith("_")


def _scalar(value: object, place: str) -> Scalar:
    if isinstance(value, datetime):
        return moment(value, place)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, int)):
        return value
    raise ValueError(f"{place}: {value!r} is no text, integer, boolean or datetime")
