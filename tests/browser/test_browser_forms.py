"""The main flow in Chromium, by forms alone: registration, an offer up to its publication, interest, order, contract.

Every page is judged by axe in both widths and both themes, must fit a narrow screen, and has its picture taken in both widths.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, CDPSession, Locator, expect

from marktplatz.demo import forms
from marktplatz.demo.browser import NAMES, opened
from marktplatz.demo.desk import Desk
from marktplatz.demo.people import StepFailedError
from marktplatz.infrastructure.idp import EmbeddedProvider
from marktplatz.people import PEOPLE
from services.contracts.accessions.repository import ACCESSIONS
from services.contracts.contacts.repository import CONTACTS
from services.contracts.repository import CONTRACTS, REGISTERS
from services.eligibility.reference import load_reference
from services.eligibility.repository import COLLECTIONS
from services.eligibility.settings import Settings as EligibilitySettings
from services.portal.sealing import ensure_session_keys
from services.portal.sessions import PENDING, SESSIONS
from shared.http import idempotency
from shared.http.issuer import EmbeddedIssuer
from shared.process.serving import listen
from shared.store.sqlite.store import SqliteStore
from tests.browser import further_forms
from tests.browser.looking import look
from tests.browser.serving import address_of, served
from tests.component.contracts.test_contracts_countersigning import ANNA, ANTON, SACHSEN, key
from tests.component.contracts.test_contracts_countersigning import World as ContractsWorld
from tests.component.eligibility import conftest as eligibility
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.portal.conftest import BODY, few_bodies
from tests.component.portal.login import GOVDIGITAL, HUSUM, KOMM_ONE, ActingAs, Notified
from tests.component.portal.test_portal_contracts import FITKO, SVEN, Contracts
from tests.support.builders.orders import concluded, offering
from tests.support.contract_requests import request
from tests.support.showcase import GOVDIGITAL as GINA
from tests.support.showcase import KOMM_ONE as KARLA
from tests.support.showcase import MUSTS, Showcase

KAI = f"kai/{BODY}/KUNDE"
CHANNEL = "govdigital"
OFFER = forms.Offer(
    title="Digitale Baugenehmigung", summary="Antrag auf eine Baugenehmigung.", topic_id="bauen_wohnen", keys="Baugenehmigung"
)
TRAEGER = forms.Relation(
    via=("itvsh", "dataport"),
    type="TRAEGER",
    kind="SATZUNG",
    title="Organisationssatzung",
    reference="https://example.org/satzung.pdf",
)
STOPS = 150
"""Most presses of Tab from the top of a page to an element."""
RINGED = """it => {
  const style = getComputedStyle(it);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
}"""
"""Whether an element shows that it has the focus."""


@dataclass
class Marketplace:
    """A portal over real services in process, and what has been looked at so far."""

    url: str
    showcase: Showcase
    orders: OrderingWorld
    contracts: ContractsWorld
    wrong: list[str] = field(default_factory=list)


@pytest.fixture(name="marketplace")
async def _marketplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Marketplace]:
    monkeypatch.setenv("CATALOG_DOCUMENTS_FOLDER", str(tmp_path / "documents"))
    socket = listen("127.0.0.1", 0)
    data = few_bodies(tmp_path / "data")
    issuer, showcase, orders, contracts = (
        EmbeddedIssuer(tmp_path / "issuer"),
        await Showcase.open(data),
        OrderingWorld(),
        ContractsWorld(),
    )
    await orders.start()
    await contracts.store.prepare([CONTRACTS, REGISTERS, ACCESSIONS, CONTACTS, idempotency.COLLECTION])
    await contracts.order(request("a"))
    bodies, store = SqliteStore(None), SqliteStore(None)
    await bodies.prepare((*COLLECTIONS, idempotency.COLLECTION))
    await load_reference(bodies, few_bodies(tmp_path / "register"), lambda *_: None)
    rules = eligibility.World(bodies, EligibilitySettings(_env_file=None))
    await store.prepare([SESSIONS, PENDING])
    ensure_session_keys(tmp_path / "session-keys")
    transports: dict[str, httpx.AsyncBaseTransport] = {
        "catalog": ActingAs(showcase.app, {KOMM_ONE: KARLA, GOVDIGITAL: GINA, HUSUM: KAI, SVEN: SACHSEN}),
        "eligibility": ActingAs(
            rules.app,
            {
                HUSUM: eligibility.ANNA,
                GOVDIGITAL: "gerd/govdigital/ANBIETER",
                KOMM_ONE: eligibility.KOMM_ONE,
                SVEN: SACHSEN,
                FITKO: ANTON,
            },
        ),
        "ordering": ActingAs(orders.app, {KOMM_ONE: BEREITSTELLER, GOVDIGITAL: ANBIETER, HUSUM: KAI}),
        "contracts": Contracts(contracts.app, {GOVDIGITAL: ANNA, SVEN: SACHSEN, HUSUM: KAI, FITKO: ANTON}),
        "notify": httpx.MockTransport(Notified()),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in issuer.environment().items():
            patch.setenv(name, value)
        async with EmbeddedProvider(issuer, PEOPLE, address_of(socket)) as provider:
            entrance = {"oidc_issuer": provider.url, "session_keys": tmp_path / "session-keys", "run": "forms"}
            async with served(socket, store, transports, orders.clock, **entrance) as url:
                yield Marketplace(url, showcase, orders, contracts)
    for used in (store, bodies, showcase.store, orders.store, contracts.store):
        await used.close()


@dataclass
class Seat(Desk):
    """A person at a browser of their own, who uses it by the keyboard alone or by a mouse, with or without scripts."""

    marketplace: Marketplace
    by_keyboard: bool = False
    scripts: CDPSession | None = None
    """What turns the scripts of pages off and on; None: they are on."""

    async def look(self, view: str) -> None:
        """Look at the page, wide and narrow in the dark theme, and note what is wrong with it in either."""
        await self._allow_scripts(allowed=True)
        self.marketplace.wrong += await look(self.page, view)
        await self._allow_scripts(allowed=False)

    async def _press(self, target: Locator) -> None:
        if not self.by_keyboard:
            await super()._press(target)
            return
        await self._reach(target)
        await self.page.keyboard.press("Enter")

    async def _choose(self, field: Locator, value: str) -> None:
        if not self.by_keyboard:
            await super()._choose(field, value)
            return
        await self._reach(field)
        await self.page.keyboard.type(str(await field.locator(f"option[value='{value}']").text_content()))

    async def _write(self, field: Locator, text: str) -> None:
        if not self.by_keyboard:
            await super()._write(field, text)
            return
        await self._reach(field)
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(text or " ")

    async def _tick(self, target: Locator) -> None:
        if not self.by_keyboard:
            await super()._tick(target)
            return
        group = self.page.locator(f"main [name='{await target.get_attribute('name')}']")
        is_radio = await target.get_attribute("type") == "radio"
        await self._reach(group.first if is_radio else target)
        await self.page.keyboard.press("Space")
        for _ in range(await group.count() if is_radio else 0):
            if not await target.is_checked():
                await self.page.keyboard.press("ArrowDown")
        await expect(target).to_be_checked()

    async def _reach(self, target: Locator) -> None:
        """Go on by Tab until an element has the focus, and expect that it shows."""
        await expect(target).to_be_visible()
        for _ in range(STOPS):
            if await target.evaluate("it => it === document.activeElement"):
                break
            await self.page.keyboard.press("Tab")
        await expect(target).to_be_focused()
        if not await target.evaluate(RINGED):
            self.marketplace.wrong.append(f"{self.page.url}: the focus on {await target.text_content()} does not show")

    async def _allow_scripts(self, *, allowed: bool) -> None:
        """Let what judges a page run in it, though its own scripts did not; nothing where these run anyway."""
        if self.scripts is not None:
            await self.scripts.send("Emulation.setScriptExecutionDisabled", {"value": not allowed})


@asynccontextmanager
async def seat(
    chromium: Browser, marketplace: Marketplace, subject: str, *, by_keyboard: bool = False, scripts: bool = True, **options: Any
) -> AsyncIterator[Seat]:
    """Give the seat of a person who has logged in."""
    context = await chromium.new_context(base_url=marketplace.url, viewport={"width": 1280, "height": 900}, **options)
    seated = Seat(await context.new_page(), NAMES[subject], marketplace, by_keyboard)
    await seated.log_in()
    if not scripts:
        seated.scripts = await context.new_cdp_session(seated.page)
        await seated.scripts.send("Emulation.setScriptExecutionDisabled", {"value": True})
    yield seated
    await context.close()


@pytest.mark.slow
async def test_the_main_flow_is_played_by_forms(chromium: Browser, marketplace: Marketplace) -> None:
    """The Kunde has a keyboard and no mouse, the Bereitsteller a browser without scripts."""
    async with (
        seat(chromium, marketplace, HUSUM, by_keyboard=True) as kunde,
        seat(chromium, marketplace, KOMM_ONE, scripts=False) as bereitsteller,
        seat(chromium, marketplace, GOVDIGITAL) as anbieter,
        seat(chromium, marketplace, SVEN) as sven,
    ):
        await registers(kunde, anbieter)
        path = await offers(bereitsteller, anbieter)
        offering_id = path.removeprefix("/offerings/")
        await forms.find_offer(kunde, "Baugenehmigung", OFFER.title)
        assert kunde.path == path
        await marketplace.orders.offer(offering(id=offering_id))
        await orders(marketplace, path, kunde, bereitsteller, anbieter)
        await further_forms.order_together(marketplace, kunde, KAI)
        await kunde.open(f"{path}/licence/fitko", "accede")
        await bereitsteller.open(f"{path}/costs/govdigital", "costs")
        await bereitsteller.follow("Neue Fassung ausgeben", "costs-new")
        await sven.open("/contracts", "contracts")
        await sven.open(f"/contracts/{key('a')}", "contract")
        await sven.follow("Abrechnung 2026", "statement")
        await sven.open(f"/contracts/{key('a')}")
        await anbieter.open(f"/contracts/{key('a')}/sign", "contract-sign")
        await anbieter.send("Verbindlich unterschreiben")
        async with seat(chromium, marketplace, FITKO) as fitko:
            await fitko.open(f"/contracts/{key('a')}/release")
            await fitko.send("Verbindlich freigeben")
            await marketplace.contracts.conclude()
            await fitko.open("/tasks/register/2026", "register")
            await fitko.open(f"/contracts/{key('a')}/price-changes", "prices")
        await further_forms.pass_on(sven, key("a"), "Görlitz")
        await sven.open(f"/contracts/{key('a')}")
        await sven.follow("Ganze Kette anzeigen", "chain")
        await sven.open(f"/contracts/{key('a')}/amendments", "amendment")
        await sven.send("Verbindlich vorschlagen", "changes", notice_months="3", notice_to="QUARTER_END")
    assert "\n".join(marketplace.wrong) == ""


async def registers(kunde: Seat, anbieter: Seat) -> None:
    """Register a municipality, have it state its relation, and accredit it."""
    await kunde.open(f"/registration/{BODY}")
    await kunde.send("Registrieren", "registration-faults", leitweg_id="falsch")
    await forms.register(kunde, "Husum", "Husum, Stadt", CHANNEL)
    await forms.state_relation(kunde, TRAEGER, CHANNEL)
    await kunde.open(f"/organisations/{BODY}/vollmacht", "vollmacht")
    await kunde.open(f"/organisations/{BODY}")
    await kunde.follow("1 Person", "members")
    await kunde.follow("Funktionen ändern oder entfernen", "member")
    await kunde.open(f"/organisations/{BODY}/members")
    await kunde.follow("Jemanden einladen", "invite")
    await kunde.send("Einladen", "invited", functions=["BEARBEITUNG"])
    secret = (await kunde.page.locator("main .told").text_content() or "").rpartition("#")[2]
    await anbieter.open(f"/invitations/{BODY}#{secret}", "invitation")
    await expect(anbieter.page.locator("[name=secret]")).to_have_value(secret)
    await forms.accredit(anbieter, "Husum, Stadt")
    await further_forms.examine(anbieter, "Husum, Stadt")


async def offers(bereitsteller: Seat, anbieter: Seat) -> str:
    """Fill in an offer, hand it in, have it published, and return its path."""
    path = await forms.begin_offer(bereitsteller, OFFER.title)
    await bereitsteller.send("Formular einreichen", "edit-faults")
    assert await forms.complete_offer(bereitsteller, path, OFFER, CHANNEL, date(2027, 1, 1)) >= len(MUSTS)
    await further_forms.state_operation(bereitsteller, f"{path}/edit")
    await forms.hand_in_offer(bereitsteller, path)
    await forms.accept_offer(anbieter, OFFER.title)
    await anbieter.says("Bereitstellungsvertrag angefragt")
    await anbieter.marketplace.showcase.contracts_answer()
    await anbieter.arrives(path, "Bestellbar")
    return path


async def orders(marketplace: Marketplace, offer: str, kunde: Seat, bereitsteller: Seat, anbieter: Seat) -> None:
    """Take a Vorgang from interest to productive use."""
    here = await forms.declare_interest(kunde, offer, "Wir möchten zum 1. April starten.")
    order_id = here.removeprefix("/orders/")
    await marketplace.orders.judge(await marketplace.orders.read(order_id, KAI))
    await forms.start_clarification(bereitsteller, here)
    await forms.ask(bereitsteller, "Wie viele Fälle im Jahr?")
    await forms.answer(kunde, here, "Etwa 400.")
    await kunde.follow("Punkt klären")
    await kunde.send("Punkt als geklärt speichern", "point-faults", value="")
    await kunde.open(here)
    await forms.settle_point(kunde)
    # The other points are settled in the same way, which need not be looked at again.
    for point in (await marketplace.orders.read(order_id, KAI))["points"]:
        if point["mandatory"] and not point["settled"]:
            who = KAI if point["owner"] == "KUNDE" else BEREITSTELLER
            await marketplace.orders.step(order_id, f"points/{point['id']}/settle", who, {"value": point["example"]})
    await forms.confirm_conditions(bereitsteller, here)
    await forms.make_offer(anbieter, here, date(2026, 12, 31))
    await kunde.open(f"{here}/place")
    await kunde.send("Verbindlich bestellen", "place-faults")
    await forms.place(kunde, here, "HH-1")
    await marketplace.orders.judge(await marketplace.orders.read(order_id, KAI))
    await marketplace.orders.feed(marketplace.orders.received(concluded(order_id), "contract"))
    await forms.start_onboarding(bereitsteller, here)
    await bereitsteller.follow("Zieltermin setzen", "plan")
    await forms.reach_milestones(bereitsteller, here)
    # Those of the Kunde are reached in the same way.
    for milestone in (await marketplace.orders.read(order_id, KAI))["milestones"]:
        if milestone["owner"] == "KUNDE":
            await marketplace.orders.step(order_id, f"milestones/{milestone['code']}/reach", KAI, {})
    await forms.go_live(bereitsteller, here)


@pytest.mark.slow
async def test_a_form_with_faults_puts_the_focus_on_their_summary_and_needs_no_script(
    chromium: Browser, marketplace: Marketplace
) -> None:
    async with seat(chromium, marketplace, HUSUM, java_script_enabled=False) as kunde:
        await kunde.page.goto(f"/registration/{BODY}")
        await kunde.page.get_by_role("button", name="Registrieren").click()
        await expect(kunde.page.locator("#faults")).to_be_focused()
        await kunde.page.keyboard.press("Tab")
        await kunde.page.keyboard.press("Enter")
        await expect(kunde.page.locator("#capacity-1")).to_be_focused()
        await kunde.page.keyboard.press("Space")
        await kunde.page.get_by_label("Leistungen anderer nachnutzen (Kunde)").check()
        await kunde.page.get_by_label("Ich bestätige, dass ich für diese Organisation handeln darf.").check()
        await kunde.page.get_by_role("button", name="Registrieren").click()
        await kunde.says("Ihre Organisation ist registriert")
        await kunde.page.get_by_role("link", name="English").click()
        await kunde.says("Ask for an accreditation")


async def test_a_search_for_a_body_leads_by_keyboard_to_what_was_found_and_needs_no_script(
    chromium: Browser, marketplace: Marketplace
) -> None:
    async with seat(chromium, marketplace, HUSUM, java_script_enabled=False) as kunde:
        await kunde.page.goto(f"/facts/of/{BODY}/new/joint")
        await kunde.page.locator("[name='to.q']").fill("Dataport")
        await kunde.page.keyboard.press("Enter")
        found = kunde.page.locator("fieldset[id='to']")
        await expect(found).to_be_focused()
        await expect(found.locator("input[type=radio]")).to_have_count(1)
        for _ in range(3):
            await kunde.page.keyboard.press("Tab")
        await expect(found.locator("input[type=radio]")).to_be_focused()
        await kunde.page.keyboard.press("Space")
        await kunde.page.locator("[name=reason]").fill("Satzung.")
        await kunde.page.get_by_label("Träger", exact=True).check()
        await kunde.page.get_by_role("button", name="Festhalten").click()
        await kunde.says("Die Tatsache ist festgehalten")


async def test_a_step_that_fails_says_who_is_where_what_was_expected_and_what_the_page_says(
    chromium: Browser, marketplace: Marketplace
) -> None:
    async with seat(chromium, marketplace, HUSUM) as kunde:
        await kunde.open(f"/registration/{BODY}")
        await kunde.send("Registrieren")
        kunde.page.set_default_timeout(300)
        with pytest.raises(StepFailedError) as raised:
            await kunde.says("Ihre Organisation ist registriert")
        with pytest.raises(StepFailedError, match="Hauke Husum at /registration/010540056056: expected a link 'Angebot machen'"):
            await kunde.follow("Angebot machen")
        with pytest.raises(StepFailedError, match="expected a form with no_field and a button 'Registrieren'"):
            await kunde.send("Registrieren", no_field="x")
    said = str(raised.value)
    assert said.startswith(f"Hauke Husum at /registration/{BODY}: expected 'Ihre Organisation ist registriert'; the page says: ")
    assert "Bitte prüfen Sie Ihre Angaben" in said


async def test_a_browser_that_does_not_start_is_named() -> None:
    with pytest.raises(StepFailedError, match="/bin/false does not start"):
        async with opened("/bin/false", "http://127.0.0.1:9"):
            pass
