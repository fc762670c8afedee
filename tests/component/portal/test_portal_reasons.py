"""Why something of an offer is so: what a rule has made is said in the language of the page, what a person wrote stays as it is."""

from __future__ import annotations

from typing import Any, Final

import httpx
import pytest

from tests.component.portal.login import World
from tests.component.portal.test_portal_steps import OFFERING
from tests.support.builders.orders import OFFERING_ID
from tests.support.html import Element, Page

PATH: Final = f"/offerings/{OFFERING_ID}"
GERMAN: Final = "Der Bereitstellungsvertrag mit govdigital eG endet durch Kündigung am 31.12.2027."
WITHDRAWAL: Final = {"channel": "govdigital", "by": "komm_one", "reason": GERMAN, "at": "2028-01-01T00:05:00Z"}
ENDED: Final = {
    "state": "ZURUECKGEZOGEN",
    "orderable": False,
    "orderable_channels": [],
    "channels": [{"channel": "govdigital"}],
    "withdrawal_reason": GERMAN,
    "channel_withdrawals": [WITHDRAWAL | {"contract_ended_on": "2027-12-31"}],
}
DECLINED: Final = {
    "code": "provision_declined",
    "facts": [
        {"name": "anbieter", "text": "govdigital eG", "day": None},
        {"name": "reason", "text": "Es fehlt etwas.", "day": None},
    ],
}
WORKFLOW: Final = {
    **dict.fromkeys(("channel", "pending")),
    "wished_channels": ["govdigital"],
    "allowed_moves": [],
    "remarks": "govdigital eG hat abgelehnt.",
    "returns": [{"channel": "govdigital", "remarks": "govdigital eG hat abgelehnt.", "at": "2026-11-24T09:00:00Z", **DECLINED}],
    "provisions": [
        {
            "channel": "govdigital",
            "contract_id": OFFERING_ID,
            "state": "ABGELEHNT",
            "number": None,
            "reason": "govdigital eG hat abgelehnt.",
            **DECLINED,
        }
    ],
}
ENGLISH: Final = "govdigital eG has declined the Bereitstellungsvertrag (Es fehlt etwas.)."


async def main(world: World, path: str, **changes: Any) -> Element:
    """Return the main part of a page about the offer."""
    world.further["catalog"] = httpx.MockTransport(
        lambda _: httpx.Response(200, json=OFFERING | changes, headers={"ETag": '"1"'})
    )
    world.app = world.portal(oidc_issuer=world.provider.url, session_keys=world.folder / "session-keys")
    async with world.browser() as visitor:
        await world.log_in(visitor)
        answer = await visitor.get(path)
    assert answer.status_code == httpx.codes.OK, answer.text
    return Page(answer.text).one("main")


async def test_an_offer_that_ended_with_its_contract_says_so_in_the_language_of_the_page(world: World) -> None:
    english = await main(world, f"/en{PATH}", **ENDED)
    assert "The Bereitstellungsvertrag with govdigital eG ended with 31 December 2027." in english.text
    assert GERMAN not in english.text
    german = await main(world, PATH, **ENDED)
    assert "Der Bereitstellungsvertrag mit govdigital eG endete mit Ablauf des 31. Dezember 2027." in german.text


@pytest.mark.parametrize(
    "changes",
    [
        {"channel_withdrawals": []},
        {"channel_withdrawals": [WITHDRAWAL]},
        {"channels": [{"channel": "govdigital"}, {"channel": "fitko"}]},
    ],
    ids=["withdrawn as a whole", "told without the day", "another channel was open"],
)
async def test_a_reason_that_a_person_wrote_or_that_has_no_day_stays_german(world: World, changes: dict[str, Any]) -> None:
    english = await main(world, f"/en{PATH}", **{**ENDED, **changes})
    (reason,) = [it for it in english.inside_all("p") if it.text == GERMAN]
    assert reason.attributes["lang"] == "de"


async def test_why_no_contract_came_about_and_the_form_came_back_is_said_in_english(world: World) -> None:
    english = await main(world, f"/en{PATH}", workflow=WORKFLOW)
    told = [it for it in english.inside_all("p") if it.text == ENGLISH]
    assert [it.attributes["lang"] for it in told] == ["en", "en"], "of the contract and of the form"
    assert "hat abgelehnt" not in english.text
    german = await main(world, PATH, workflow=WORKFLOW)
    assert [it.attributes["lang"] for it in german.inside_all("p") if it.text == "govdigital eG hat abgelehnt."] == ["de", "de"]


async def test_the_form_that_came_back_says_why_in_the_language_of_the_page(world: World) -> None:
    draft = {"state": "ENTWURF", "workflow": WORKFLOW}
    (why,) = [it for it in (await main(world, f"/en{PATH}/edit", **draft)).inside_all("p") if it.text == ENGLISH]
    assert why.attributes["lang"] == "en"
    by_hand = WORKFLOW | {"returns": [], "remarks": "Die Zielgruppe fehlt."}
    written = await main(world, f"/en{PATH}/edit", **(draft | {"workflow": by_hand}))
    (why,) = [it for it in written.inside_all("p") if it.text == "Die Zielgruppe fehlt."]
    assert why.attributes["lang"] == "de"
