"""Sections of the form of an offer about its operation: service level, support, go-lives, and pictures of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from babel.dates import format_date

from services.portal.fields import Choice, Field, Kind, body_of, day_value
from services.portal.language import Language
from services.portal.pages.offer_drafting import Drafting, Row, decimal, in_hundredths, laender, plain
from services.portal.pages.stored_files import FILE

PERIODS = ("MONAT", "JAHR")
"""Over which the availability of a service is measured."""
FIELD_OF = {"availability/period": "availability_period"}
"""Fields that are asked for by another name than their member has."""


def service_level(it: Drafting) -> tuple[Field, ...]:
    """Return the fields of the availability."""
    held = it.form.get("availability", {})
    period, labels = held.get("period"), it.labels("Period")
    choices = [Choice(value, labels.get(value, value)) for value in PERIODS]
    return (
        it.field("availability", Kind.LINE, decimal(held.get("basis_points"), it.language), optional=True),
        it.field("availability_period", Kind.SELECT, (period,) if period else (), choices, optional=True),
    )


def service_level_content(fields: Sequence[Field], language: Language) -> dict[str, Any]:
    """Return the availability as it is sent, nothing where none is stated."""
    found = body_of(fields)
    share, period = found.get("availability"), found.get("availability_period")
    if share is None and period is None:
        return {}
    stated = {"basis_points": None if share is None else in_hundredths(str(share), "%", language), "period": period}
    return {"availability": {name: value for name, value in stated.items() if value is not None}}


def _line(
    it: Drafting, row: Mapping[str, Any], name: str, *, optional: bool = False, called: str = "", whole: bool = False
) -> Field:
    held = row.get(name)
    filled = it.field(name, Kind.LINE, () if held is None else (str(held),), optional=optional, called=called)
    return replace(filled, whole=whole)


def _chosen(it: Drafting, row: Mapping[str, Any], name: str, enumeration: str) -> Field:
    held = row.get(name)
    return it.field(name, Kind.SELECT, (held,) if held else (), it.choices(enumeration))


def _support(it: Drafting, row: Mapping[str, Any]) -> tuple[Field, ...]:
    return (
        _chosen(it, row, "level", "SupportLevel"),
        _line(it, row, "mailbox", optional=True),
        _line(it, row, "telephone", optional=True),
        _line(it, row, "url", optional=True, called="support_url"),
        it.field("days", Kind.CHECKS, tuple(row.get("days", ())), it.choices("Weekday"), optional=True),
        _line(it, row, "opens", optional=True),
        _line(it, row, "closes", optional=True),
        _line(it, row, "note", optional=True, called="support_note"),
    )


def _fault_times(it: Drafting, row: Mapping[str, Any]) -> tuple[Field, ...]:
    return (
        _chosen(it, row, "fault", "FaultClass"),
        _line(it, row, "reaction_minutes", whole=True),
        _line(it, row, "restoration_minutes", optional=True, whole=True),
        it.field("around_the_clock", Kind.TICK, ("true",) if row.get("around_the_clock") else ()),
    )


def _go_live(it: Drafting, row: Mapping[str, Any]) -> tuple[Field, ...]:
    land = row.get("land")
    return (
        it.field("on", Kind.DAY, day_value(row.get("on"))),
        it.field("land", Kind.SELECT, (land,) if land else (), laender(it), optional=True),
        _line(it, row, "place", optional=True),
    )


def _screenshot(it: Drafting, row: Mapping[str, Any]) -> tuple[Field, ...]:
    title = row.get("title")
    return (
        it.field("title", Kind.LINE, (title,) if title else (), called="screenshot"),
        it.field(FILE, Kind.FILE, optional=bool(row), called="picture"),
    )


def _support_label(row: Mapping[str, Any], it: Drafting) -> str:
    level = str(row.get("level", ""))
    reached = (row.get(name) for name in ("mailbox", "telephone", "url"))
    return f"{it.labels('SupportLevel').get(level, level)}: {', '.join(filter(None, reached))}"


def _fault_label(row: Mapping[str, Any], it: Drafting) -> str:
    fault = str(row.get("fault", ""))
    return it.labels("FaultClass").get(fault, fault)


def _go_live_label(row: Mapping[str, Any], it: Drafting) -> str:
    land = row.get("land")
    where = [row.get("place"), it.words(f"land.{land}") if it.words.has(f"land.{land}") else land]
    day = format_date(date.fromisoformat(str(row.get("on"))), "long", locale=it.language.locale)
    return ", ".join(filter(None, (*where, day)))


SCREENSHOTS = Row(
    "screenshots",
    _screenshot,
    plain,
    lambda row, _: str(row.get("title", "")),
    field_of=dict.fromkeys(("media_type", "url", "sha256"), FILE),
)
SUPPORT = Row("support", _support, plain, _support_label)
FAULT_TIMES = Row("fault_times", _fault_times, plain, _fault_label)
GO_LIVES = Row("go_lives", _go_live, plain, _go_live_label)
