"""Whatever somebody writes into a field of any form of the portal is shown as text when the form comes back with its faults.

The page of a hostile text has element for element, attribute for attribute, what that of a harmless one has. And what no person
can read, the id of a thing, is no text of any page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Final, cast
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import APIRoute

from marktplatz.assembly import ServiceName
from marktplatz.people import OPERATOR
from services.portal.forms import FIELD, new_token
from services.portal.pages import (
    contract_changes,
    contracts,
    dead_letters,
    offer_steps,
    order_verdict,
    organisations,
    participations,
    partners,
    steps,
)
from services.portal.pages.fact_shapes import SHAPES
from services.portal.pages.offer_sections import SECTIONS
from services.portal.rendering import FOLDER
from services.portal.sessions import Session
from shared.messages.values import Function
from tests.component.portal.filling import shown, somebody
from tests.component.portal.login import HUSUM, OURS, SESSION, World
from tests.component.portal.sampled import Sampled, thing
from tests.component.portal.test_portal_contracts import COST_INFORMATION
from tests.component.portal.test_portal_operations import GROUP, LETTER
from tests.support.html import Element, Page
from tests.support.probes import PROBES

HARMLESS: Final = "Ein Text"
ONE: Final = "0e0f5f0c-8f0e-5d0a-9d63-6f9a3f0f7a11"
BODY: Final = {"body_id": "dataport"}
"""A body is named by a key, which its pages show."""
MARKING: Final = frozenset("<>\"'")
WAYS_OUT: Final = tuple(next(it for it in PROBES if it.startswith(sign)) for sign in "<\"'")
"""Of a text, and of a value in either kind of quotes."""
Values = Mapping[str, str]
ORGANISATION, ORDER = "/v1/organisations/{organisation_id}", "/v1/orders/{order_id}"


def _organisation(*path: str | int) -> Values:
    """Return the parameter of a page about a part of the organisation, as the part is named there."""
    found = thing(ServiceName.ELIGIBILITY, ORGANISATION)
    for it in path:
        found = found[it]
    return {"part": str(found)}


def _member(name: str, member: str) -> Values:
    found = thing(ServiceName.ELIGIBILITY, f"{ORGANISATION}/members")
    return {"part": str(found[name][0][member])}


def _named(names: Iterable[str]) -> list[Values]:
    return [{"part": it} for it in names]


def _of_order(name: str, *member: str) -> Callable[[], list[Values]]:
    def values() -> list[Values]:
        found = thing(ServiceName.ORDERING, ORDER)[name][0]
        for it in member:
            found = found[it]
        return [{"part": str(found)}]

    return values


def _of_partner(name: str, member: str) -> Callable[[], list[Values]]:
    return lambda: [{"part": str(thing(ServiceName.ORDERING, PARTNER)[name][0][member])}]


def plain() -> list[Values]:
    """Return the parameters of a page that names things by ids alone, of which any will do."""
    return [{}]


LICENCE: Final[dict[str, Any]] = {
    "channels": [
        {
            "channel": "fitko",
            "status": "LICENSED_ACT_MISSING",
            "licensed_by": {"id": "DE-SH", "name": "Schleswig-Holstein"},
            "plan": [{"link": "NACHNUTZUNG", "id": ONE}, {"link": "SUB_NACHNUTZUNG", "id": None}],
            "open": [{"actor": {"id": OPERATOR.organisation, "name": "Betrieb"}, "action": "ORDER_SUB"}],
        }
    ]
}
RELATION: Final[dict[str, Any]] = {
    "kind": "relation",
    "type": "TRAEGER",
    "from": ONE,
    "to": "itvsh",
    "valid_from": None,
    "valid_to": None,
    "organ_seat": "OWN",
    "joint_influence": True,
    "contrary_interests": None,
    "all_fields": None,
    "evidence": [ONE],
}
FACT: Final = "/v1/facts/{fact_id}"
PARTNER: Final = "/v1/partners/{partner_id}"
LISTS: Final = frozenset({"documents", "go_lives", "screenshots", "support"})
"""Sections of the form of an offer that hold a list and no field."""
FORMS: Final[Mapping[str, Callable[[], list[Values]]]] = {
    "/accessions/{accession_id}/end": plain,
    "/contacts/me": plain,
    "/contacts/me/kinds": plain,
    "/contracts/{contract_id}/agb-offer": plain,
    "/contracts/{contract_id}/amendments": plain,
    "/contracts/{contract_id}/changes/{change_id}/{name}": lambda: _named(contract_changes.STEPS),
    "/contracts/{contract_id}/contacts": plain,
    "/contracts/{contract_id}/price-changes": plain,
    "/contracts/{contract_id}/sub-contracts": plain,
    "/contracts/{contract_id}/successor": plain,
    "/contracts/{contract_id}/{step}": lambda: _named(contracts.STEPS),
    "/facts/of/{body_id}/new/{shape}": lambda: _named(SHAPES),
    **{f"/facts/{{fact_id}}/{it}": plain for it in ("correct", "end", "withdraw")},
    "/invitations/{organisation_id}": plain,
    "/offerings/new": plain,
    "/offerings/{offering_id}/costs/{channel}/new": plain,
    "/offerings/{offering_id}/edit/{section}": lambda: _named(it.name for it in SECTIONS.values() if it.name not in LISTS),
    "/offerings/{offering_id}/edit/{section}/{place}": lambda: [
        {"section": it.name, "part": "new"} for it in SECTIONS.values() if it.row is not None
    ],
    "/offerings/{offering_id}/interest": plain,
    "/offerings/{offering_id}/licence/{channel}": lambda: [{"part": LICENCE["channels"][0]["channel"]}],
    "/offerings/{offering_id}/{step}": lambda: _named(offer_steps.MOVES),
    "/operations/groups/{group}/{letter_id}/{name}": lambda: [
        {"group": GROUP, "letter_id": str(LETTER["id"]), "part": it.name} for it in dead_letters.STEPS
    ],
    "/operations/partners/new": plain,
    "/operations/partners/{partner_id}/change": plain,
    "/operations/partners/{partner_id}/keys": plain,
    "/operations/partners/{partner_id}/keys/{kid}": _of_partner("keys", "kid"),
    "/operations/partners/{partner_id}/organisations": plain,
    "/operations/partners/{partner_id}/organisations/{organisation_id}": _of_partner("organisations", "id"),
    "/operations/partners/{partner_id}/state/{name}": lambda: _named(partners.STEPS),
    "/operations/what-if": plain,
    "/orders/{order_id}/klienten/{part}": _of_order("klienten", "klient", "id"),
    "/orders/{order_id}/klienten/{part}/sign-off": _of_order("klienten", "klient", "id"),
    "/orders/{order_id}/milestones/{part}": _of_order("milestones", "code"),
    "/orders/{order_id}/milestones/{part}/plan": _of_order("milestones", "code"),
    "/orders/{order_id}/points/{part}": _of_order("points", "id"),
    "/orders/{order_id}/questions/{part}": _of_order("questions", "id"),
    **{f"/orders/{{order_id}}/{it.page}": plain for it in order_verdict.JUDGING},
    "/orders/together": plain,
    **{f"/orders/{{order_id}}/{it.page}": plain for it in steps.STEPS},
    "/organisations/{organisation_id}/accreditations": plain,
    "/organisations/{organisation_id}/accreditations/{channel}/{role}/{step}": lambda: [
        {
            **{
                name: str(thing(ServiceName.ELIGIBILITY, ORGANISATION)["accreditations"][0][name]) for name in ("channel", "role")
            },
            "part": it,
        }
        for it in organisations.DECISIONS
    ],
    "/organisations/{organisation_id}/details": plain,
    "/organisations/{organisation_id}/evidence/{document_id}": lambda: [_organisation("statements", 0, "evidence", 0, "id")],
    "/organisations/{organisation_id}/invoice-address": plain,
    "/organisations/{organisation_id}/members/invitations/{invitation_id}": lambda: [_member("invitations", "id")],
    "/organisations/{organisation_id}/members/invite": plain,
    "/organisations/{organisation_id}/members/persons/{person}": lambda: [_member("members", "person")],
    "/organisations/{organisation_id}/relations": plain,
    "/organisations/{organisation_id}/relations/{statement_id}": lambda: [_organisation("statements", 0, "id")],
    "/organisations/{organisation_id}/vollmacht": plain,
    "/participations/{order_id}/{name}": lambda: _named(participations.STEPS),
    "/partners/{partner_id}/rotation": plain,
    "/quarantine/{reference}/{name}": lambda: _named(("replay", "discard", "resubmit")),
    "/registration/{body_id}": plain,
    "/tasks/examinations/{fact_id}": plain,
    "/tasks/examinations/{fact_id}/withdrawal": plain,
    "/tasks/statements": plain,
    "/webhooks/new": plain,
    **{f"/webhooks/{{webhook_id}}/{it}": plain for it in ("change", "remove", "secret")},
}
"""Every page with a form that is shown again with its faults, with the parameters of its path that are no plain ids."""
BUTTONS: Final[Mapping[str, tuple[str, ...]]] = {
    "/acting": ("organisation",),
    "/inbox/read": ("id", "unread"),
    "/inbox/read-all": ("until",),
    "/offerings/{offering_id}/discard": ("etag",),
    "/offerings/{offering_id}/submit": ("etag",),
    "/webhooks/deliveries/resend": ("webhook", "delivery"),
}
"""Forms of one button, with what they send: nothing of it comes back."""
WITHOUT_TEXT: Final = frozenset({"/logout", "/logout/back-channel"})
"""What ends a session, and holds nothing but what the portal or the provider has put there."""
SEARCHES: Final = {
    "accessions.html": "/accessions?q=",
    "acting.html": "/acting?q=",
    "contracts.html": "/contracts?q=",
    "facts.html": "/facts?q=",
    "inbox.html": "/inbox?event_type=",
    "narrow.html": "/my/offerings?q=",
    "offering.html": "",
    "offerings.html": "/offerings?q=",
    "orders.html": "/orders?q=",
    "registration.html": "/registration?q=",
    "start.html": "/offerings?q=",
}
"""Forms that are read from their address, by their template, with the page that shows the text; "" for one of choices alone."""


ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
OPENED: Final[Mapping[str, Values]] = {
    "/channels/{channel}": {"channel": "fitko"},
    "/channels/{channel}/agb": {"channel": "fitko"},
    "/offerings/{offering_id}/costs/{channel}": {"channel": "fitko"},
    "/offerings/{offering_id}/costs/{channel}/new": {"channel": "fitko"},
    "/operations/groups/{group}": {"group": GROUP},
    "/operations/groups/{group}/{letter_id}": {"group": GROUP, "letter_id": str(LETTER["id"])},
    "/partners/{partner_id}": {"partner_id": "dvz"},
    "/tasks/register/{year}": {"year": "2026"},
}
"""Pages whose paths name more than ids of things, where these show."""


@dataclass
class Desk:
    """Somebody whose APIs refuse whatever is sent to them."""

    world: World
    apis: list[Sampled]
    visitor: httpx.AsyncClient

    async def send(self, path: str, said: str, values: Mapping[str, str]) -> httpx.Response:
        """Send a form of this session to a path; the services refuse it by what is ``said``."""
        for it in self.apis:
            it.said = said
        session = cast("Session", SimpleNamespace(secret=self.visitor.cookies[SESSION]))
        return await self.visitor.post(path, data={**values, FIELD: new_token(session, path)}, headers=OURS)


@pytest.fixture(name="apis")
def _apis() -> list[Sampled]:
    known: dict[ServiceName, dict[str, Any]] = {
        ServiceName.CONTRACTS: {
            "/v1/offers/{offering_id}/cost-information": COST_INFORMATION,
            "/v1/offers/{offering_id}/licence": LICENCE,
        },
        ServiceName.ELIGIBILITY: {
            "/v1/me": thing(ServiceName.ELIGIBILITY, "/v1/me") | {"functions": list(Function)},
            FACT: thing(ServiceName.ELIGIBILITY, FACT) | {"withdrawn": False, "fact": RELATION},
        },
        ServiceName.ORDERING: {
            "/v1/operations/": LETTER,
            ORDER: thing(ServiceName.ORDERING, ORDER) | {"allowed_moves": ["place"]},
        },
    }
    return [Sampled(it, known.get(it, {})) for it in ServiceName if it is not ServiceName.ALL]


def paths_of(template: str) -> list[str]:
    """Return the paths of a page with a form, one for each of its steps."""
    names = [it.partition("}")[0] for it in template.split("{")[1:]]
    found = []
    for values in ({**BODY, **it} for it in FORMS[template]()):
        path = template
        for name in names:
            last = name == names[-1] and "part" in values
            path = path.replace(f"{{{name}}}", quote(values["part"] if last else values.get(name, ONE), safe=":"))
        found.append(path)
    return found


def texts_of(form: Element) -> dict[str, str]:
    """Return the fields that somebody writes into, with what they hold."""
    return {it.attributes["name"]: shown(it)[0] for it in form.inside_all("input", "textarea") if _is_read(it)}


def form_at(page: Page, path: str) -> Element:
    """Return the form of a page's main part that is sent to a path, whatever id of a thing the path names."""
    forms = [it for it in page.one("main").inside_all("form") if it.attributes.get("method") == "post"]
    last = path.rpartition("/")[2]
    return next((it for it in forms if it.attributes["action"].rpartition("/")[2] == last), forms[0])


def structure(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    """Return the elements of a page with their attributes by name."""
    return [(it.name, tuple(sorted(it.attributes))) for it in page.elements]


def require_text(answer: httpx.Response, reported: str) -> None:
    """Fail if an answer holds a hostile text as anything but text, or what the policy for contents would have to stop."""
    assert "'unsafe" not in answer.headers["Content-Security-Policy"], reported
    assert [it for it in PROBES if MARKING & set(it) and it in answer.text] == [], reported
    assert not MARKING & set(answer.headers.get("Location", "")), reported
    for it in Page(answer.text).elements:
        inline = [name for name in it.attributes if name == "style" or name.startswith(("on", "hx-on"))]
        assert inline == [], f"{reported}: {it.name} {inline}"
        assert it.name != "style", reported
        assert it.name != "script" or it.attributes["src"].startswith("/"), reported
        assert not it.attributes.get("href", "").lower().startswith(("javascript:", "data:")), reported


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.slow
async def test_no_text_in_any_form_becomes_markup(sampled: World, apis: list[Sampled]) -> None:
    world = sampled
    taken = {it.path for it in world.app.router.routes if isinstance(it, APIRoute) and "POST" in (it.methods or ())}
    assert taken == FORMS.keys() | BUTTONS.keys() | WITHOUT_TEXT, "each form has a row"
    operator, partner = [(await somebody(world, it)).visitor for it in (OPERATOR.subject, HUSUM)]
    operated = Desk(world, apis, operator)
    written = 0
    for template in FORMS:
        for path in paths_of(template):
            desk = Desk(world, apis, partner) if path.endswith("/resubmit") else operated
            written += await _written(desk, path)
    for template, names in BUTTONS.items():
        path = template.replace("{offering_id}", ONE)
        answer = await operated.send(path, PROBES[0], dict.fromkeys(names, PROBES[0]))
        assert answer.status_code in {303, 422}, path
        require_text(answer, path)
    assert written > len(FORMS), "most forms ask for texts"
    for visitor in (operator, partner):
        await visitor.aclose()


async def _written(desk: Desk, path: str) -> int:
    """Write hostile texts into all fields of a form, and return into how many."""
    empty = await desk.send(path, HARMLESS, {})
    assert empty.status_code in {409, 412, 422}, f"{path}: {empty.status_code} {empty.headers.get('Location')}"
    form = form_at(Page(empty.text), path)
    sent = {it.attributes["name"]: value for it in form.inside_all("input", "select") for value in shown(it)}
    fields = texts_of(form)
    filled: dict[str, str] = dict.fromkeys(fields, "\n".join(PROBES))
    harmless = await desk.send(path, HARMLESS, sent | dict.fromkeys(fields, HARMLESS))
    hostile = await desk.send(path, PROBES[0], sent | filled)
    assert hostile.status_code == harmless.status_code, path
    assert hostile.headers["Content-Security-Policy"] == harmless.headers["Content-Security-Policy"], path
    require_text(hostile, path)
    page = Page(hostile.text)
    assert structure(page) == structure(Page(harmless.text)), path
    for name, value in texts_of(form_at(page, path)).items():
        assert words(value) == words(filled[name]), f"{path}: {name} is lost"
    return len(fields)


@pytest.mark.slow
async def test_no_text_that_is_searched_for_becomes_markup(sampled: World) -> None:
    templates = {it.name for it in FOLDER.rglob("*.html") if 'method="get"' in it.read_text(encoding="utf-8")}
    assert templates == SEARCHES.keys(), "each search has a row"
    visitor = (await somebody(sampled, HUSUM)).visitor
    for path in sorted({*SEARCHES.values()} - {""}):
        asked: list[Any] = [await visitor.get(f"{path}{quote(it)}") for it in (HARMLESS, *WAYS_OUT)]
        assert {it.status_code for it in asked} == {200}, path
        for answer in asked[1:]:
            require_text(answer, path)
            assert structure(Page(answer.text)) == structure(Page(asked[0].text)), path
    await visitor.aclose()


@pytest.mark.slow
async def test_no_page_shows_the_id_of_a_thing_as_text(sampled: World) -> None:
    """People read names, numbers and titles; ids belong into addresses."""
    opened = {it.path for it in sampled.app.router.routes if isinstance(it, APIRoute) and "GET" in (it.methods or ())}
    visitor = (await somebody(sampled, OPERATOR.subject)).visitor
    seen: set[str] = set()
    showing: dict[str, list[str]] = {}
    for template in sorted(opened):
        for path in paths_of(template) if template in FORMS.keys() - OPENED.keys() else [opened_at(template)]:
            answer = await visitor.get(path)
            if answer.status_code != HTTPStatus.OK or not answer.headers["Content-Type"].startswith("text/html"):
                continue
            seen.add(template)
            main = Page(answer.text).one("main")
            held = [value for it in main.inside_all("input", "textarea") if _is_read(it) for value in shown(it)]
            if found := ID.findall(" ".join([main.text, *held])):
                showing.setdefault(template, []).extend(found)
    await visitor.aclose()
    assert showing == {}
    assert len(seen) > len(FORMS)


def opened_at(template: str) -> str:
    """Return a path of a page, with an id in the place of each parameter that OPENED does not name."""
    values = {**BODY, **OPENED.get(template, {})}
    return re.sub(r"\{(\w+)\}", lambda it: quote(values.get(it[1], ONE), safe=":"), template)


def _is_read(element: Element) -> bool:
    """Return whether people read what a field holds."""
    return element.name == "textarea" or element.attributes.get("type") in {"text", "search"}
