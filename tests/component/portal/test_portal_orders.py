"""The pages of a Vorgang, read from a real ordering service as Kunde, Bereitsteller and Anbieter."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from services.contracts.domain.refusal import Refusal
from services.ordering.repository import Orders
from services.portal.apis.client import ApiUnavailableError
from services.portal.apis.ordering import Ordering, Vocabulary
from services.portal.apis.remembered import SECONDS
from services.portal.pages import orders as order_pages
from shared.messages.contracts import ContractRefused
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE, PLACE, STRANGER
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import HUSUM, Acting, World
from tests.support.builders.orders import CUSTOMER, OFFERING_ID, refused, succeeded
from tests.support.html import Page

KEYS = "session-keys"


async def seen(world: World, orders: OrderingWorld, token: str, path: str, status: int = 200) -> Page:
    """Return a page as somebody sees it who acts for the organisation of the token, when the Vorgang is."""
    world.ordering = Acting(orders.app, token)
    world.app = world.portal(oidc_issuer=world.provider.url, session_keys=world.folder / KEYS)
    async with world.browser() as visitor:
        await world.log_in(visitor)
        answer = await visitor.get(path)
        assert answer.status_code == status, answer.text
        return Page(answer.text)


async def test_the_list_says_first_what_waits_for_whoever_looks(world: World, orders: OrderingWorld) -> None:
    world.now = orders.now
    order = await orders.declare()
    await orders.judge(order)
    for token, group, who in (
        (BEREITSTELLER, "group-mine", "Wartet auf Sie seit heute: Abstimmung aufnehmen"),
        (KUNDE, "group-others", "Wartet auf Komm.ONE seit heute: Abstimmung aufnehmen"),
    ):
        page = await seen(world, orders, token, "/orders")
        assert [it.attributes["id"] for it in page.all("h2")] == [group]
        assert who in page.one("li", class_="card").text
        assert page.all("a", href=f"/orders/{order['id']}")


async def test_while_the_check_runs_the_page_asks_for_its_result_by_itself_and_by_a_link(
    world: World, orders: OrderingWorld
) -> None:
    world.now = orders.now
    order = await orders.declare()
    path = f"/orders/{order['id']}"
    page = await seen(world, orders, KUNDE, f"{path}?done=declare_interest")
    (checking,) = page.all("p", id="checking")
    asks = {name: value for name, value in checking.attributes.items() if name.startswith("hx-") or name == "role"}
    assert (asks["hx-get"], asks["hx-trigger"], asks["role"]) == (f"{path}?done=declare_interest", "every 2s", "status")
    assert [it.attributes["href"] for it in checking.inside_all("a")] == [asks["hx-get"]]
    world.now = orders.now + timedelta(seconds=31)
    assert not (await seen(world, orders, KUNDE, path)).all("p", id="checking"), "after half a minute it asks no more"
    world.now = orders.now
    await orders.judge(order)
    assert not (await seen(world, orders, KUNDE, path)).all("p", id="checking")


async def test_the_list_is_narrowed_over_all_its_pages_and_counted(
    world: World, orders: OrderingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_pages, "PAGE", 1)
    numbers = []
    for body in (CUSTOMER.id, "010540056056", "010610046046"):
        who = f"kai/{body}/KUNDE"
        order = await orders.declare(who)
        await orders.judge(await orders.read(order["id"], who))
        orders.pass_time(hours=1)
        numbers.append(order["number"])
    await orders.step(order["id"], "clarification", BEREITSTELLER)
    world.now, world.ordering = orders.now, Acting(orders.app, BEREITSTELLER)
    world.app = world.portal(oidc_issuer=world.provider.url, session_keys=world.folder / KEYS)
    person = await somebody(world, HUSUM)
    await person.open("/orders")
    assert person.page.one("p", role="status").text == "3 Vorgänge"
    assert [it.text for it in person.page.all("h2")] == ["Wartet auf mich 2 Vorgänge", "Wartet auf andere"]
    assert shown(person) == [numbers[0], numbers[2]], "the longest wait on top, however old"
    await person.follow("Alles anzeigen, was auf uns wartet")
    assert person.page.one("p", role="status").text == "2 Vorgänge"
    assert shown(person) == [numbers[0]]
    await person.follow("Weitere Vorgänge")
    assert shown(person) == [numbers[1]]
    assert "Weitere Vorgänge" not in person.text
    await person.open(f"/en/orders?state=IN_ABSTIMMUNG&offering_id={OFFERING_ID}")
    assert (person.page.one("p", role="status").text, shown(person)) == ("1 case", numbers[2:])
    chips = [it.text for it in person.page.all("a", class_="chip")]
    assert [it.removesuffix(" ✕") for it in chips] == ["In clarification", "Digitale Baugenehmigung"]
    await person.open("/orders?q=baugenehmigung&state=IN_ABSTIMMUNG")
    assert shown(person) == numbers[2:]
    assert [it.text.removesuffix(" ✕") for it in person.page.all("a", class_="chip")] == ["baugenehmigung", "In Abstimmung"]
    links = {it.text: it.attributes["href"] for it in person.page.one("main").inside_all("a")}
    saved = await person.visitor.get(links["Als Tabelle (CSV)"])
    assert saved.headers["content-disposition"] == 'attachment; filename="vorgaenge.csv"'
    assert [number for number in numbers if number in saved.text] == numbers[2:]
    english = await person.visitor.get(f"/en{links['Als Tabelle (CSV)']}")
    assert english.headers["content-disposition"] == 'attachment; filename="cases.csv"'
    await person.open("/orders?q=xyzzy")
    assert "Zu dieser Auswahl gibt es keinen Vorgang." in person.text
    await person.open("/orders?state=PRODUKTIV&waits_for_me=true")
    assert "Zu dieser Auswahl gibt es keinen Vorgang." in person.text
    await person.follow("Alle Filter entfernen")
    assert "Wartet auf mich" in person.text
    await person.visitor.aclose()


def shown(person: Person) -> list[str]:
    """Return the numbers of the Vorgänge that a page lists."""
    return [re.search(r"V-\d{4}-\w{8}", it.text).group() for it in person.page.all("li", class_="card")]  # type: ignore[union-attr]


async def test_who_has_no_vorgang_is_led_to_the_offers(world: World, orders: OrderingWorld) -> None:
    assert "Es gibt noch keinen Vorgang." in (await seen(world, orders, STRANGER, "/orders")).one("main").text


async def test_a_vorgang_shows_whose_turn_it_is_the_points_and_the_way_so_far(world: World, orders: OrderingWorld) -> None:
    order = await orders.declare(message="Wir sind <b>12</b> Kommunen.")
    await orders.judge(order)
    order = await orders.step(order["id"], "clarification", BEREITSTELLER)
    world.now = orders.now
    own = [it for it in order["points"] if it["owner"] == "KUNDE"]
    page = await seen(world, orders, KUNDE, f"/orders/{order['id']}")
    text = page.one("main").text
    assert f"{len(order['points'])} von {len(order['points'])} Punkten offen" in text
    assert "Wir sind <b>12</b> Kommunen." in text
    for expected in ("Bei Ihnen", "Bei der anderen Seite", order["number"], own[0]["label"], "Abstimmung aufgenommen", "Verlauf"):
        assert expected in text
    english = await seen(world, orders, KUNDE, f"/en/orders/{order['id']}")
    assert "In clarification" in english.one("main").text or "In Abstimmung" in english.one("main").text
    assert "Clarification started" in english.one("main").text


async def test_days_that_somebody_waits_are_counted(world: World, orders: OrderingWorld) -> None:
    order = await orders.declare()
    await orders.judge(order)
    orders.pass_time(days=3)
    world.now = orders.now
    page = await seen(world, orders, BEREITSTELLER, f"/orders/{order['id']}")
    assert "Wartet auf Sie seit 3 Tagen: Abstimmung aufnehmen" in page.one("main").text


async def test_a_closed_vorgang_stays_readable_with_its_contract(world: World, orders: OrderingWorld) -> None:
    order = await orders.contracted()
    world.now = orders.now
    page = await seen(world, orders, KUNDE, f"/orders/{order['id']}")
    assert "GD/2026/0001" in page.one("main").text


async def test_a_notice_leads_to_the_contract_that_takes_it_back_and_the_vorgang_then_names_both(
    world: World, orders: OrderingWorld
) -> None:
    order = await orders.terminate((await orders.contracted())["id"], "2026-11-30")
    path, contract = f"/orders/{order['id']}", order["contract"]["id"]
    world.now = orders.now
    for token, led in ((KUNDE, True), (ANBIETER, True), (BEREITSTELLER, False)):
        page = await seen(world, orders, token, path)
        links = [it.text for it in page.all("a", href=f"/contracts/{contract}/changes")]
        assert links == (["Kündigung einvernehmlich zurücknehmen: Folgevertrag vorschlagen"] if led else [])
    found = await Orders(orders.resources).ledger.get(order["id"])
    assert found is not None
    told = succeeded(found[0], date(2026, 12, 1))
    assert await orders.feed(orders.received(told, told.contract.id)) == []
    page = await seen(world, orders, KUNDE, path)
    assert not page.all("a", href=f"/contracts/{contract}/changes")
    assert page.all("a", href=f"/contracts/{contract}")
    assert page.all("a", href=f"/contracts/{told.contract.id}")
    assert "Mit dem Folgevertrag fortgesetzt" in page.one("main").text


async def test_a_vorgang_that_ends_before_a_contract_follows_names_that_with_its_first_day(
    world: World, orders: OrderingWorld
) -> None:
    order = await orders.terminate((await orders.contracted())["id"], "2026-11-30")
    found = await Orders(orders.resources).ledger.get(order["id"])
    assert found is not None
    told = succeeded(found[0], date(2027, 2, 1))
    await orders.feed(orders.received(told, told.contract.id))
    world.now = orders.now
    page = await seen(world, orders, KUNDE, f"/orders/{order['id']}")
    (link,) = page.all("a", href=f"/contracts/{told.contract.id}")
    assert link.text == "GD/2028/0001, ab 1. Februar 2027"


async def test_a_vorgang_whose_order_led_to_no_contract_says_why_until_when_and_how_it_goes_on(
    world: World, orders: OrderingWorld
) -> None:
    order = await orders.step((await orders.offered())["id"], "place", KUNDE, PLACE)
    await orders.judge(order)
    refusal = Refusal.of("agb_changed", day=date(2026, 11, 24), anbieter="govdigital eG", version="2026", accepted="2022")
    told = ContractRefused(**(refused(order["id"]).model_dump() | refusal.model_dump()))
    assert await orders.feed(orders.received(told, told.contract_id)) == []
    world.now = orders.now
    path = f"/orders/{order['id']}"
    page = await seen(world, orders, KUNDE, path)
    text = page.one("main").text
    assert "Noch kein Vertrag" in text
    assert told.reason in text
    assert "24. Dezember 2026; danach endet der Vorgang" in text
    assert page.all("a", href=f"{path}/place")
    assert page.all("a", href=f"{path}/channel")
    english = await seen(world, orders, KUNDE, f"/en{path}")
    assert "No contract yet" in english.one("main").text
    assert told.reason not in english.one("main").text
    assert "version “2026” is in force" in english.one("main").text
    for token in (BEREITSTELLER, ANBIETER):
        assert "Noch kein Vertrag" in (await seen(world, orders, token, path)).one("main").text


@pytest.mark.parametrize("token", [STRANGER, "otto/fitko/ANBIETER"])
async def test_the_vorgang_of_others_is_not_there(world: World, orders: OrderingWorld, token: str) -> None:
    order = await orders.declare()
    assert (await seen(world, orders, token, f"/orders/{order['id']}", 404)).one("h1").text == "Seite nicht gefunden"
    assert (await seen(world, orders, ANBIETER, f"/orders/{order['id']}")).one("h1").text


async def test_the_words_of_a_vorgang_are_asked_for_once_in_a_while() -> None:
    asked, now = [], 0.0
    words = Vocabulary(tasks={}, commands={})

    class Counting:
        async def get(self, path: str, _reply: object) -> Vocabulary:
            asked.append(path)
            if len(asked) == 1:
                raise ApiUnavailableError("away")
            return words

    ordering = Ordering(Counting(), lambda: now)  # type: ignore[arg-type]
    with pytest.raises(ApiUnavailableError):
        await ordering.words()
    assert [await ordering.words() for _ in range(3)] == [words] * 3
    now = SECONDS
    await ordering.words()
    assert len(asked) == 3
