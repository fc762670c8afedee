"""A named person of the Anbieter answers for a risk, or decides beside the check, by forms that show what was found."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from shared.messages.values import Verdict
from tests.component.ordering.ordering_world import ANBIETER, KUNDE
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, HUSUM, ActingAs, World

HASH = "d0a838805730335065463e2c68fefdc3c2db3fef78f980365f4428d3c3f84dc1"
FINDING = {
    "code": "shares_unknown",
    "verdict": "RISK",
    "reason": "Die Anteile sind nicht belegt.",
    "remedy": "Legen Sie die Satzung vor.",
    "facts": [],
    "law": "§ 108 Abs. 4 GWB",
}


@dataclass
class Judge:
    """Eligibility as far as it judges one Vorgang: what it was sent, and whether somebody has answered for the risk.

    ``check`` is the number of the last check.
    """

    sent: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)
    refused: str = ""
    check: int = 2

    @property
    def tag(self) -> str:
        """The entity tag of the verdict."""
        return f'"{self.check + 5}"'

    def why_not(self, match: str | None, body: dict[str, Any]) -> httpx.Response | None:
        """Return the refusal of a decision, None for one about the verdict as it is."""
        if match != self.tag:
            return httpx.Response(412, json={"code": "precondition_failed", "detail": "no"})
        refused = self.refused or ("verdict_replaced" if body.get("check", self.check) != self.check else "")
        return httpx.Response(409, json={"code": refused, "detail": "no"}) if refused else None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith("/v1/verdicts/"):
            return httpx.Response(503)
        if request.method == "POST":
            body, match = json.loads(request.content), request.headers.get("If-Match")
            if refusal := self.why_not(match, body):
                return refusal
            self.sent.append((request.url.path.rpartition("/")[2], body, match))
        signed = any(path == "sign-off" for path, _, _ in self.sent)
        assessment = {"verdict": "RISK", "as_of": "2026-11-24", "findings": [FINDING, FINDING], "hash": HASH}
        answer = {
            "checks": [{"number": self.check, "signed_off": signed, "assessment": assessment}],
            "recheck": None,
            "to_sign": not signed,
            "decisions": ["PROCEED", "STOP"],
        }
        return httpx.Response(200, json=answer, headers={"ETag": self.tag})


@dataclass
class Desk:
    """The Anbieter and the Kunde before a Vorgang that waits for somebody to answer for a risk."""

    anbieter: Person
    kunde: Person
    judge: Judge
    path: str


@pytest.fixture(name="desk")
async def _desk(world: World) -> AsyncIterator[Desk]:
    orders, judge = OrderingWorld(), Judge()
    await orders.start()
    order = await orders.declare()
    await orders.judge(order, Verdict.RISK)
    world.now = orders.now
    world.further = {
        "ordering": ActingAs(orders.app, {HUSUM: KUNDE, GOVDIGITAL: ANBIETER}),
        "eligibility": httpx.MockTransport(judge),
    }
    await world.open()
    anbieter, kunde = [await somebody(world, it) for it in (GOVDIGITAL, HUSUM)]
    yield Desk(anbieter, kunde, judge, f"/orders/{order['id']}")
    for person in (anbieter, kunde):
        await person.visitor.aclose()
    await orders.store.close()


async def test_a_risk_is_answered_for_with_what_was_found_before_ones_eyes(desk: Desk) -> None:
    anbieter = await desk.anbieter.open(desk.path)
    assert "Wartet auf Sie" in anbieter.text
    await anbieter.follow("Risiko verantworten")
    assert anbieter.text.count("Die Anteile sind nicht belegt.") == 1, "each sentence once"
    for expected in ("§ 108 Abs. 4 GWB", "Legen Sie die Satzung vor."):
        assert expected in anbieter.text
    desk.judge.refused = "nothing_to_sign"
    await anbieter.send(409, "", note="Gutachten vom 1. März")
    assert "Es gibt kein Risiko" in anbieter.page.one("div", id="faults").text
    desk.judge.refused = ""
    await anbieter.send(200, "", note="Gutachten vom 1. März")
    assert "Das Risiko ist verantwortet" in anbieter.text
    assert desk.judge.sent == [("sign-off", {"note": "Gutachten vom 1. März"}, '"7"')]
    await anbieter.open(f"{desk.path}/sign-off")
    assert "missed" in anbieter.path


async def test_a_decision_beside_the_check_names_the_verdict_that_was_read(desk: Desk) -> None:
    anbieter = await desk.anbieter.open(f"/en{desk.path}")
    await anbieter.follow("Decide beside the check")
    day = {"valid_until__day": "1", "valid_until__month": "3", "valid_until__year": "2027"}
    desk.judge.refused = "verdict_replaced"
    await anbieter.send(409, "", decision="STOP", reason="The documents contradict each other.", **day)
    assert "There is a new result of the check" in anbieter.page.one("div", id="faults").text
    desk.judge.refused = ""
    await anbieter.send()
    (sent,) = desk.judge.sent
    assert sent[1] == {
        "check": 2,
        "verdict_hash": HASH,
        "decision": "STOP",
        "reason": "The documents contradict each other.",
        "valid_until": "2027-03-01",
    }
    assert "The decision is recorded" in anbieter.text


async def test_of_a_verdict_that_was_replaced_meanwhile_the_one_that_is_shown_now_is_decided_on(desk: Desk) -> None:
    anbieter = await desk.anbieter.open(f"{desk.path}/decision")
    desk.judge.check = 3
    day = {"valid_until__day": "1", "valid_until__month": "3", "valid_until__year": "2027"}
    await anbieter.send(412, "", decision="STOP", reason="Die Unterlagen widersprechen sich.", **day)
    assert (desk.judge.sent, anbieter.value("reason")) == ([], "Die Unterlagen widersprechen sich.")
    await anbieter.send()
    ((_, sent, match),) = desk.judge.sent
    assert (sent["check"], match) == (3, '"8"')


async def test_only_the_anbieter_is_offered_to_decide(desk: Desk) -> None:
    kunde = await desk.kunde.open(desk.path)
    assert "Risiko verantworten" not in [it.text for it in kunde.page.one("main").inside_all("a")]
