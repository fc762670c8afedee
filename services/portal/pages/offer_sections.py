"""The sections of the standard form of an offer: which members each asks for, and how they become fields and content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from babel.numbers import NumberFormatError, format_decimal, parse_decimal

from services.portal.apis.catalog import Requirement, Shortcoming, Topic
from services.portal.fields import Choice, Field, Kind, body_of, day_value
from services.portal.language import Language
from services.portal.pages.stored_files import FILE
from services.portal.texts import Words, every_key

REIFEGRADE = ("0", "1", "2", "3", "4")
MEDIA_TYPES = ("application/pdf", "text/html", "application/zip", "application/vnd.oasis.opendocument.text")
SEARCH = "q"
FULFILMENT, NOTE = "fulfilment.", "note."
_CENTS = 100
_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Drafting:
    """What the fields of a section are made of. ``names``: of keys that are chosen or were found; ``labels``: of enumerations."""

    form: Mapping[str, Any]
    words: Words
    language: Language
    labels: Callable[[str], Mapping[str, str]]
    channels: Sequence[str] = ()
    topics: Sequence[Topic] = ()
    checklist: Sequence[Requirement] = ()
    ozg: Mapping[str, str] = field(default_factory=dict)
    leika: Mapping[str, str] = field(default_factory=dict)
    query: str = ""

    def field(
        self,
        name: str,
        kind: Kind,
        value: Sequence[str] = (),
        choices: Sequence[Choice] = (),
        *,
        optional: bool = False,
        called: str = "",
    ) -> Field:
        """Return a field with its words, those of ``called`` where members of one name mean different things."""
        key = f"edit.field.{called or name}"
        hint = self.words(f"{key}_hint") if self.words.has(f"{key}_hint") else ""
        return Field(name, kind, self.words(key), hint, optional, tuple(choices), tuple(value))

    def text(self, name: str, kind: Kind = Kind.AREA, *, optional: bool = False) -> Field:
        """Return a field of text that holds what the form has."""
        held = self.form.get(name)
        return self.field(name, kind, () if held is None else (str(held),), optional=optional)

    def choices(self, enumeration: str) -> tuple[Choice, ...]:
        """Return all values of an enumeration to choose from."""
        return tuple(Choice(value, label) for value, label in self.labels(enumeration).items())


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
    states = [Choice(key.removeprefix("land."), it.words(key)) for key in every_key(it.words, "land.")]
    free = tuple(it.form.get("licence_free_for_states", ()))
    return (
        it.field("channels", Kind.CHECKS, wished, channels),
        it.field("licence_free_for_states", Kind.CHECKS, free, states, optional=True),
    )


def _plain(fields: Sequence[Field], _language: Language) -> dict[str, Any]:
    return {name: content for name, content in body_of(fields).items() if name != SEARCH}


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


Content = Callable[[Sequence[Field], Language], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """A list of the form, each entry of which has a page of its own."""

    member: str
    fields: Callable[[Drafting, Mapping[str, Any]], tuple[Field, ...]]
    content: Content
    label: Callable[[Mapping[str, Any], Drafting], str]


def _money(cents: object, language: Language) -> tuple[str, ...]:
    if not isinstance(cents, int):
        return ()
    return (format_decimal(Decimal(cents) / _CENTS, format="#,##0.00", locale=language.locale),)


def _price(it: Drafting, row: Mapping[str, Any]) -> tuple[Field, ...]:
    def choice(name: str, enumeration: str) -> Field:
        held = row.get(name)
        return it.field(name, Kind.SELECT, (held,) if held else (), it.choices(enumeration))

    held = row.get("amount", {}).get("cents")
    label, funding = row.get("label"), row.get("funding")
    return (
        it.field("label", Kind.LINE, (label,) if label else ()),
        choice("kind", "CostKind"),
        it.field("amount", Kind.LINE, _money(held, it.language)),
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
        found["amount"] = {"cents": _cents(str(amount), language), "currency": _CURRENCY}
    return found


def _cents(amount: str, language: Language) -> int | str:
    """Return an amount as people write it in cents; what is no amount as it is, for the service to refuse."""
    try:
        cents = parse_decimal(amount.removesuffix("€").strip(), locale=language.locale, strict=True) * _CENTS
    except NumberFormatError:
        return amount
    return int(cents) if cents == cents.to_integral_value() else amount


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
    amount = "".join(_money(row.get("amount", {}).get("cents"), it.language))
    period = str(row.get("period", ""))
    return f"{row.get('label', '')}: {amount} € {it.labels('Period').get(period, period)}"


PRICES = Row("price_items", _price, _price_content, _price_label)
PARAMETERS = Row("parameters", _parameter, _plain, lambda row, _: str(row.get("label", "")))
DOCUMENTS = Row("documents", _document, _plain, lambda row, _: str(row.get("title", "")))


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its members of the form, its fields, and the list that it holds beside them. ``optional``: it may stay empty."""

    name: str
    members: tuple[str, ...]
    fields: Callable[[Drafting], tuple[Field, ...]] = lambda _: ()
    content: Content = _plain
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
        Section("ways", ("channels", "licence_free_for_states"), _ways),
    )
}
