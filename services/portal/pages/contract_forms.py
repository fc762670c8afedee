"""Forms about a contract: the frame that all of them have, and the fields of what its two sides agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from services.portal.apis.catalog import Catalog
from services.portal.apis.client import Access
from services.portal.apis.contracts import AgreedText, Contract
from services.portal.fields import Choice, Field, Kind, day_value, words_for
from services.portal.pages.asking import Form, Word
from services.portal.pages.parts import ENTITY_ID, or_none
from services.portal.rendering import Pages, Visit
from services.portal.texts import Words

NOT_ALLOWED: Final = "NOT"
_ACTS: Final = (NOT_ALLOWED, "BEITRITT", "SUB_VERTRAG")
CHARGES: Final = ("ENTGELTFREI", "ENTGELTLICH")
_ENDS: Final = ("ANY", "MONTH_END", "QUARTER_END", "YEAR_END")
_STARTS: Final = ("ANY", "MONTH_START", "QUARTER_START", "YEAR_START")
_ANNEXES: Final = ("LEISTUNGSBESCHREIBUNG", "ABSTIMMUNGSSCHREIBEN", "RAHMENVEREINBARUNG")
_FURTHER: Final = "further_services"
_PLACES: Final = {
    "passing_on/act": "passing_on",
    "notice/months": "notice_months",
    "notice/to": "notice_to",
    "price_notice/months": "price_months",
    "price_notice/from": "price_from",
}
"""Members of the agreed text that are asked for by another name."""
_REFUSED: Final = {
    "annex_missing": "annexes",
    "charge_not_allowed": "charge",
    "outlives_parent": "valid_to",
    "parametrisation_not_granted": "parametrisation",
    "passing_not_allowed": "passing_on",
    "service_not_granted": "services",
    "successor_mismatch": "valid_to",
    "term_invalid": "valid_to",
    "territory_not_granted": "territory",
}
"""What a whole request is refused for, with the field that it is about."""


def contract_form(
    pages: Pages,
    visit: Visit,
    contract: Contract,
    name: str,
    fields: Callable[[Word], tuple[Field, ...]],
    etag: str | None,
    *,
    family: Literal["contract", "changes"] = "contract",
    below: str = "",
) -> Form:
    """Return the form of the step ``name`` with a contract, from its page or from that of its changes, where it leads back to.

    ``below`` is its path below that of the contract, where that is another one than the name.
    """
    words, here = pages.words(visit.language), f"/contracts/{contract.id}"
    word, own = words_for(words, f"{family}.{name}"), family == "contract"
    named = " ".join(it for it in (contract.title, contract.number) if it is not None)
    return Form(
        title=word("title"),
        lead=word("lead"),
        quote=f"{named}, {contract.offering_title}, {contract.customer.name}",
        action=f"{here}/{below or name}",
        button=word("button"),
        back=here if own else f"{here}/changes",
        back_label=(contract.number or contract.title) if own else words("changes.title"),
        fields=fields(word),
        etag=etag,
    )


async def service_names(
    catalog: Catalog, access: Access, contract: Contract, words: Words, texts: Iterable[AgreedText]
) -> dict[str, str]:
    """Return the titles of the Leistungen of agreed texts, by id; one that cannot be asked for is numbered."""
    further = list(dict.fromkeys(it for text in texts for it in text.services if it != contract.offering_id))
    found = await asyncio.gather(*(or_none(catalog.offering(it, access), "changes") for it in further))
    names = {
        key: words("agreed.unnamed", number=place) if offer is None else offer.title
        for place, (key, offer) in enumerate(zip(further, found, strict=True), 1)
    }
    return {contract.offering_id: contract.offering_title, **names}


def territory_field(word: Word, words: Words, *, optional: bool = False) -> Field:
    """Return the field of a territory: municipalities, Kreise and Länder that are searched for, or the whole country."""
    whole = Choice("DE", words("agreed.germany"))
    return Field("territory", Kind.BODIES, word("territory"), word("territory_hint"), optional, (whole,), regions=True)


def agreed_fields(text: AgreedText, words: Words, last_day: str | None, services: Mapping[str, str]) -> tuple[Field, ...]:
    """Return the fields of an agreed text, which hold what is agreed now.

    ``last_day``: what the agreed last one holds. ``services``: the Leistungen to choose from, by id.
    """
    word = words_for(words, "agreed.field")

    def field(name: str, kind: Kind, value: Iterable[str], *, optional: bool = False, whole: bool = False) -> Field:
        return Field(name, kind, word(name), word(f"{name}_hint"), optional, value=tuple(value), whole=whole)

    def chosen(name: str, kind: Kind, values: Iterable[str], value: str | None, *, optional: bool = False) -> Field:
        choices = tuple(Choice(it, words(f"agreed.{name}.{it}")) for it in values)
        held = () if value is None else (value,)
        return Field(name, kind, word(name), word(f"{name}_hint"), optional, choices, held)

    passing, notice, price = text.passing_on, text.notice, text.price_notice
    months = () if notice is None else (str(notice.months),)
    return (
        field("valid_to", Kind.DAY, day_value(last_day), optional=True),
        replace(territory_field(word, words), value=text.territory),
        Field(
            "services",
            Kind.CHECKS,
            word("services"),
            choices=tuple(Choice(it, title) for it, title in services.items()),
            value=text.services,
        ),
        field(_FURTHER, Kind.LINES, (), optional=True),
        field("parametrisation", Kind.LINES, text.parametrisation, optional=True),
        chosen("passing_on", Kind.RADIOS, _ACTS, passing.act if passing.allowed else NOT_ALLOWED),
        chosen("charge", Kind.RADIOS, CHARGES, text.charge),
        field("notice_months", Kind.LINE, months, optional=True, whole=True),
        chosen("notice_to", Kind.SELECT, _ENDS, None if notice is None else notice.to, optional=True),
        field("price_months", Kind.LINE, (str(price.months),), whole=True),
        chosen("price_from", Kind.SELECT, _STARTS, price.from_),
        field("annexes", Kind.LINES, (_annexes(words).get(it, it) for it in text.annexes), optional=True),
    )


def agreed_content(filled: Mapping[str, Any], text: AgreedText, words: Words) -> dict[str, Any]:
    """Return what was filled in as contracts takes it; ``text`` is what is agreed so far.

    A last day and a period of notice that were left empty are null: then there is none.
    """
    passing, months = filled.get("passing_on"), filled.get("notice_months")
    act = text.passing_on.act if passing == NOT_ALLOWED else passing
    named = {title: code for code, title in _annexes(words).items()}
    services = [*filled.get("services", []), *map(_id_in, filled.get(_FURTHER, []))]
    return {
        **{name: filled.get(name, []) for name in ("territory", "parametrisation")},
        "services": list(dict.fromkeys(services)),
        "annexes": [named.get(it, it) for it in filled.get("annexes", [])],
        "valid_to": filled.get("valid_to"),
        "passing_on": {"allowed": passing != NOT_ALLOWED, "act": act},
        "charge": filled.get("charge"),
        "notice": None if months is None else {"months": months, "to": filled.get("notice_to")},
        "price_notice": {"months": filled.get("price_months"), "from": filled.get("price_from")},
    }


def _annexes(words: Words) -> dict[str, str]:
    """Return the titles of annexes by their codes; whatever else is agreed as one is a title itself."""
    return {code: words(f"agreed.annex.{code}") for code in _ANNEXES}


def _id_in(line: str) -> str:
    """Return the id in the address of the page of a Leistung, the line itself if there is none: that is refused."""
    found = ENTITY_ID.search(line)
    return line if found is None else found.group()


def agreed_places(below: str = "") -> dict[str, str]:
    """Return which field each member of an agreed text is asked for by, and each refusal is about.

    ``below`` is the path of the text in the body, such as ``text/``.
    """
    plain = ("territory", "services", "parametrisation", "annexes", "valid_to", "passing_on", "charge")
    return _REFUSED | {f"{below}{path}": name for path, name in ({it: it for it in plain} | _PLACES).items()}
