"""What pages offer fits the person: in place of what they lack the function for stands which it is, and who has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Match

from marktplatz.assembly import ServiceName
from marktplatz.people import OPERATOR
from services.portal.pages.contracts import SHOWN
from services.portal.pages.offer_steps import MOVES
from services.portal.pages.organisations import DECISIONS
from services.portal.pages.steps import COMMANDS
from shared.messages.values import Function
from tests.component.ordering.ordering_world import ANBIETER, KUNDE
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.ordering.test_ordering_placements import ready
from tests.component.portal.conftest import BODY, Desks
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, HUSUM, Acting, Beside, World
from tests.component.portal.sampled import Sampled, thing
from tests.component.portal.test_portal_contracts import COST_INFORMATION
from tests.component.portal.test_portal_hostile_texts import FORMS, LICENCE, ORDER, ORGANISATION, opened_at, paths_of
from tests.component.portal.test_portal_operations import LETTER

EDITING, SIGNING, ADMINISTRATION = (it.value for it in (Function.BEARBEITUNG, Function.ZEICHNUNG, Function.VERWALTUNG))
MEMBERS: Final = (
    {"person": "anna", "functions": [EDITING, SIGNING, ADMINISTRATION]},
    {"person": "bert", "functions": [EDITING, SIGNING]},
    {"person": "carla", "functions": []},
)
OPEN: Final = frozenset(
    {
        "/acting",
        "/contacts/me",
        "/contacts/me/kinds",
        "/inbox/read",
        "/inbox/read-all",
        "/invitations/{organisation_id}",
        "/registration/{body_id}",
    }
)
"""Forms of people's own matters, which need no function."""
READ: Final = frozenset(
    {
        "/organisations/{organisation_id}/evidence/{document_id}",
        "/organisations/{organisation_id}/vollmacht",
        "/tasks/examinations/{fact_id}",
        "/tasks/statements",
    }
)
"""Pages with a form that show more than it, and are for those too who cannot send it."""
OFFERING: Final = "/v1/offerings/{offering_id}"
CLOSED: Final = "/webhooks"
"""Pages that notify gives to those alone who can do everything there."""


def me(functions: Iterable[str], members: Iterable[Mapping[str, Any]] = MEMBERS) -> dict[str, Any]:
    """Return what eligibility says of somebody with these functions."""
    own = {"person": "dora", "organisation": {"id": BODY, "name": "Husum, Stadt"}, "roles": ["KUNDE"]}
    return {**own, "functions": list(functions), "members": list(members)}


async def seen(world: World, orders: OrderingWorld, token: str, path: str, known: dict[str, Any] | None) -> Person:
    """Return somebody at a page; None: eligibility does not answer."""
    answer = httpx.Response(503) if known is None else httpx.Response(200, json=known)
    world.further["eligibility"] = httpx.MockTransport(lambda it: answer if it.url.path == "/v1/me" else httpx.Response(503))
    world.ordering = Acting(orders.app, token)
    world.app = world.portal(oidc_issuer=world.provider.url, session_keys=world.folder / "session-keys")
    return await (await somebody(world, HUSUM)).open(path)


def links(person: Person) -> list[str]:
    """Return where the page's main part leads to."""
    return [it.attributes["href"].removeprefix("/en") for it in person.page.one("main").inside_all("a")]


async def test_whoever_may_only_prepare_reads_who_orders_in_the_place_of_the_button(world: World, orders: OrderingWorld) -> None:
    order, world.now = await orders.offered(), orders.now
    path = f"/orders/{order['id']}"
    person = await seen(world, orders, KUNDE, path, me([EDITING]))
    said = (
        "Bestellen, Vorgang zurückziehen: Dafür braucht es die Funktion Zeichnung; in Ihrer Organisation haben sie: anna, bert."
    )
    assert said in person.text
    assert {f"{path}/place", f"{path}/withdraw"}.isdisjoint(links(person))
    assert f"{path}/reopen" in links(person), "to prepare is open"
    await person.open(f"/en{path}")
    assert "This needs the function Signing; in your organisation it is held by: anna, bert." in person.text


async def test_whoever_may_sign_has_the_button_and_no_word_about_functions(world: World, orders: OrderingWorld) -> None:
    order, world.now = await orders.offered(), orders.now
    path = f"/orders/{order['id']}"
    person = await seen(world, orders, KUNDE, path, me([EDITING, SIGNING]))
    assert {f"{path}/place", f"{path}/withdraw", f"{path}/reopen"} <= set(links(person))
    assert "braucht es die Funktion" not in person.text


async def test_who_only_reads_is_told_of_each_function_once(world: World, orders: OrderingWorld) -> None:
    order, world.now = await orders.offered(), orders.now
    person = await seen(world, orders, ANBIETER, f"/orders/{order['id']}", me([], ()))
    assert person.text.count("Dafür braucht es die Funktion Zeichnung.") == 1
    assert "Ein Mitglied Ihrer Organisation mit der Funktion Verwaltung der Mitglieder kann sie Ihnen geben." in person.text
    assert not [it for it in links(person) if it.startswith(f"/orders/{order['id']}/")]


async def test_where_it_is_not_known_what_a_person_may_do_everything_is_offered(world: World, orders: OrderingWorld) -> None:
    order, world.now = await orders.offered(), orders.now
    person = await seen(world, orders, KUNDE, f"/orders/{order['id']}", None)
    assert f"/orders/{order['id']}/place" in links(person)


async def test_an_order_of_several_is_led_to_by_those_who_may_sign(world: World, orders: OrderingWorld) -> None:
    for number in range(2):
        await ready(orders, number)
    world.now = orders.now
    person = await seen(world, orders, KUNDE, "/orders", me([EDITING]))
    assert "/orders/together" not in links(person)
    assert "Dafür braucht es die Funktion Zeichnung" in person.text
    assert "/orders/together" in links(await seen(world, orders, KUNDE, "/orders", me([SIGNING])))


async def test_a_person_who_lost_administration_sees_who_invites(desks: Desks) -> None:
    kunde = await desks.kunde.open("/registration?q=Husum")
    await kunde.follow("Weiter mit Husum, Stadt")
    await kunde.send(
        200, "", capacity="VERTRETUNGSBERECHTIGT", roles=["KUNDE"], accreditations=["govdigital/KUNDE"], confirmed="true"
    )
    here = f"/organisations/{BODY}"
    forms = {f"{here}/accreditations", f"{here}/details", f"{here}/invoice-address", f"{here}/relations", f"{here}/vollmacht"}
    assert forms <= set(links(await kunde.open(here)))
    assert f"{here}/members/invite" in links(await kunde.open(f"{here}/members"))
    world = desks.world
    world.further["eligibility"] = Beside(
        world.further["eligibility"], "/v1/me", lambda _: httpx.Response(200, json=me([EDITING]))
    )
    world.app = world.portal(oidc_issuer=world.provider.url, session_keys=world.folder / "session-keys")
    clerk = await (await somebody(world, HUSUM)).open(here)
    assert forms & set(links(clerk)) == {f"{here}/relations"}
    assert "Leitweg-ID, Rechnungsanschrift und Rollen ändern: Dafür braucht es die Funktion Verwaltung" in clerk.text
    await clerk.open(f"{here}/members")
    assert "Mitglieder einladen, ändern und entfernen: Dafür braucht es die Funktion Verwaltung" in clerk.text
    assert not [it for it in links(clerk) if it.startswith(f"{here}/members/")]
    # The form that is opened by its address is refused where it is sent to, as before.
    await clerk.open(f"{here}/details")
    await clerk.visitor.aclose()


@pytest.fixture(name="apis")
def _apis() -> list[Sampled]:
    organisation = thing(ServiceName.ELIGIBILITY, ORGANISATION)
    accreditations = [it | {"allowed": list(DECISIONS)} for it in organisation["accreditations"]]
    offering = thing(ServiceName.CATALOG, OFFERING)
    moves = {"allowed_moves": ["edit", "submit", *MOVES]}
    known: dict[ServiceName, dict[str, Any]] = {
        ServiceName.CATALOG: {OFFERING: offering | {"workflow": offering["workflow"] | moves}},
        ServiceName.CONTRACTS: {
            "/v1/offers/{offering_id}/cost-information": COST_INFORMATION,
            "/v1/offers/{offering_id}/licence": LICENCE,
            "/v1/contracts/{contract_id}": thing(ServiceName.CONTRACTS, "/v1/contracts/{contract_id}")
            | {"allowed_moves": list(SHOWN)},
        },
        ServiceName.ELIGIBILITY: {"/v1/me": me([]), ORGANISATION: organisation | {"accreditations": accreditations}},
        ServiceName.ORDERING: {
            "/v1/operations/": LETTER,
            ORDER: thing(ServiceName.ORDERING, ORDER) | {"allowed_moves": list(COMMANDS)},
        },
    }
    return [Sampled(it, known.get(it, {})) for it in ServiceName if it is not ServiceName.ALL]


async def offered(world: World) -> dict[str, set[str]]:
    """Return the forms that pages hold or lead to, by the template of their address, with the pages."""
    routes = [it for it in world.app.router.routes if isinstance(it, APIRoute)]
    taken = {it.path for it in routes if "POST" in (it.methods or ())}
    shown = sorted({it.path for it in routes if "GET" in (it.methods or ())} - (FORMS.keys() - READ))

    def at(method: str, address: str) -> str | None:
        scope = {"type": "http", "method": method, "path": address.partition("?")[0]}
        return next((it.path for it in routes if it.matches(scope)[0] is Match.FULL), None)

    found: dict[str, set[str]] = {}
    for subject in (OPERATOR.subject, GOVDIGITAL, HUSUM):
        person = await somebody(world, subject)
        for template in shown:
            if template.startswith(CLOSED):
                continue
            for path in paths_of(template) if template in FORMS else [opened_at(template)]:
                answer = await person.visitor.get(path)
                if answer.status_code != httpx.codes.OK or not answer.headers["Content-Type"].startswith("text/html"):
                    continue
                await person.open(path)
                forms = person.page.one("main").inside_all("form")
                sent = [at("POST", it.attributes["action"]) for it in forms if it.attributes.get("method") == "post"]
                for form in (*sent, *(at("GET", it) for it in links(person))):
                    if (form in taken and form != template) or form in sent:
                        found.setdefault(str(form), set()).add(template)
        await person.visitor.aclose()
    return found


@pytest.mark.slow
async def test_no_page_leads_anybody_without_a_function_to_a_form_that_would_be_refused(
    sampled: World, apis: list[Sampled]
) -> None:
    left = {form: pages for form, pages in (await offered(sampled)).items() if form not in OPEN and not form.startswith(CLOSED)}
    assert set(left) <= READ, left
    assert not [form for form, pages in left.items() if form in pages], "what they read has no form"
    (eligibility,) = (it for it in apis if it.service is ServiceName.ELIGIBILITY)
    eligibility.known = {**eligibility.known, "/v1/me": me(list(Function))}
    all_forms = (await offered(sampled)).keys()
    linked = FORMS.keys() & all_forms
    assert {"/accessions/{accession_id}/end", "/orders/{order_id}/place", "/offerings/{offering_id}/{step}"} <= linked
    assert len(linked) > len(FORMS) / 2, "whoever has all functions is led to most forms"
