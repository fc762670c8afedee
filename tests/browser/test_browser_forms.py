"""The main flow in Chromium, by forms alone: registration, an offer up to its publication, interest, order, contract.

Every page is judged by axe in both widths and both themes, must fit a narrow screen, and has its picture taken in both widths.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, CDPSession, Locator, Page, expect

from marktplatz.infrastructure.idp import EmbeddedProvider
from marktplatz.people import PEOPLE
from services.contracts.accessions.repository import ACCESSIONS
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
from tests.browser.looking import look
from tests.browser.serving import address_of, served
from tests.component.contracts.test_contracts_countersigning import ANNA, ANTON, SACHSEN, key
from tests.component.contracts.test_contracts_countersigning import World as ContractsWorld
from tests.component.eligibility import conftest as eligibility
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.portal.login import GOVDIGITAL, HUSUM, KOMM_ONE, ActingAs, Notified
from tests.component.portal.test_portal_contracts import FITKO, SVEN, Contracts
from tests.component.portal.test_portal_organisations import BODY, few_bodies
from tests.support.builders.orders import concluded, offering
from tests.support.contract_requests import request
from tests.support.showcase import GOVDIGITAL as GINA
from tests.support.showcase import KOMM_ONE as KARLA
from tests.support.showcase import MUSTS, Showcase

NAMES = {HUSUM: "Hauke Husum", KOMM_ONE: "Petra Produkt", GOVDIGITAL: "Gero Digital", SVEN: "Sven Sachs", FITKO: "Fritzi Store"}
KAI = f"kai/{BODY}/KUNDE"
PDF = "%PDF-1.7 Satzung"
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
    await contracts.store.prepare([CONTRACTS, REGISTERS, ACCESSIONS, idempotency.COLLECTION])
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
            rules.app, {HUSUM: eligibility.ANNA, GOVDIGITAL: "gerd/govdigital/ANBIETER", KOMM_ONE: eligibility.KOMM_ONE}
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
    for opened in (store, bodies, showcase.store, orders.store, contracts.store):
        await opened.close()


@dataclass
class Desk:
    """A person at a browser of their own, who uses it by the keyboard alone or by a mouse, with or without scripts."""

    page: Page
    marketplace: Marketplace
    by_keyboard: bool = False
    scripts: CDPSession | None = None
    """What turns the scripts of pages off and on; None: they are on."""

    async def open(self, path: str, picture: str = "") -> None:
        """Open a page, and look at it if it is to have a picture."""
        await self.page.goto(path)
        if picture:
            await self.look(picture)

    async def follow(self, name: str, picture: str = "") -> None:
        """Follow a link of the main part."""
        await self._press(self.page.locator("main").get_by_role("link", name=name).first)
        if picture:
            await self.look(picture)

    async def send(self, button: str, picture: str = "", /, **values: str | list[str]) -> None:
        """Fill in the form of the page and send it by a button."""
        for name, value in values.items():
            fields = self.page.locator(f"main [name='{name.replace('__', '.')}']")
            kind = await fields.first.evaluate("it => it.type")
            if kind in {"radio", "checkbox"}:
                for it in [value] if isinstance(value, str) else value:
                    await self._tick(self.page.locator(f"main [name='{name}'][value='{it}']"))
            elif kind == "file":
                await fields.first.set_input_files(
                    {"name": "unterlage.pdf", "mimeType": "application/pdf", "buffer": str(value).encode()}
                )
            elif kind == "select-one" and self.by_keyboard:
                await self._reach(fields.first)
                await self.page.keyboard.type(str(await fields.first.locator(f"option[value='{value}']").text_content()))
            elif kind == "select-one":
                await fields.first.select_option(str(value))
            elif self.by_keyboard:
                await self._reach(fields.first)
                await self.page.keyboard.press("Control+A")
                await self.page.keyboard.type(str(value) or " ")
            else:
                await fields.first.fill(str(value))
        await self._press(self.page.locator("main").get_by_role("button", name=button, exact=True).first)
        if picture:
            await self.look(picture)

    async def _press(self, target: Locator) -> None:
        if self.by_keyboard:
            await self._reach(target)
            async with self.page.expect_navigation():
                await self.page.keyboard.press("Enter")
        else:
            await target.click()

    async def _tick(self, target: Locator) -> None:
        if not self.by_keyboard:
            await target.check()
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

    async def look(self, name: str) -> None:
        """Look at the page, wide and narrow in the dark theme, and note what is wrong with it in either."""
        await self._allow_scripts(allowed=True)
        self.marketplace.wrong += await look(self.page, name)
        await self._allow_scripts(allowed=False)

    async def _allow_scripts(self, *, allowed: bool) -> None:
        """Let what judges a page run in it, though its own scripts did not; nothing where these run anyway."""
        if self.scripts is not None:
            await self.scripts.send("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    async def says(self, text: str) -> None:
        """Expect a text in the main part."""
        await expect(self.page.locator("main")).to_contain_text(text)


@asynccontextmanager
async def desk(
    chromium: Browser, marketplace: Marketplace, subject: str, *, by_keyboard: bool = False, scripts: bool = True, **options: Any
) -> AsyncIterator[Desk]:
    """Give the desk of a person who has logged in."""
    context = await chromium.new_context(base_url=marketplace.url, viewport={"width": 1280, "height": 900}, **options)
    page = await context.new_page()
    await page.goto("/login")
    await page.get_by_role("button", name=NAMES[subject]).click()
    await page.wait_for_url(f"{marketplace.url}/")
    session = None if scripts else await context.new_cdp_session(page)
    if session is not None:
        await session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    yield Desk(page, marketplace, by_keyboard, session)
    await context.close()


@pytest.mark.slow
async def test_the_main_flow_is_played_by_forms(chromium: Browser, marketplace: Marketplace) -> None:
    """The Kunde has a keyboard and no mouse, the Bereitsteller a browser without scripts."""
    async with (
        desk(chromium, marketplace, HUSUM, by_keyboard=True) as kunde,
        desk(chromium, marketplace, KOMM_ONE, scripts=False) as bereitsteller,
        desk(chromium, marketplace, GOVDIGITAL) as anbieter,
        desk(chromium, marketplace, SVEN) as sven,
    ):
        await registers(kunde, anbieter)
        path = await offers(bereitsteller, anbieter)
        offering_id = path.removeprefix("/offerings/")
        await marketplace.orders.offer(offering(id=offering_id))
        await orders(marketplace, offering_id, kunde, bereitsteller, anbieter)
        await bereitsteller.open(f"{path}/costs/govdigital", "costs")
        await bereitsteller.follow("Neue Fassung ausgeben", "costs-new")
        await sven.open("/contracts", "contracts")
        await sven.open(f"/contracts/{key('a')}", "contract")
        await sven.follow("Abrechnung 2026", "statement")
        await sven.open(f"/contracts/{key('a')}")
        await anbieter.open(f"/contracts/{key('a')}/sign", "contract-sign")
        await anbieter.send("Verbindlich unterschreiben")
        async with desk(chromium, marketplace, FITKO) as fitko:
            await fitko.open(f"/contracts/{key('a')}/release")
            await fitko.send("Verbindlich freigeben")
            await marketplace.contracts.conclude()
            await fitko.open("/tasks/register/2026", "register")
            await fitko.open(f"/contracts/{key('a')}/price-changes", "prices")
        await sven.follow("Ganze Kette anzeigen", "chain")
        await sven.open(f"/contracts/{key('a')}/amendments", "amendment")
        await sven.send("Verbindlich vorschlagen", "changes", notice_months="3", notice_to="QUARTER_END")
    assert "\n".join(marketplace.wrong) == ""


async def registers(kunde: Desk, anbieter: Desk) -> None:
    """Register a municipality, have it state its relation, and accredit it."""
    await kunde.open("/registration?q=Husum", "registration")
    await kunde.follow("Weiter mit Husum, Stadt")
    await kunde.send("Registrieren", "registration-faults", leitweg_id="falsch")
    await kunde.page.locator("#leitweg_id").fill("")
    wish: dict[str, str | list[str]] = {"roles": ["KUNDE"], "accreditations": ["govdigital/KUNDE"], "confirmed": "true"}
    await kunde.send("Registrieren", "organisation-registered", capacity="VERTRETUNGSBERECHTIGT", **wish)
    await kunde.follow("Inhouse-Beziehung angeben")
    await kunde.send("Suchen", "relation", q="ITVSH")
    evidence = {"kind": "SATZUNG", "title": "Organisationssatzung", "reference": "https://example.org/satzung.pdf"}
    await kunde.send("Angabe speichern", via="itvsh\ndataport", channel="govdigital", type="TRAEGER", **evidence)
    await kunde.follow("Datei : Organisationssatzung", "evidence")
    await kunde.send("Datei beifügen", file=PDF)
    await kunde.says("Die Datei ist beigefügt")
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
    await anbieter.open("/tasks", "tasks")
    await anbieter.follow("Akkreditierungen prüfen", "accreditations")
    await anbieter.follow("Husum, Stadt")
    await anbieter.follow("Prüfung aufnehmen")
    await anbieter.send("Prüfung aufnehmen", "organisation")
    await anbieter.follow("Akkreditierung erteilen", "grant")
    await anbieter.send("Akkreditierung erteilen")
    await anbieter.says("Erteilt")


async def offers(bereitsteller: Desk, anbieter: Desk) -> str:
    """Fill in an offer, hand it in, have it published, and return its path."""
    await bereitsteller.open("/my/offerings", "mine-empty")
    await bereitsteller.follow("Neue Leistung anbieten")
    await bereitsteller.send("Entwurf anlegen", "edit-new", title="Digitale Baugenehmigung")
    here = "/" + bereitsteller.page.url.split("/", 3)[3]
    await bereitsteller.send("Formular einreichen", "edit-faults")
    await bereitsteller.open(f"{here}/about", "edit-about")
    await bereitsteller.send("Speichern", summary="Antrag auf eine Baugenehmigung.", topic_id="bauen_wohnen")
    await bereitsteller.open(f"{here}/keys")
    await bereitsteller.send("Suchen", "edit-keys", q="Baugenehmigung")
    await bereitsteller.page.locator("[name=ozg_ids]").first.check()
    await bereitsteller.send("Speichern")
    await bereitsteller.open(f"{here}/reuse", "edit-reuse")
    await bereitsteller.send("Speichern", nachnutzung="Gebühren pflegen.", technical_concept="Container.", reifegrad="3")
    await bereitsteller.open(f"{here}/connection/new")
    await bereitsteller.send("Speichern", label="Gebührenordnung", name="gebuehrenordnung")
    await bereitsteller.send("Speichern", anbindungsarten=["FIT_CONNECT"])
    await bereitsteller.open(f"{here}/costs/new", "edit-price")
    price = {"label": "Betrieb", "kind": "BETRIEB_ONLINEDIENST", "amount": "2.400,00", "period": "JAHR", "key": "FEST"}
    day = {"valid_from__day": "1", "valid_from__month": "1", "valid_from__year": "2027"}
    await bereitsteller.send("Speichern", "edit-costs", **price, **day)
    await bereitsteller.open(f"{here}/documents/new", "edit-document")
    await bereitsteller.send("Speichern", title="Leistungsbeschreibung", file=PDF)
    await bereitsteller.open(f"{here}/checklist", "edit-checklist")
    await bereitsteller.send("Speichern", **{f"fulfilment__{must}": "ERFUELLT" for must in MUSTS})
    await bereitsteller.open(f"{here}/ways", "edit-ways")
    await bereitsteller.send("Speichern", "edit-complete", channels=["govdigital"])
    await bereitsteller.send("Formular einreichen")
    await bereitsteller.says("Das Formular ist eingereicht")
    await anbieter.open("/tasks/offerings", "tasks-offerings")
    await anbieter.follow("Digitale Baugenehmigung", "offering-charge")
    await anbieter.follow("Formular annehmen")
    await anbieter.send("Formular annehmen")
    await anbieter.says("Bereitstellungsvertrag angefragt")
    await anbieter.marketplace.showcase.contracts_answer()
    await anbieter.open(here.removesuffix("/edit"))
    await anbieter.says("Bestellbar")
    return here.removesuffix("/edit")


async def orders(marketplace: Marketplace, offering_id: str, kunde: Desk, bereitsteller: Desk, anbieter: Desk) -> None:
    """Take a Vorgang from interest to the order."""
    await kunde.open(f"/offerings/{offering_id}/interest", "interest")
    await kunde.send("Interesse bekunden", message="Wir möchten zum 1. April starten.")
    await kunde.says("Ihr Interesse ist bekundet")
    here = kunde.page.url.removeprefix(marketplace.url).partition("?")[0]
    order_id = here.removeprefix("/orders/")
    await marketplace.orders.judge(await marketplace.orders.read(order_id, KAI))
    await bereitsteller.open(here)
    await bereitsteller.follow("Abstimmung aufnehmen", "clarification")
    await bereitsteller.send("Abstimmung aufnehmen", anbindungsart="FIT_CONNECT")
    await bereitsteller.follow("Frage stellen")
    await bereitsteller.send("Frage stellen", "order-bereitsteller", text="Wie viele Fälle im Jahr?")
    await kunde.open(here)
    await kunde.follow("Beantworten", "answer")
    await kunde.send("Antworten", text="Etwa 400.")
    await kunde.follow("Punkt klären")
    await kunde.send("Punkt als geklärt speichern", "point-faults", value="")
    await kunde.send("Punkt als geklärt speichern", value="203.0.113.17")
    await kunde.says("Der Punkt ist geklärt")
    # The other points are settled in the same way, which need not be looked at again.
    for point in (await marketplace.orders.read(order_id, KAI))["points"]:
        if point["mandatory"] and not point["settled"]:
            who = KAI if point["owner"] == "KUNDE" else BEREITSTELLER
            await marketplace.orders.step(order_id, f"points/{point['id']}/settle", who, {"value": point["example"]})
    await bereitsteller.open(f"{here}/conditions")
    await bereitsteller.send("Konditionen bestätigen", conditions="1st-Level-Support beim Kunden")
    await anbieter.open(f"{here}/offer", "make-offer")
    await anbieter.send("Angebot machen", valid_until__day="31", valid_until__month="12", valid_until__year="2026")
    await kunde.open(f"{here}/place")
    await kunde.send("Verbindlich bestellen", "place-faults")
    await kunde.send("Verbindlich bestellen", "order-placed", order_reference="HH-1", accepts_agb="true")
    await kunde.says("Sie haben bestellt")
    await marketplace.orders.judge(await marketplace.orders.read(order_id, KAI))
    await marketplace.orders.feed(marketplace.orders.received(concluded(order_id), "contract"))
    await bereitsteller.open(f"{here}/onboarding")
    await bereitsteller.send("Anbindung beginnen", "order-onboarding")
    await bereitsteller.follow("Zieltermin setzen", "plan")
    # The milestones are reached in the same way, each by its side.
    for milestone in (await marketplace.orders.read(order_id, KAI))["milestones"]:
        who = KAI if milestone["owner"] == "KUNDE" else BEREITSTELLER
        await marketplace.orders.step(order_id, f"milestones/{milestone['code']}/reach", who, {})
    await bereitsteller.open(f"{here}/go-live")
    await bereitsteller.send("Produktiven Betrieb erklären", "order-live")
    await bereitsteller.says("Der Dienst ist produktiv")


@pytest.mark.slow
async def test_a_form_with_faults_puts_the_focus_on_their_summary_and_needs_no_script(
    chromium: Browser, marketplace: Marketplace
) -> None:
    async with desk(chromium, marketplace, HUSUM, java_script_enabled=False) as kunde:
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
