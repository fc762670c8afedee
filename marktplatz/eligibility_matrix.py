"""The matrix of the in-house pre-check from the command line, and what would change in it if a fact ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar

import typer

from marktplatz.names import ServiceName
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.matrix import LETTERS, Cells, Change, Column, Matrix, Scope, changes, matrix_of
from services.eligibility.engine.request import End, Policy
from services.eligibility.engine.rule_sets import rule_sets
from services.eligibility.engine.view import View
from services.eligibility.engine.world import World
from services.eligibility.fact_store.facts import Facts
from services.eligibility.jobs.scope import (
    TERRITORIAL,
    Concerned,
    bodies_of,
    channels_of,
    concerned,
    name_of,
    orders_in,
    provider_columns,
)
from services.eligibility.repository import COLLECTIONS
from shared import strict_json
from shared.csv_rows import read_csv
from shared.errors import InvalidError
from shared.process.settings import ProcessSettings
from shared.process.stores import opened
from shared.store.port import Store

FORMAT = "eligibility-matrix/1"
SHOWN = 10
"""Customers named per change on the terminal; a file holds all."""
R = TypeVar("R")
_BOUNDS = strict_json.Bounds(depth=32, nodes=20_000_000)


@dataclass(frozen=True)
class Selection:
    """Which cells are computed, and of which facts; without ``facts`` of those that the marketplace has stored."""

    on: str
    facts: Path | None = None
    offerings: Path | None = None
    types: tuple[str, ...] = TERRITORIAL
    indirect_joint: Literal["STRICT", "ACCEPT"] = "STRICT"
    accreditation: Literal["IGNORE", "REQUIRE"] = "IGNORE"
    rule_set: str = "gwb108-2016"


@dataclass(frozen=True, slots=True)
class _OfferingRow:
    offering: str
    provider: str


async def write_matrix(selection: Selection, out: Path) -> None:
    """Write the matrix of a day to a file. Raises InvalidError with the code of the refusal."""
    async with source_of(selection) as (world, _):
        matrix = _computed(world, _scope(world, selection))
    _write(out, _lines(matrix))
    cells = Counter(dict.fromkeys(LETTERS.values(), 0))
    for _, _, text in matrix.rows():
        cells.update(text)
    scope = matrix.scope
    typer.echo(f"{len(scope.customers)} customers x {len(scope.columns)} offerings x {len(scope.channels)} channels: {out}")
    for verdict, letter in LETTERS.items():
        typer.echo(f"{letter} {'-' if verdict is None else verdict.name}: {cells[letter]}")


async def print_what_if(selection: Selection, fact: str, out: Path | None) -> None:
    """Print who loses and gains what on the day if a fact ends on it, and which orders are concerned.

    Raises InvalidError with the code of the refusal, such as ``UNKNOWN_FACT``.
    """
    async with source_of(selection) as (world, store):
        scope = _scope(world, selection)
        before, after = _cells(world, scope), _cells(world, scope, fact)
        found = _asked(lambda: list(changes(*(cells.matrix(scope.customers, scope.columns) for cells in (before, after)))))
        orders = [] if store is None else await _concerned(store, world, selection, before, after)
    if out is not None:
        _write(out, (_json(_entry(change)) for change in found))
    for line in _summary(found, orders):
        typer.echo(line)


@asynccontextmanager
async def source_of(selection: Selection) -> AsyncIterator[tuple[World, Store | None]]:
    """Give the facts of a file, or those of the marketplace with its store."""
    if selection.facts is not None:
        yield _read(selection.facts), None
        return
    async with opened(ServiceName.ELIGIBILITY.value, ProcessSettings()) as store:
        await store.prepare(COLLECTIONS)
        yield await Facts(store).world(), store


def _read(file: Path) -> World:
    try:
        data = strict_json.parse(file.read_bytes(), _BOUNDS)
    except OSError as error:
        raise InvalidError(f"{file} cannot be read: {error}.", code="file_unreadable") from error
    except strict_json.StrictJsonError as error:
        raise InvalidError(f"{file} is no JSON document: {error}.", code="INVALID_FIELD") from error
    if not isinstance(data, Mapping) or not isinstance(data.get("facts"), list) or not isinstance(data.get("evidence", []), list):
        raise InvalidError(f"{file} needs an object with the lists facts and evidence.", code="INVALID_FIELD")
    try:
        return World.of(data["facts"], data.get("evidence", []))
    except RefusedError as refused:
        raise InvalidError(f"{file}: {refused.detail}.", code=refused.code) from refused


def _computed(world: World, scope: Scope) -> Matrix:
    return _asked(lambda: matrix_of(world, scope))


def _cells(world: World, scope: Scope, ended: str | None = None) -> Cells:
    overlay = () if ended is None else (End(op="END", fact=ended, on=scope.as_of),)
    return _asked(lambda: Cells(world, scope, overlay))


def _asked(ask: Callable[[], R]) -> R:
    """Return what the engine answers. Raises InvalidError with the code of the refusal."""
    try:
        return ask()
    except RefusedError as refused:
        raise InvalidError(f"{refused.detail}.", code=refused.code) from refused


def _scope(world: World, selection: Selection) -> Scope:
    try:
        date.fromisoformat(selection.on)
        view = world.view(None)
    except ValueError as error:
        raise InvalidError(f"There is no day {selection.on}.", code="INVALID_DATE") from error
    except RefusedError as refused:
        raise InvalidError(f"{refused.detail}.", code=refused.code) from refused
    return Scope(
        selection.on,
        bodies_of(view, selection.on, selection.types),
        _columns(view, selection),
        tuple(sorted(_channels(world, selection).values())),
        selection.rule_set,
        policy=Policy(indirect_joint=selection.indirect_joint, accreditation=selection.accreditation),
    )


def _channels(world: World, selection: Selection) -> Mapping[str, str]:
    """Return the channels by their Anbieter. Raises InvalidError if there is no such rule set, or no Anbieter among the facts."""
    rules = rule_sets().get(selection.rule_set)
    if rules is None:
        raise InvalidError(f"There is no rule set {selection.rule_set}.", code="UNKNOWN_RULE_SET")
    return channels_of(rules, world)


def _columns(view: View, selection: Selection) -> tuple[Column, ...]:
    """Return the offerings of the file; without one, a column for each who is accredited to provide, else each who could."""
    if selection.offerings is not None:
        try:
            rows = list(read_csv(selection.offerings, _OfferingRow))
        except OSError as error:
            raise InvalidError(f"{selection.offerings} cannot be read: {error}.", code="file_unreadable") from error
        return tuple(Column(row.offering, row.provider) for row in rows)
    return provider_columns(view, selection.on)


async def _concerned(store: Store, world: World, selection: Selection, before: Cells, after: Cells) -> list[Concerned]:
    names = _channels(world, selection)
    return [found async for orders in orders_in(store) for found in concerned(orders, before, after, names, world.organisations)]


def _lines(matrix: Matrix) -> Iterable[str]:
    scope = matrix.scope
    yield _json(
        {
            "format": FORMAT,
            "as_of": scope.as_of,
            "rule_set": scope.rule_set,
            "policy": scope.policy.model_dump(),
            "channels": list(scope.channels),
            "letters": {letter: name_of(verdict) for verdict, letter in LETTERS.items()},
            "offerings": [asdict(column) for column in scope.columns],
        }
    )
    for customer, channel, text in matrix.rows():
        yield f"{customer}\t{channel}\t{text}"


def _summary(found: Sequence[Change], orders: Sequence[Concerned]) -> Iterable[str]:
    if not found:
        yield "No verdict of the day changes."
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in found:
        groups.setdefault((change.channel, name_of(change.before), name_of(change.after)), []).append(change)
    for (channel, before, after), group in sorted(groups.items()):
        cells = sum(len(change.offerings) for change in group)
        yield f"{channel}: {before} -> {after}: {len(group)} customers, {cells} cells"
        for change in group[:SHOWN]:
            yield f"  {change.customer}: {len(change.offerings)} offerings"
        if len(group) > SHOWN:
            yield f"  and {len(group) - SHOWN} more"
    for it in orders:
        order, verdicts = it.order, f"{name_of(it.before)} -> {name_of(it.after)}"
        contract = "" if order.contract is None else f", contract {order.contract}"
        yield f"order {order.id} of {order.customer} from {order.provider} at {order.channel}: {verdicts}{contract}"


def _entry(change: Change) -> dict[str, Any]:
    return {
        "customer": change.customer,
        "channel": change.channel,
        "before": name_of(change.before),
        "after": name_of(change.after),
        "offerings": list(change.offerings),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _write(out: Path, lines: Iterable[str]) -> None:
    """Write whole or not at all: a file that is there is complete."""
    draft = out.with_name(f"{out.name}.part")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        draft.replace(out)
    except OSError as error:
        raise InvalidError(f"{out} cannot be written: {error}.", code="file_unwritable") from error
