"""A page with one form: shown, sent, and shown again with what was wrong and all that was filled in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.client import ApiUnavailableError
from services.portal.fields import Fault, Field, Kind, body_of, errors_of, faults_of
from services.portal.forms import Given, read_given
from services.portal.functions import EDITING
from services.portal.rendering import Pages, Visit
from services.portal.visits import session_of
from shared.errors import InvalidError, NotFoundError, PreconditionFailedError, RejectedError
from shared.messages.values import Function

ETAG = "etag"
SEE_OTHER = 303
BOTH = ["GET", "POST"]
"""Methods of the page of a form: it is sent to the address where it is shown."""
Act = Callable[[dict[str, Any]], Awaitable[str]]
"""Sends the body of a form and returns the path to go on at."""
Word = Callable[[str], str]
"""Gives the words of one form by their name."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form: where it is sent, what it asks, where one comes from.

    ``search`` is the field that choices are looked for by; ``remove`` is what a button says that removes what the form is about.
    ``below``: JSON pointer of what the form asks in the body that is sent. ``etag``: of the thing as it was read; it goes with
    the form, which then acts on that state only. ``changed``: somebody has changed the thing since the form was shown.
    ``restored``: it holds what was filled in before the login was over. ``function``: on a page that shows more than the form,
    what it needs.
    """

    title: str
    action: str
    button: str
    back: str
    back_label: str
    fields: tuple[Field, ...] = ()
    below: str = ""
    search: str = ""
    remove: str = ""
    lead: str = ""
    quote: str = ""
    etag: str | None = None
    changed: bool = False
    restored: bool = False
    function: Function | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What a step asks for, before it has words."""

    name: str
    kind: Kind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step with a thing, by its name in the path of the service, what it asks for, and the function that it needs."""

    name: str
    asked: tuple[Ask, ...] = ()
    function: Function = EDITING

    def fields(self, word: Word) -> tuple[Field, ...]:
        """Return the fields with their words, ``field.<name>`` and ``field.<name>_hint``."""
        return tuple(
            Field(it.name, it.kind, word(f"field.{it.name}"), word(f"field.{it.name}_hint"), it.optional) for it in self.asked
        )

    def content(self, filled: dict[str, Any]) -> dict[str, Any] | None:
        """Return the body to send for what was filled in, None for a step without one."""
        return filled if self.asked else None


async def given_at(request: Request, visit: Visit, path: str) -> Given | None:
    """Return what the form at a path was filled in with, None where it is only to be shown.

    Raises LoginNeededError, and as ``read_given``.
    """
    session = session_of(visit)
    return await read_given(request, session, path) if request.method == "POST" else None


def show_form(
    pages: Pages,
    visit: Visit,
    form: Form,
    faults: Sequence[Fault] = (),
    *,
    template: str = "pages/form.html",
    status: int = HTTPStatus.OK,
    **values: object,
) -> Response:
    """Return the page of a form, filled in again with what its visitor had filled in when their login was over."""
    if visit.held is not None and visit.path == form.action:
        known = visit.held.values
        # A hidden field that was not there then is about something new: it was not left empty.
        fields = tuple(it if it.kind is Kind.HIDDEN and it.name not in known else it.filled(visit.held) for it in form.fields)
        form = replace(form, fields=fields, etag=visit.held.one(ETAG) or form.etag, restored=True)
    return pages.show(visit, template, status=status, form=form, faults=list(faults), **values)


def show_refused(
    pages: Pages,
    visit: Visit,
    form: Form,
    error: RejectedError | ApiUnavailableError,
    *,
    field_of: Mapping[str, str] | None = None,
    template: str = "pages/form.html",
    **values: object,
) -> Response:
    """Return the page of a form that was filled in, with what the service found wrong."""
    marked, faults = faults_of(error, form.fields, pages.words(visit.language), field_of or {}, form.below)
    form = replace(form, fields=tuple(marked))
    return show_form(pages, visit, form, faults, template=template, status=error.status, **values)


def placed(refused: InvalidError, member: str, places: Sequence[int], *, without: str = "") -> InvalidError:
    """Return a refusal with what is wrong in a list that was sent named by the place of each entry in the form.

    Where the form names no member ``without``, its name is left out.
    """
    errors = []
    for it in errors_of(refused):
        pointer = str(it.get("pointer", ""))
        match pointer.split("/"):
            case [whole, name, place, *rest] if name == member and place.isdecimal() and int(place) < len(places):
                pointer = "/".join((whole, name, str(places[int(place)]), *(part for part in rest if part != without)))
        errors.append({**it, "pointer": pointer})
    return InvalidError(refused.detail, code=refused.code, errors=errors) if errors else refused


async def send_form(
    pages: Pages,
    visit: Visit,
    form: Form,
    given: Given,
    act: Act,
    *,
    field_of: Mapping[str, str] | None = None,
    template: str = "pages/form.html",
    **values: object,
) -> Response:
    """Do what a form asks for and lead on, or show it again with what the service found wrong. Nothing filled in is lost.

    Raises NotFoundError and LoginNeededError.
    """
    read = form.fields
    fields = tuple(it.filled(given) for it in read)
    form = replace(form, fields=fields)
    try:
        following = await act(body_of(fields))
    except NotFoundError:
        raise
    except PreconditionFailedError:
        # Hidden fields name the state that the page showed: from here on it is the one that this page shows.
        shown = tuple(now if now.kind is Kind.HIDDEN else it for now, it in zip(read, fields, strict=True))
        form = replace(form, fields=shown, changed=True)
        return show_form(pages, visit, form, (), template=template, status=HTTPStatus.PRECONDITION_FAILED, **values)
    except (RejectedError, ApiUnavailableError) as error:
        return show_refused(pages, visit, form, error, field_of=field_of, template=template, **values)
    return RedirectResponse(f"{visit.language.prefix}{following}", SEE_OTHER)
