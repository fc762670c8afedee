"""The address that an organisation wants its invoices to have: its administrators state, change and remove it."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.eligibility import Eligibility, InvoiceAddress, Organisation
from services.portal.fields import Field, Kind, words_for
from services.portal.pages.asking import BOTH, ETAG, Form, Word, given_at, send_form, show_form
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PATH = "invoice-address"
STATED, REMOVED = "invoice_address", "invoice_address_removed"
FIELD_OF = {"country_unknown": "country", "postcode_form": "postcode", "mailbox_form": "email"}
"""What an address is refused for, by the field that it concerns."""


def invoice_address_routes(pages: Pages, eligibility: Eligibility) -> APIRouter:
    """Return the routes of the invoice address of an organisation, for its own people alone."""
    router = APIRouter(prefix=f"/organisations/{{organisation_id}}/{PATH}", include_in_schema=False)

    @router.api_route("", methods=BOTH)
    async def one(request: Request, visit: CurrentVisit, organisation_id: str) -> Response:
        given = await given_at(request, visit, f"/organisations/{organisation_id}/{PATH}")
        access = session_of(visit).access
        stored = await eligibility.organisation(access, organisation_id)
        if stored.content.users is None:
            raise NotFoundError("Only its own people change an organisation.")
        form = _form(stored.content, words_for(pages.words(visit.language), "organisation.invoice_address"), stored.etag)
        if given is None:
            return show_form(pages, visit, form)

        async def act(body: dict[str, object]) -> str:
            address, done = (None, REMOVED) if given.one("action") == "remove" else (body, STATED)
            await eligibility.amend(access, organisation_id, {"invoice_address": address}, given.one(ETAG) or None)
            return f"/organisations/{quote(organisation_id)}?done={done}"

        return await send_form(pages, visit, form, given, act, field_of=FIELD_OF)

    return router


def _form(organisation: Organisation, word: Word, etag: str | None) -> Form:
    held = organisation.invoice_address

    def field(name: str, *, kind: Kind = Kind.LINE, optional: bool = False) -> Field:
        return Field(name, kind, word(f"field.{name}"), word(f"field.{name}_hint"), optional, value=_value(held, name))

    return Form(
        title=word("title"),
        lead=word("lead"),
        action=f"/organisations/{organisation.id}/{PATH}",
        button=word("button"),
        remove="" if held is None else word("remove"),
        back=f"/organisations/{organisation.id}",
        back_label=organisation.name,
        below="/invoice_address",
        fields=(
            field("care_of", kind=Kind.LINES, optional=True),
            field("street", optional=True),
            field("postcode"),
            field("city"),
            field("country", optional=True),
            field("email", optional=True),
        ),
        etag=etag,
    )


def _value(held: InvoiceAddress | None, name: str) -> tuple[str, ...]:
    """Return what a field of an address is filled in with."""
    value = None if held is None else getattr(held, name)
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)
