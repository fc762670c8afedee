"""The result of a job as lines: stored are its factors only, the cells are put together while they are sent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Final

from services.eligibility.engine.matrix import LETTERS, Change, Column, Matrix, Scope, changes
from services.eligibility.engine.verdicts import Verdict
from services.eligibility.jobs.job import Job, JobKind, Section
from services.eligibility.jobs.scope import name_of
from services.eligibility.jobs.store import Jobs
from shared.store.port import Document

NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
FORMATS: Final = {JobKind.MATRIX: "precheck-matrix/1", JobKind.WHAT_IF: "precheck-what-if/1"}
_VERDICTS: Final = {letter: verdict for verdict, letter in LETTERS.items()}


async def result_of(jobs: Jobs, job: Job, head: Document, media_type: str) -> AsyncIterator[bytes]:
    """Yield the result of a job that is done, a part of its customers at a time."""
    lines = _Csv(job, head) if media_type == CSV else _Ndjson(job, head)
    yield lines.begin()
    async for part in jobs.parts(job.id, Section.CUSTOMERS, job.progress.parts):
        before = _matrix(job, head, part, "first", "chain")
        if job.question.kind is JobKind.MATRIX:
            text = lines.cells(before)
        else:
            text = lines.changes(changes(before, _matrix(job, head, part, "first_after", "chain_after")))
        if text:
            yield text


def _matrix(job: Job, head: Document, part: Document, first: str, chain: str) -> Matrix:
    """Return the cells of the customers of a part; their channels are named by the ids of the Anbieter."""
    channels = tuple(anbieter for anbieter, _ in head["channels"])
    columns = tuple(Column(offering, provider) for offering, provider in head["columns"])
    scope = Scope(job.question.day.isoformat(), tuple(part["customers"]), columns, channels, job.question.rule_set)
    return Matrix(
        scope,
        _named(channels, [column.provider for column in columns], head[first]),
        _named(channels, part["customers"], part[chain]),
    )


def _named(channels: Sequence[str], names: Sequence[str], letters: Sequence[str]) -> dict[str, dict[str, Verdict | None]]:
    return {
        channel: dict(zip(names, (_VERDICTS[letter] for letter in text), strict=True))
        for channel, text in zip(channels, letters, strict=True)
    }


class _Ndjson:
    """A JSON document per line; the first one says what the others mean."""

    def __init__(self, job: Job, head: Document) -> None:
        question = job.question
        self.head: dict[str, Any] = {
            "format": FORMATS[question.kind],
            "job": job.id,
            "day": question.day.isoformat(),
            "end_fact": question.end_fact,
            "rule_set": question.rule_set,
            "policy": {"indirect_joint": question.indirect_joint, "accreditation": question.accreditation},
            "known_at": job.known_at,
            "channels": [anbieter for anbieter, _ in head["channels"]],
            "letters": {letter: name_of(verdict) for verdict, letter in LETTERS.items()},
            "offerings": [{"offering": offering, "provider": provider} for offering, provider in head["columns"]],
            "left_out": head["left_out"],
        }

    def begin(self) -> bytes:
        """Return the first line."""
        return self._lines([self.head])

    def cells(self, matrix: Matrix) -> bytes:
        """Return a line per customer and channel, with a letter per offering."""
        return self._lines({"customer": it, "channel": channel, "verdicts": text} for it, channel, text in matrix.rows())

    def changes(self, found: Iterable[Change]) -> bytes:
        """Return a line per customer, channel and change, with the offerings that it is about."""
        return self._lines(
            {
                "customer": change.customer,
                "channel": change.channel,
                "before": name_of(change.before),
                "after": name_of(change.after),
                "offerings": list(change.offerings),
            }
            for change in found
        )

    @staticmethod
    def _lines(documents: Iterable[dict[str, Any]]) -> bytes:
        return "".join(f"{json.dumps(it, ensure_ascii=False, separators=(',', ':'))}\n" for it in documents).encode()


class _Csv:
    """A table with a line of names (RFC 4180)."""

    def __init__(self, job: Job, head: Document) -> None:
        offerings = [offering for offering, _ in head["columns"]]
        matrix = job.question.kind is JobKind.MATRIX
        self.names = ["customer", "channel", *offerings] if matrix else ["customer", "channel", "offering", "before", "after"]

    def begin(self) -> bytes:
        """Return the line of names."""
        return self._rows([self.names])

    def cells(self, matrix: Matrix) -> bytes:
        """Return a line per customer and channel, with the letter of each offering in a column of its own."""
        return self._rows([customer, channel, *text] for customer, channel, text in matrix.rows())

    def changes(self, found: Iterable[Change]) -> bytes:
        """Return a line per cell that changes."""
        return self._rows(
            [change.customer, change.channel, offering, name_of(change.before), name_of(change.after)]
            for change in found
            for offering in change.offerings
        )

    @staticmethod
    def _rows(rows: Iterable[Sequence[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()


async def orders_of(jobs: Jobs, job: Job, after: tuple[int, int] | None, limit: int) -> list[tuple[tuple[int, int], Document]]:
    """Return orders that a what-if concerns, each with its place (part, number in it), from the one behind a place on."""
    part, number = after if after is not None else (0, -1)
    found: list[tuple[tuple[int, int], Document]] = []
    async for stored in jobs.parts(job.id, Section.ORDERS, job.progress.order_parts, part):
        found += _placed(stored, number if stored["number"] == part else -1)
        if len(found) >= limit:
            break
    return found[:limit]


def _placed(part: Document, after: int) -> Iterator[tuple[tuple[int, int], Document]]:
    return (((part["number"], number), row) for number, row in enumerate(part["rows"]) if number > after)
