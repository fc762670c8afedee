"""Passing a contract on: to whom, from when, for what; then what would be offered is shown, and offered bindingly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.client import ApiUnavailableError
from services.portal.apis.contracts import Contract, Contracts
from services.portal.apis.eligibility import Eligibility
from services.portal.fields import DAY_PARTS, Choice, Field, Kind, body_of, words_for
from services.portal.forms import Given
from services.portal.pages.asking import BOTH, Form, given_at, placed, send_form, show_form, show_refused
from services.portal.pages.awards import names_of
from services.portal.pages.bodies import names_in, unsent, with_bodies
from services.portal.pages.contract_forms import CHARGES, contract_form, territory_field
from services.portal.pages.offer_drafting import in_hundredths
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import InvalidError, NotFoundError, RejectedError

SUB_CONTRACT: Final = "sub-contracts"
TEMPLATE: Final = "pages/passing-on.html"
_CHANGE: Final = "change"
_CHECKED: Final = "checked"
_GRANTEE: Final = "grantee"
_LINE: Final = "price_items"
_FIELD_OF: Final = {
    "charge_not_allowed": "charge",
    "contract_date_invalid": "valid_from",
    "customer_not_allowed": _GRANTEE,
    "outlives_parent": "valid_to",
    "party_repeated": _GRANTEE,
    "price_without_charge": "charge",
    "self_contract": _GRANTEE,
    "starts_before_parent": "valid_from",
    "term_invalid": "valid_to",
    "territory_not_granted": "territory",
}


def passing_on_routes(pages: Pages, contracts: Contracts, eligibility: Eligibility) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/contracts/{contract_id}", include_in_schema=False)
    desk = _Desk(pages, contracts, eligibility)

    @router.api_route(f"/{SUB_CONTRACT}", methods=BOTH)
    async def pass_on(request: Request, visit: CurrentVisit, contract_id: str) -> Response:
        given = await given_at(request, visit, f"/contracts/{contract_id}/{SUB_CONTRACT}")
        return await desk.answer(visit, contract_id, given)

    return router


@dataclass(frozen=True, slots=True)
class _Desk:
    """Asks for what is passed on, shows what it would be, and passes it on."""

    pages: Pages
    contracts: Contracts
    eligibility: Eligibility

    async def answer(self, visit: Visit, contract_id: str, given: Given | None) -> Response:
        access = session_of(visit).access
        contract = (await self.contracts.contract(access, contract_id)).content
        form = await self._form(visit, contract, given or visit.held)
        if given is None:
            return show_form(self.pages, visit, form)
        if (answer := unsent(self.pages, visit, form, given)) is not None:
            return answer
        filled = replace(form, fields=tuple(it.filled(given) for it in form.fields))
        if given.one("action") == _CHANGE:
            return show_form(self.pages, visit, filled)
        if not given.one(_CHECKED):
            return await self._show_result(visit, contract, filled)

        async def act(_: dict[str, Any]) -> str:
            body, places = _body(visit, contract, filled.fields)
            try:
                made = await self.contracts.pass_on(access, contract_id, key=given.key, body=body)
            except InvalidError as refused:
                raise placed(refused, _LINE, places) from refused
            return f"/contracts/{quote(made)}?done={SUB_CONTRACT}"

        return await send_form(self.pages, visit, form, given, act, field_of=_FIELD_OF)

    async def _show_result(self, visit: Visit, contract: Contract, form: Form) -> Response:
        """Show the contract that would be made, or the form again with what stands in its way."""
        places: Sequence[int] = ()
        try:
            body, places = _body(visit, contract, form.fields)
            found = await self.contracts.preview(session_of(visit).access, contract.id, body)
        except NotFoundError:
            raise
        except (RejectedError, ApiUnavailableError) as error:
            refused = placed(error, _LINE, places) if isinstance(error, InvalidError) else error
            return show_refused(self.pages, visit, form, refused, field_of=_FIELD_OF)
        word = words_for(self.pages.words(visit.language), f"contract.{SUB_CONTRACT}")
        hidden = (*_hidden(form.fields), Field(_CHECKED, Kind.HIDDEN, "", value=("true",)))
        shown = replace(form, title=word("check"), lead=word("check_lead"), quote="", button=word("offer"), fields=hidden)
        names = await names_of(self.eligibility, found.contract, found.contract.awards)
        return show_form(self.pages, visit, shown, template=TEMPLATE, preview=found, names=names)

    async def _form(self, visit: Visit, contract: Contract, given: Given | None) -> Form:
        words = self.pages.words(visit.language)
        word = words_for(words, f"contract.{SUB_CONTRACT}.field")

        def field(name: str, kind: Kind, choices: Mapping[str, str] | None = None, *, optional: bool = False) -> Field:
            listed = tuple(Choice(value, label) for value, label in (choices or {}).items())
            return Field(name, kind, word(name), word(f"{name}_hint"), optional, listed)

        lines = (
            Field(
                f"{_LINE}.{place}",
                Kind.LINE,
                words(
                    f"contract.{SUB_CONTRACT}.line",
                    label=item.label,
                    period=self.pages.label(visit.language, "Period", item.period),
                ),
                optional=True,
            )
            for place, item in enumerate(contract.price_items)
        )
        fields = (
            field(_GRANTEE, Kind.BODY),
            field("valid_from", Kind.DAY, optional=True),
            field("valid_to", Kind.DAY, optional=True),
            territory_field(word, words, optional=True),
            field("charge", Kind.RADIOS, {it: words(f"agreed.charge.{it}") for it in CHARGES}, optional=True),
            *lines,
            field("order_reference", Kind.LINE, optional=True),
        )
        found = await with_bodies(self.eligibility, words, fields, given)
        return contract_form(self.pages, visit, contract, SUB_CONTRACT, lambda _: found, None)


def _body(visit: Visit, contract: Contract, fields: Sequence[Field]) -> tuple[dict[str, Any], list[int]]:
    """Return what is sent, and which line of the own contract each price is of. Raises InvalidError without a body."""
    filled = body_of(fields)
    grantee = filled.get(_GRANTEE)
    if grantee is None:
        raise InvalidError("Nobody is chosen.", errors=[{"pointer": f"#/{_GRANTEE}", "code": "missing"}])
    prices: list[dict[str, Any]] = []
    places: list[int] = []
    for place, item in enumerate(contract.price_items):
        amount = filled.get(f"{_LINE}.{place}")
        if amount is not None:
            cents = in_hundredths(str(amount), "€", visit.language)
            prices.append(item.model_dump(mode="json") | {"amount": {"currency": item.amount.currency, "cents": cents}})
            places.append(place)
    further = {
        name: filled[name] for name in ("valid_from", "valid_to", "territory", "charge", "order_reference") if filled.get(name)
    }
    party = {"id": grantee, "name": names_in(fields)[str(grantee)]}
    return {_GRANTEE: party, **further, **({_LINE: prices} if prices else {})}, places


def _hidden(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Return what was filled in as fields that nobody sees: a day is three of them, bodies are one each and their search."""
    found: list[Field] = []
    for it in fields:
        if it.kind is Kind.DAY:
            named = [(f"{it.name}.{part}", it.part(part)) for part in DAY_PARTS]
        elif it.names_bodies:
            named = [*((it.name, key) for key in it.value), (it.search, it.query)]
        else:
            named = [(it.name, it.text)]
        found += [Field(name, Kind.HIDDEN, "", value=(value,)) for name, value in named if value]
    return tuple(found)
