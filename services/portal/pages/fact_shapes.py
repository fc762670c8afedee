"""The shapes that facts of the in-house check have: what is asked for to record one, and how one reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from services.portal.fields import Choice, Field, Kind
from services.portal.language import Language
from services.portal.pages.offer_drafting import decimal, in_hundredths
from services.portal.texts import Words

YES, NO = "YES", "NO"


class Sort(StrEnum):
    """What a member of a fact is. FINDING: a choice that is open until somebody has examined it."""

    TEXT = "text"
    WHOLE = "whole"
    MONEY = "money"
    BODY = "body"
    BODIES = "bodies"
    DAYS = "days"
    CHOICE = "choice"
    FINDING = "finding"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a fact, by its name in the API, with the values that it can have."""

    name: str
    sort: Sort
    values: tuple[str, ...] = (YES, NO)
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of facts: its ``kind``, the member that names whom it is about, members of one value, and those asked for."""

    name: str
    kind: str
    about: str
    members: tuple[Member, ...]
    fixed: Mapping[str, str]

    def fits(self, fact: Mapping[str, Any]) -> bool:
        """Return whether a fact has this shape."""
        if fact.get("kind") != self.kind or any(fact.get(name) != value for name, value in self.fixed.items()):
            return False
        kind = next((it for it in self.members if it.name == "type" and self.kind == "relation"), None)
        return kind is None or fact.get("type") in kind.values


def _shape(name: str, kind: str, *members: Member, about: str = "org", **fixed: str) -> Shape:
    return Shape(name, kind, about, members, fixed)


def _findings(*names: str) -> tuple[Member, ...]:
    return tuple(Member(it, Sort.FINDING) for it in names)


_SHARE: Final = Member("share", Sort.TEXT, optional=True)
_SEATS: Final = ("OWN", "SHARED_DELEGATE", "JOINT_APPOINTMENT", "NONE")
SHAPES: Final[Mapping[str, Shape]] = {
    it.name: it
    for it in (
        _shape(
            "joint",
            "relation",
            Member("type", Sort.CHOICE, ("TRAEGER", "MEMBER", "SHAREHOLDER", "ORGAN")),
            Member("to", Sort.BODY),
            _SHARE,
            Member("organ_seat", Sort.FINDING, _SEATS),
            *_findings("joint_influence", "contrary_interests", "all_fields"),
            about="from",
        ),
        _shape(
            "sole",
            "relation",
            Member("type", Sort.CHOICE, ("CONTROL", "STATUTORY_SUBSIDIARY")),
            Member("to", Sort.BODY),
            _SHARE,
            *_findings("strategic", "significant", "all_fields"),
            about="from",
        ),
        _shape("part", "relation", Member("to", Sort.BODY), about="from", type="PART_OF"),
        _shape(
            "activity",
            "activity",
            Member("year", Sort.WHOLE),
            Member("basis", Sort.CHOICE, ("TURNOVER", "COST", "OTHER")),
            Member("scope", Sort.CHOICE, ("SOLO", "GROUP")),
            Member("status", Sort.CHOICE, ("ACTUAL", "FORECAST")),
            Member("total", Sort.MONEY),
            Member("entrusted", Sort.MONEY),
            Member("market", Sort.MONEY, optional=True),
        ),
        _shape("declaration", "declaration", Member("subject", Sort.CHOICE, ("NO_PRIVATE_CAPITAL", "IN_HOUSE_RELATION"))),
        _shape(
            "private_participation",
            "private_participation",
            Member("holder", Sort.BODY),
            _SHARE,
            *_findings("statutory", "controlling", "blocking", "decisive_influence"),
        ),
        _shape(
            "cooperation",
            "cooperation",
            Member("parties", Sort.BODIES),
            Member("contributors", Sort.BODIES),
            Member("covered_total", Sort.MONEY),
            Member("covered_market", Sort.MONEY),
            *_findings("common_goals", "public_interest_only", "private_advantage"),
            about="parties",
        ),
        _shape("legal_opinion", "legal_opinion", Member("supports", Sort.CHOICE), topic="INDIRECT_JOINT"),
        _shape(
            "authority_status",
            "authority_status",
            Member("class", Sort.CHOICE, ("NR1", "NR2", "NR3", "NR4", "NONE")),
        ),
        _shape(
            "organisation",
            "organisation",
            Member("name", Sort.TEXT),
            Member(
                "type",
                Sort.CHOICE,
                ("BUND", "LAND", "KREIS", "KOMMUNE", "VERBAND", "IT_PROVIDER", "ANBIETER", "COMPANY", "OTHER"),
            ),
            Member("sector", Sort.CHOICE, ("PUBLIC", "PRIVATE")),
            Member("active_since", Sort.DAYS, optional=True),
            about="id",
        ),
    )
}
"""All shapes that people record, by name; accreditations come about by decisions."""
_ACCREDITATION: Final = _shape(
    "accreditation",
    "accreditation",
    Member("anbieter", Sort.BODY),
    Member("role", Sort.CHOICE, ("KUNDE", "BEREITSTELLER", "BUENDLER", "KLIENT")),
    Member("state", Sort.CHOICE, ("BEANTRAGT", "IN_PRUEFUNG", "RUECKFRAGE", "ERTEILT", "ABGELEHNT", "ABGELAUFEN", "ENTZOGEN")),
)
OWN: Final = tuple(it.name for it in SHAPES.values() if it.kind not in ("authority_status", "organisation") and it.name != "part")
"""Shapes of what an organisation states of itself."""


def shape_of(fact: Mapping[str, Any]) -> Shape | None:
    """Return the shape of a fact, None for one that this portal does not know."""
    return next((it for it in (*SHAPES.values(), _ACCREDITATION) if it.fits(fact)), None)


def fields_of(
    shape: Shape, words: Words, language: Language, held: Mapping[str, Any] | None, *, body: str, examines: bool
) -> tuple[Field, ...]:
    """Return the fields for the members of a shape, filled in with a fact, a new one with the body it is about.

    Findings are asked of those who examine.
    """
    asked = [it for it in shape.members if examines or it.sort is not Sort.FINDING]
    start: Mapping[str, Any] = {"parties": [body]} if held is None else held
    return tuple(_field(it, words, language, start.get(it.name)) for it in asked)


def content_of(
    shape: Shape, fields: Mapping[str, Any], language: Language, held: Mapping[str, Any] | None, body: str
) -> dict[str, Any]:
    """Return a fact as it is sent, from the form that it was filled in by. What the form does not ask for stays as it was."""
    found: dict[str, Any] = {"evidence": [], **(held or {}), "kind": shape.kind, **shape.fixed}
    if held is None and shape.about != "parties":
        found[shape.about] = body
    for it in shape.members:
        value = _value(it, fields.get(it.name), language)
        if it.sort is Sort.FINDING:
            found[it.name] = found.get(it.name) if it.name not in fields else value
        elif value is not None:
            found[it.name] = value
        else:
            found.pop(it.name, None)
    return found | {name: fields.get(name) for name in ("valid_from", "valid_to")}


def said_of(member: Member, value: object, words: Words, names: Mapping[str, str]) -> str:
    """Return what a fact says by a member, "" for nothing."""
    if value is None or value == []:
        return words("examinations.unexamined") if member.sort is Sort.FINDING else ""
    if isinstance(value, list):
        return ", ".join(names.get(str(it), str(it)) for it in value)
    if member.sort is Sort.BODY:
        return names.get(str(value), str(value))
    if member.sort in (Sort.CHOICE, Sort.FINDING):
        return word_of_value(words, member.name, _plain(value))
    if member.sort is Sort.MONEY:
        return "".join(f"{it}\u00a0€" for it in decimal(value, words.language)) or str(value)
    return f"{_decimal(value, words.language)}\u00a0%" if member is _SHARE else str(value)


def word_of_value(words: Words, member: str, value: str) -> str:
    """Return the words for a value of a member, the value itself where this version has none."""
    keys = (f"facts.value.{member}.{value}", f"examinations.answer.{value}", f"examinations.type.{value}")
    return next((words(it) for it in keys if words.has(it)), value)


def bodies_of(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys of all bodies that facts name."""
    named = [
        str(key)
        for fact in facts
        for name in ("from", "to", "org", "holder", "anbieter", "parties", "contributors")
        for key in (fact[name] if isinstance(fact.get(name), list) else [fact[name]] if name in fact else [])
    ]
    return list(dict.fromkeys(named))


def _field(member: Member, words: Words, language: Language, held: object) -> Field:
    hint = f"facts.member.{member.name}_hint"
    kind = {
        Sort.BODY: Kind.BODY,
        Sort.BODIES: Kind.BODIES,
        Sort.DAYS: Kind.LINES,
        Sort.CHOICE: Kind.RADIOS if len(member.values) <= 5 else Kind.SELECT,  # noqa: PLR2004 - more fill a phone
        Sort.FINDING: Kind.RADIOS,
    }.get(member.sort, Kind.LINE)
    asked = f"examinations.examine.field.{member.name}"
    label = words(asked) if member.sort is Sort.FINDING and words.has(asked) else words(f"facts.member.{member.name}")
    field = Field(member.name, kind, label, words(hint) if words.has(hint) else "", member.optional)
    if member.sort in (Sort.CHOICE, Sort.FINDING):
        choices = tuple(Choice(it, word_of_value(words, member.name, it)) for it in member.values)
        return replace(
            field, choices=choices, value=() if held is None else (_plain(held),), optional=member.sort is Sort.FINDING
        )
    if member.sort is Sort.MONEY:
        return replace(field, value=decimal(held, language))
    if member.sort in (Sort.BODIES, Sort.DAYS):
        return replace(field, value=tuple(str(it) for it in held) if isinstance(held, list) else ())
    text = () if held is None else (_decimal(held, language) if member is _SHARE else str(held),)
    return replace(field, value=text, whole=member.sort is Sort.WHOLE)


def _value(member: Member, filled: object, language: Language) -> object:
    if filled is None:
        return [] if member.sort is Sort.BODIES else None
    if member.sort is Sort.MONEY:
        return in_hundredths(str(filled), "€", language)
    if member is _SHARE:
        return str(filled).removesuffix("%").strip().replace(",", ".")
    return filled == YES if filled in (YES, NO) else filled


def _decimal(text: object, language: Language) -> str:
    """Return a decimal fraction as people of a language write it."""
    return str(text).replace(".", ",") if language is Language.DE else str(text)


def _plain(value: object) -> str:
    """Return a value as a form has it."""
    return (YES if value else NO) if isinstance(value, bool) else str(value)
