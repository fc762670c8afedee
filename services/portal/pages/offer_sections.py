"""The sections of the standard form of an offer: which members each asks for, and how they become fields and content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.portal.apis.catalog import Shortcoming
from services.portal.fields import Choice, Field, Kind, body_of, day_value
from services.portal.language import Language
from services.portal.pages.offer_drafting import SEARCH, Content, Drafting, Row, decimal, in_hundredths, laender, plain
from services.portal.pages.offer_operation import (
    FAULT_TIMES,
    GO_LIVES,
    SCREENSHOTS,
    SUPPORT,
    service_level,
    service_level_content,
)
from services.portal.pages.stored_files import FILE

REIFEGRADE = ("0", "1", "2", "3", "4")
MEDIA_TYPES = ("application/pdf", "text/html", "application/zip", "application/vnd.oasis.opendocument.text")
FULFILMENT, NOTE = "fulfilment.", "note."
_CURRENCY = "EUR"


def _about(it: Drafting) -> tuple[Field, ...]:
    topics = [Choice(topic.topic_id, topic.name) for topic in it.topics]
    topic = it.form.get("topic_id")
    return (
        it.text("title", Kind.LINE),
        it.text("summary"),
        it.field("topic_id", Kind.SELECT, (topic,) if topic else (), topics, optional=True),
    )


def _keys(it: Drafting) -> tuple[Field, ...]:
    def chosen(name: str, names: Mapping[str, str]) -> Field:
        held = tuple(it.form.get(name, ()))
        keys = dict.fromkeys((*held, *names))
        return it.field(name, Kind.CHECKS, held, [Choice(key, f"{key} {names.get(key, '')}".strip()) for key in keys])

    fields = (chosen("ozg_ids", it.ozg), chosen("leika_keys", it.leika))
    return (it.field(SEARCH, Kind.LINE, (it.query,) if it.query else (), optional=True), *(f for f in fields if f.choices))


def _reuse(it: Drafting) -> tuple[Field, ...]:
    grade = str(it.form.get("reifegrad", "0"))
    labels = it.labels("Reifegrad")
    choices = [Choice(value, labels.get(value, value)) for value in REIFEGRADE]
    return (
        it.text("nachnutzung"),
        it.text("technical_concept"),
        replace(it.field("reifegrad", Kind.SELECT, (grade,), choices), whole=True),
        it.text("contact_mailbox", Kind.LINE, optional=True),
    )


def _connection(it: Drafting) -> tuple[Field, ...]:
    return (it.field("anbindungsarten", Kind.CHECKS, tuple(it.form.get("anbindungsarten", ())), it.choices("Anbindungsart")),)


def _costs(it: Drafting) -> tuple[Field, ...]:
    return (it.text("funding", Kind.LINE, optional=True),)


def _checklist(it: Drafting) -> tuple[Field, ...]:
    answers = {answer["id"]: answer for answer in it.form.get("requirements", ())}
    levels, choices = it.labels("Level"), it.choices("Fulfilment")
    fields: list[Field] = []
    for point in it.checklist:
        held = answers.get(point.id, {})
        text = point.text_de if it.language is Language.DE else point.text_en
        label = f"{point.id}: {text} ({levels.get(point.level, point.level)})"
        fulfilment, note = held.get("fulfilment"), held.get("note")
        fields += [
            Field(f"{FULFILMENT}{point.id}", Kind.SELECT, label, choices=choices, value=(fulfilment,) if fulfilment else ()),
            Field(
                f"{NOTE}{point.id}",
                Kind.LINE,
                it.words("edit.field.note", point=point.id),
                optional=True,
                value=(note,) if note else (),
            ),
        ]
    return tuple(fields)


def _ways(it: Drafting) -> tuple[Field, ...]:
    labels = it.labels("Channel")
    wished = tuple(it.form.get("channels", ()))
    channels = [Choice(value, labels.get(value, value)) for value in dict.fromkeys((*it.channels, *wished))]
    free = tuple(it.form.get("licence_free_for_states", ()))
    return (
        it.field("channels", Kind.CHECKS, wished, channels),
        it.field("licence_free_for_states", Kind.CHECKS, free, laender(it), optional=True),
    )


def _answers(fields: Sequence[Field], _language: Language) -> dict[str, Any]:
    filled = body_of(fields)
    ids = [it.name.removeprefix(FULFILMENT) for it in fields if it.name.startswith(FULFILMENT)]
    return {
        "requirements": [
            {"id": point, "fulfilment": filled[f"{FULFILMENT}{point}"], "note": filled.get(f"{NOTE}{point}")}
            for point in ids
            if f"{FULFILMENT}{point}" in filled
        ]
    }


def _price(it: Drafting, row: Mapping[str, Any]) -> tuple[Field, ...]:
    def choice(name: str, enumeration: str) -> Field:
        held = row.get(name)
        return it.field(name, Kind.SELECT, (held,) if held else (), it.choices(enumeration))

    held = row.get("amount", {}).get("cents")
    label, funding = row.get("label"), row.get("funding")
    return (
        it.field("label", Kind.LINE, (label,) if label else ()),
        choice("kind", "CostKind"),
        it.field("amount", Kind.LINE, decimal(held, it.language)),
        choice("period", "Period"),
        choice("key", "DistributionKey"),
        it.field("valid_from", Kind.DAY, day_value(row.get("valid_from"))),
        it.field("valid_to", Kind.DAY, day_value(row.get("valid_to")), optional=True),
        it.field("funding", Kind.LINE, (funding,) if funding else (), optional=True, called="source"),
    )


def _price_content(fields: Sequence[Field], language: Language) -> dict[str, Any]:
    found = body_of(fields)
    amount = found.pop("amount", None)
    if amount is not None:
        found["amount"] = {"cents": in_hundredths(str(amount), "€", language), "currency": _CURRENCY}
    return found


def _parameter(it: Drafting, row: Mapping[str, Any]) -> tuple[Field, ...]:
    name, label = row.get("name"), row.get("label")
    return (
        it.field("label", Kind.LINE, (label,) if label else ()),
        it.field("name", Kind.LINE, (name,) if name else ()),
        it.field("required", Kind.TICK, ("true",) if row.get("required", True) else ()),
    )


def _document(it: Drafting, row: Mapping[str, Any]) -> tuple[Field, ...]:
    title, url, kind = row.get("title"), row.get("url"), row.get("media_type")
    kinds = dict.fromkeys((*MEDIA_TYPES, *((kind,) if kind else ())))
    choices = [Choice(it_, it.words(f"edit.media.{it_}") if it.words.has(f"edit.media.{it_}") else it_) for it_ in kinds]
    return (
        it.field("title", Kind.LINE, (title,) if title else (), called="document"),
        it.field(FILE, Kind.FILE, optional=True),
        it.field("url", Kind.LINE, (url,) if url else (), optional=True),
        it.field("media_type", Kind.SELECT, (kind or MEDIA_TYPES[0],), choices),
    )


def _price_label(row: Mapping[str, Any], it: Drafting) -> str:
    amount = "".join(decimal(row.get("amount", {}).get("cents"), it.language))
    period = str(row.get("period", ""))
    return f"{row.get('label', '')}: {amount} € {it.labels('Period').get(period, period)}"


PRICES = Row("price_items", _price, _price_content, _price_label)
PARAMETERS = Row("parameters", _parameter, plain, lambda row, _: str(row.get("label", "")))
DOCUMENTS = Row("documents", _document, plain, lambda row, _: str(row.get("title", "")))


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its members of the form, its fields, and the list that it holds beside them. ``optional``: it may stay empty."""

    name: str
    members: tuple[str, ...]
    fields: Callable[[Drafting], tuple[Field, ...]] = lambda _: ()
    content: Content = plain
    row: Row | None = None
    optional: bool = False

    def state(self, form: Mapping[str, Any], lacking: Sequence[Shortcoming]) -> tuple[str, int]:
        """Return how far a section is, and in how many points it falls short by the word of the catalog."""
        short = len([it for it in lacking if it.field in self.members])
        begun = any(form.get(name) for name in (*self.members, *((self.row.member,) if self.row else ())))
        if short:
            return ("begun" if begun else "open"), short
        return ("done" if begun or not self.optional else "optional"), 0


SECTIONS = {
    it.name: it
    for it in (
        Section("about", ("title", "summary", "topic_id"), _about),
        Section("keys", ("ozg_ids", "leika_keys"), _keys),
        Section("reuse", ("nachnutzung", "technical_concept", "reifegrad", "contact_mailbox"), _reuse),
        Section("connection", ("anbindungsarten", "parameters"), _connection, row=PARAMETERS),
        Section("costs", ("price_items", "funding"), _costs, row=PRICES),
        Section("checklist", ("requirements",), _checklist, _answers),
        Section("documents", ("documents",), row=DOCUMENTS, optional=True),
        Section("screenshots", ("screenshots",), row=SCREENSHOTS, optional=True),
        Section("support", ("support",), row=SUPPORT, optional=True),
        Section(
            "service_level",
            ("availability", "fault_times"),
            service_level,
            service_level_content,
            row=FAULT_TIMES,
            optional=True,
        ),
        Section("go_lives", ("go_lives",), row=GO_LIVES, optional=True),
        Section("ways", ("channels", "licence_free_for_states"), _ways),
    )
}
