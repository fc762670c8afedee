"""The form that states an in-house relation: the way to an Anbieter, one found body after the other, and what it rests on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from services.portal.apis.client import Access
from services.portal.apis.eligibility import Eligibility, Way
from services.portal.fields import Choice, Field, Kind, words_for
from services.portal.forms import Given
from services.portal.pages.asking import Word
from services.portal.pages.bodies import with_bodies
from services.portal.pages.names import names_of_bodies
from services.portal.pages.parts import or_none
from services.portal.texts import Words

RELATIONS = ("TRAEGER", "MEMBER", "OWNER")
EVIDENCE = (
    *("GESETZ", "STAATSVERTRAG", "SATZUNG", "GESELLSCHAFTSVERTRAG", "GESELLSCHAFTERLISTE", "MITGLIEDERLISTE"),
    *("TESTAT", "ERKLAERUNG", "SONSTIGES"),
)
VIA: Final = "via"
NEXT: Final = "next"
"""The body that comes next on the way."""
WAYS: Final = 8
"""As many known ways to an Anbieter are offered."""
LONGEST: Final = 8
"""As many bodies are shown on a way."""
FIELD_OF = {
    "evidence/type": "kind",
    "evidence/title": "title",
    "evidence/reference": "reference",
    "path": NEXT,
    **dict.fromkeys(("body_unknown", "path_circle", "path_leg_unknown"), NEXT),
    "period_empty": "valid_from",
}
"""Where the members of a statement are asked for, and what a whole statement is refused for belongs."""


def stated(organisation: str, filled: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement on the in-house relation as it is sent, from the form that it was filled in by."""
    document = {"type": filled.get("kind"), "title": filled.get("title"), "reference": filled.get("reference")}
    asked = [*filled.get(VIA, ()), *(filled[name] for name in (NEXT, "channel") if name in filled)]
    return {
        **{name: filled[name] for name in ("type", "valid_from") if name in filled},
        "path": [organisation, *(filled["way"].split() if "way" in filled else asked)],
        "evidence": [{name: value for name, value in document.items() if value is not None}],
    }


def way_choices(ways: Sequence[Way], word: Word) -> tuple[Choice, ...]:
    """Return the ways of a body to choose from, by the keys of the bodies on them, and that it is none of these; () for none."""
    names = {
        " ".join(it.target for it in way.relations): " → ".join(it.target_name for it in way.relations) for way in ways[:WAYS]
    }
    return (*(Choice(keys, name) for keys, name in names.items()), Choice("", word("another_way"))) if names else ()


def after_search(given: Given) -> Given:
    """Return what was filled in with the chosen body at the end of the way, as the next one is looked for."""
    chosen = given.one(NEXT)
    if not chosen:
        return given
    values = {**given.values, VIA: (*given.all(VIA), chosen)}
    return replace(given, values={name: value for name, value in values.items() if name != NEXT})


async def relation_fields(
    eligibility: Eligibility,
    access: Access,
    organisation: str,
    given: Given | None,
    words: Words,
    label: Callable[[str, str], str],
) -> tuple[Field, ...]:
    """Return the fields, with the bodies on the way and those that were found. ``label``: of a value of an enumeration."""
    word = words_for(words, "organisation.relations")
    via = () if given is None else given.all(VIA)[:LONGEST]
    following = Field(NEXT, Kind.BODY, word(f"field.{NEXT}"), word(f"field.{NEXT}_hint"), optional=True)
    channels, ways, found, names = await asyncio.gather(
        eligibility.channels(),
        or_none(eligibility.ways(access, organisation), "organisation"),
        with_bodies(eligibility, words, (following,), given),
        names_of_bodies(eligibility, via, "organisation"),
    )
    on_the_way = tuple(Choice(it, names[it]) for it in via)
    known = way_choices(ways or (), word)

    def kinds(prefix: str, values: tuple[str, ...]) -> tuple[Choice, ...]:
        return tuple(Choice(it, words(f"{prefix}.{it}")) for it in values)

    def choosing(name: str, kind: Kind, choices: tuple[Choice, ...]) -> tuple[Field, ...]:
        return (Field(name, kind, word(f"field.{name}"), word(f"field.{name}_hint"), True, choices),) if choices else ()

    return (
        *choosing("way", Kind.RADIOS, known),
        *choosing(VIA, Kind.CHECKS, on_the_way),
        *found,
        Field(
            "channel",
            Kind.RADIOS,
            word("field.channel"),
            choices=tuple(Choice(it.channel, label("Channel", it.channel)) for it in channels),
        ),
        Field("type", Kind.RADIOS, word("field.type"), word("field.type_hint"), choices=kinds("relation", RELATIONS)),
        Field("valid_from", Kind.DAY, word("field.valid_from"), optional=True),
        Field("kind", Kind.SELECT, word("field.kind"), choices=kinds("evidence", EVIDENCE)),
        Field("title", Kind.LINE, word("field.title"), word("field.title_hint")),
        Field("reference", Kind.LINE, word("field.reference"), word("field.reference_hint")),
    )
