"""The matrix of the in-house pre-check from the command line, and what would change in it if a fact ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import typer

from marktplatz.names import ServiceName
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.matrix import LETTERS, Change, Column, Matrix, Scope, changes, matrix_of
from services.eligibility.engine.request import End, Policy
from services.eligibility.engine.rule_sets import rule_sets
from services.eligibility.engine.verdicts import Verdict
from services.eligibility.engine.view import View
from services.eligibility.engine.world import World
from services.eligibility.fact_store.facts import Facts
from services.eligibility.repository import COLLECTIONS, VERDICTS
from shared import strict_json
from shared.csv_rows import read_csv
from shared.errors import InvalidError
from shared.process.settings import ProcessSettings
from shared.process.stores import opened
from shared.store.paging import scanned
from shared.store.port import Store

FORMAT = "eligibility-matrix/1"
TERRITORIAL = ("BUND", "LAND", "KREIS", "KOMMUNE")
PROVIDING = ("BUND", "LAND", "VERBAND", "IT_PROVIDER")
SHOWN = 10
"""Customers named per change on the terminal; a file holds all."""
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
class Order:
    """An order that has a verdict of record."""

    id: str
    customer: str
    provider: str
    channel: str


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
        orders = [] if store is None else [order async for order in _orders(store)]
        scope = _scope(world, selection)
        before = _computed(world, scope)
        after = _computed(world, scope, fact)
        found = list(changes(before, after))
        concerned = list(_concerned(world, scope, fact, orders))
    if out is not None:
        _write(out, (_json(_entry(change)) for change in found))
    for line in _summary(found, concerned):
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


def _computed(world: World, scope: Scope, ended: str | None = None) -> Matrix:
    overlay = () if ended is None else (End(op="END", fact=ended, on=scope.as_of),)
    try:
        return matrix_of(world, scope, overlay)
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
        _existing(view, selection.on, selection.types),
        _columns(view, selection),
        _channels(world, selection),
        selection.rule_set,
        policy=Policy(indirect_joint=selection.indirect_joint, accreditation=selection.accreditation),
    )


def _channels(world: World, selection: Selection) -> tuple[str, ...]:
    """Return the channels whose Anbieter is among the facts. Raises InvalidError if there is none."""
    rules = rule_sets().get(selection.rule_set)
    if rules is None:
        raise InvalidError(f"There is no rule set {selection.rule_set}.", code="UNKNOWN_RULE_SET")
    channels = tuple(channel for channel, it in sorted(rules.channels.items()) if it.anbieter in world.organisations)
    if not channels:
        raise InvalidError("None of the Anbieter is among the facts; load the reference data first.", code="UNKNOWN_ORGANISATION")
    return channels


def _existing(view: View, on: str, types: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(id_ for id_, body in view.organisations.items() if body.type in types and body.on(on)))


def _columns(view: View, selection: Selection) -> tuple[Column, ...]:
    """Return the offerings of the file; without one, a column for each who is accredited to provide, else each who could."""
    if selection.offerings is not None:
        try:
            rows = list(read_csv(selection.offerings, _OfferingRow))
        except OSError as error:
            raise InvalidError(f"{selection.offerings} cannot be read: {error}.", code="file_unreadable") from error
        return tuple(Column(row.offering, row.provider) for row in rows)
    accredited = {
        org
        for (org, _, role), facts in view.accreditations.items()
        if role == "BEREITSTELLER"
        for fact in facts
        if fact.state == "ERTEILT" and view.valid(fact, selection.on)
    }
    providers = sorted(accredited) or _existing(view, selection.on, PROVIDING)
    return tuple(Column(provider, provider) for provider in providers)


async def _orders(store: Store) -> AsyncIterator[Order]:
    async for page in scanned(store, VERDICTS):
        for document in page:
            yield Order(document["_id"], document["customer"]["id"], document["provider"]["id"], document["channel"])


def _concerned(world: World, scope: Scope, fact: str, orders: Sequence[Order]) -> Iterable[tuple[Order, str, str]]:
    """Yield the orders whose verdict on the day would be another, with both verdicts."""
    orders = [
        order for order in orders if order.channel in scope.channels and {order.customer, order.provider} <= world.organisations
    ]
    if not orders:
        return
    customers = tuple({order.customer: None for order in orders})
    columns = tuple(Column(provider, provider) for provider in {order.provider: None for order in orders})
    narrow = replace(scope, customers=customers, columns=columns)
    before, after = _computed(world, narrow), _computed(world, narrow, fact)
    for order in orders:
        first, second = (matrix.cell(order.customer, order.provider, order.channel) for matrix in (before, after))
        if first is not second:
            yield order, _name(first), _name(second)


def _lines(matrix: Matrix) -> Iterable[str]:
    scope = matrix.scope
    yield _json(
        {
            "format": FORMAT,
            "as_of": scope.as_of,
            "rule_set": scope.rule_set,
            "policy": scope.policy.model_dump(),
            "channels": list(scope.channels),
            "letters": {letter: _name(verdict) for verdict, letter in LETTERS.items()},
            "offerings": [asdict(column) for column in scope.columns],
        }
    )
    for customer, channel, text in matrix.rows():
        yield f"{customer}\t{channel}\t{text}"


def _summary(found: Sequence[Change], concerned: Sequence[tuple[Order, str, str]]) -> Iterable[str]:
    if not found:
        yield "No verdict of the day changes."
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in found:
        groups.setdefault((change.channel, _name(change.before), _name(change.after)), []).append(change)
    for (channel, before, after), group in sorted(groups.items()):
        cells = sum(len(change.offerings) for change in group)
        yield f"{channel}: {before} -> {after}: {len(group)} customers, {cells} cells"
        for change in group[:SHOWN]:
            yield f"  {change.customer}: {len(change.offerings)} offerings"
        if len(group) > SHOWN:
            yield f"  and {len(group) - SHOWN} more"
    for order, before, after in concerned:
        yield f"order {order.id} of {order.customer} from {order.provider} at {order.channel}: {before} -> {after}"


def _entry(change: Change) -> dict[str, Any]:
    return {
        "customer": change.customer,
        "channel": change.channel,
        "before": _name(change.before),
        "after": _name(change.after),
        "offerings": list(change.offerings),
    }


def _name(verdict: Verdict | None) -> str:
    return "-" if verdict is None else verdict.name


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
