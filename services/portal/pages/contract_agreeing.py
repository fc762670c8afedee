"""What one side of a running contract proposes: another text (Nachtrag), new prices, a contract that follows it.

What of it is open to whoever reads, contracts says, and decides again once it is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.catalog import Catalog, PriceItem
from services.portal.apis.contracts import Changes, Contract, Contracts, PriceChange
from services.portal.apis.eligibility import Eligibility
from services.portal.fields import Field, Kind, words_for
from services.portal.functions import SIGNING
from services.portal.language import Language
from services.portal.pages.asking import BOTH, ETAG, SEE_OTHER, given_at, send_form, show_form
from services.portal.pages.bodies import unsent, with_bodies
from services.portal.pages.contract_forms import agreed_content, agreed_fields, agreed_places, contract_form, service_names
from services.portal.pages.offer_drafting import decimal, in_hundredths
from services.portal.pages.parts import nothing
from services.portal.rendering import Pages
from services.portal.texts import Words
from services.portal.visits import CurrentVisit, session_of
from shared.messages.values import Function

AMEND: Final = "amendments"
PRICES: Final = "price-changes"
SUCCEED: Final = "successor"
_LINE: Final = "price_items"


@dataclass(frozen=True, slots=True)
class Now:
    """A contract as it is, with the words for what is proposed about it.

    ``prices``: those that were announced, newest last. ``services``: the titles of what is agreed to be used, by id.
    """

    contract: Contract
    changes: Changes
    prices: Sequence[PriceChange]
    words: Words
    language: Language
    label: Callable[[str, str], str]
    services: Mapping[str, str]

    @property
    def lines(self) -> Sequence[PriceItem]:
        """The price lines that new ones take the place of: those announced last that count one day, or those of the contract."""
        announced = (it.price_items for it in reversed(self.prices) if it.price_items and it.effective_from is not None)
        return next(announced, self.contract.price_items)

    def field(self, proposal: str, name: str, kind: Kind, *, optional: bool = False) -> Field:
        """Return an empty field of a proposal with its words."""
        word = words_for(self.words, f"changes.{proposal}.field")
        return Field(name, kind, word(name), word(f"{name}_hint"), optional)


Content = Callable[[Now, Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something to propose, by its path in contracts: what it asks for, and the body that is made of what was filled in.

    ``places``: the field that a member of the body is asked for by, or a refusal is about. ``makes``: it makes a contract of its
    own, and is bound to no state of this one. ``function``: the one that it needs.
    """

    name: str
    fields: Callable[[Now], tuple[Field, ...]]
    content: Content
    places: Mapping[str, str]
    makes: bool = False
    function: Function = SIGNING


def _amended(now: Now) -> tuple[Field, ...]:
    text = now.changes.text
    last_day = None if text.valid_to is None else text.valid_to.isoformat()
    return (*agreed_fields(text, now.words, last_day, now.services), now.field(AMEND, "reason", Kind.LINE, optional=True))


def _amendment(now: Now, filled: Mapping[str, Any]) -> dict[str, Any]:
    return {**agreed_content(filled, now.changes.text, now.words), "reason": filled.get("reason")}


def _prices(now: Now) -> tuple[Field, ...]:
    lines = (
        Field(
            f"{_LINE}.{place}",
            Kind.LINE,
            now.words("changes.price-changes.line", label=item.label, period=now.label("Period", item.period)),
            value=decimal(item.amount.cents, now.language),
        )
        for place, item in enumerate(now.lines)
    )
    return (now.field(PRICES, "effective_from", Kind.DAY), *lines)


def _new_prices(now: Now, filled: Mapping[str, Any]) -> dict[str, Any]:
    first = filled.get("effective_from")
    # Whether the day is one, is said of the field that asks for it, and not once more of each line.
    days = {"valid_from": first, "valid_to": None} if _is_day(first) else {}
    lines = []
    for place, item in enumerate(now.lines):
        line = item.model_dump(mode="json")
        amount = filled.get(f"{_LINE}.{place}")
        money = {"currency": item.amount.currency}
        line["amount"] = money if amount is None else money | {"cents": in_hundredths(str(amount), "€", now.language)}
        lines.append(line | days)
    return {"effective_from": first, _LINE: lines}


def _is_day(text: object) -> bool:
    try:
        date.fromisoformat(str(text))
    except ValueError:
        return False
    return True


def _succeeding(now: Now) -> tuple[Field, ...]:
    first, reference = (
        now.field(SUCCEED, name, kind, optional=True) for name, kind in (("valid_from", Kind.DAY), ("order_reference", Kind.LINE))
    )
    return (first, *agreed_fields(now.changes.text, now.words, None, now.services), reference)


def _successor(now: Now, filled: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: filled[name] for name in ("valid_from", "order_reference") if name in filled}
    return {**own, "text": agreed_content(filled, now.changes.text, now.words)}


_SUCCESSOR_PLACES: Final = {
    **agreed_places("text/"),
    "contract_date_invalid": "valid_from",
    "starts_before_parent": "valid_from",
    "successor_mismatch": "valid_from",
}
PROPOSALS: Final = {
    it.name: it
    for it in (
        Proposal(AMEND, _amended, _amendment, agreed_places() | {"contract_date_invalid": "valid_to"}),
        Proposal(PRICES, _prices, _new_prices, {"cost_info_retroactive": "effective_from"}),
        Proposal(SUCCEED, _succeeding, _successor, _SUCCESSOR_PLACES, makes=True),
    )
}
"""In the order in which they are offered."""


def proposals_of(changes: Changes) -> list[Proposal]:
    """Return what the organisation of whoever reads can propose."""
    return [it for it in PROPOSALS.values() if it.name in changes.allowed_moves]


def agreeing_routes(pages: Pages, contracts: Contracts, catalog: Catalog, eligibility: Eligibility) -> APIRouter:
    """Return the routes: each proposal has a page, and its form is sent to the address of the page."""
    router = APIRouter(prefix="/contracts/{contract_id}", include_in_schema=False)

    def add(proposal: Proposal) -> None:
        @router.api_route(f"/{proposal.name}", methods=BOTH)
        async def propose(request: Request, visit: CurrentVisit, contract_id: str) -> Response:
            given = await given_at(request, visit, f"/contracts/{contract_id}/{proposal.name}")
            access, language = session_of(visit).access, visit.language
            stored, changes, prices = await asyncio.gather(
                contracts.contract(access, contract_id),
                contracts.changes(access, contract_id),
                contracts.price_changes(access, contract_id) if proposal.name == PRICES else nothing(),
            )
            if given is None and proposal.name not in changes.content.allowed_moves:
                return RedirectResponse(f"{language.prefix}/contracts/{quote(contract_id)}/changes?missed=true", SEE_OTHER)

            def label(enumeration: str, value: str) -> str:
                return pages.label(language, enumeration, value)

            words, contract = pages.words(language), stored.content
            services = await service_names(catalog, access, contract, words, [changes.content.text])
            now = Now(contract, changes.content, prices or (), words, language, label, services)
            fields = await with_bodies(eligibility, words, proposal.fields(now), given or visit.held)
            form = contract_form(
                pages,
                visit,
                now.contract,
                proposal.name,
                lambda _: fields,
                None if proposal.makes else changes.etag,
                family="changes",
            )
            if given is None:
                return show_form(pages, visit, form)
            if (answer := unsent(pages, visit, form, given)) is not None:
                return answer

            async def act(filled: dict[str, Any]) -> str:
                body, match = proposal.content(now, filled), given.one(ETAG) or None
                if proposal.makes:
                    made = await contracts.succeed(access, contract_id, key=given.key, body=body)
                    return f"/contracts/{quote(made)}?done={proposal.name}"
                await contracts.take(access, contract_id, proposal.name, key=given.key, body=body, match=match)
                return f"/contracts/{quote(contract_id)}/changes?done={proposal.name}"

            return await send_form(pages, visit, form, given, act, field_of=proposal.places)

    for it in PROPOSALS.values():
        add(it)
    return router
