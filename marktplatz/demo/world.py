"""What the scenes share: the run, the people, what came about so far, and what things are called on the screen."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property

from marktplatz.demo import flow
from marktplatz.demo.cast import Cast
from marktplatz.demo.people import Json, Person
from marktplatz.demo.screen import Screen
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded

SHORT = {
    "010540056056": "Husum",
    "053150000000": "Köln",
    "komm_one": "Komm.ONE",
    "govdigital": "govdigital",
    "fitko": "FITKO",
    "DE-NW": "NRW",
    "DE-SN": "Sachsen",
    "DE-BY": "Bayern",
}
MARKETPLACE = "Marktplatz"
TASKS = {
    "check": "Vorprüfung",
    "sign_off": "Freigabe",
    "bring_evidence": "Nachweis",
    "start_clarification": "Abstimmung beginnen",
    "settle_points": "offene Punkte",
    "answer_questions": "Rückfrage",
    "confirm_conditions": "Konditionen",
    "make_offer": "Vertragsangebot",
    "place": "Bestellung",
    "conclude_contract": "Vertragsschluss",
    "start_onboarding": "Anbindung beginnen",
    "reach_milestones": "Meilensteine",
    "go_live": "Produktivsetzung",
}


@dataclass
class World:
    """The run with its people. ``orders``: the Vorgänge of the story, the first is followed from Interesse to PRODUKTIV.

    ``kunden``: whose they are. ``split``: name, exact share and cents of each Land that bears a price, the dearest first.
    """

    run: Embedded
    screen: Screen
    cast: Cast
    tap: Tap
    checklist: Json = field(default_factory=dict)
    offers: dict[str, Json] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    kunden: list[Person] = field(init=False)
    split: list[tuple[str, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kunden = [self.cast.husum, self.cast.sachsen]

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """The German labels of codes, by vocabulary."""
        found: dict[str, dict[str, str]] = json.loads((self.run.settings.data / "labels" / "de.json").read_text(encoding="utf-8"))
        return found

    def label(self, vocabulary: str, code: str) -> str:
        """Return the German label of a code, the code itself where it has none."""
        return self.labels.get(vocabulary, {}).get(code, code)

    def waiting(self, order: Json) -> str | None:
        """Return for whom a Vorgang waits and for what, None if nobody has to do anything."""
        waiting = order["waiting"]
        if waiting is None:
            return None
        task = TASKS.get(waiting["what"], waiting["what"])
        return f"wartet auf {name_of(order, waiting['party'])}: {task}"

    async def offer(self, title: str) -> Json:
        """Publish an offer of Komm.ONE over govdigital and return it."""
        draft = flow.form(
            self.checklist,
            title=title,
            summary=self.offers["fahrgast"]["summary"],
            topic_id="mobilitaet_reisen",
            ozg_ids=["10424"],
            leika_keys=["99084003001000"],
            anbindungsarten=["FIT_CONNECT"],
            channels=["govdigital"],
        )
        return await flow.publish(self.cast.komm_one, self.cast.govdigital, draft)


def euro(cents: int) -> str:
    """Return an amount as in Germany: 4.800,00 €."""
    return f"{cents / 100:,.2f} €".translate(str.maketrans(",.", ".,"))


def short(party: Json) -> str:
    """Return a body's short name."""
    return SHORT.get(party["id"], str(party["name"]))


def name_of(order: Json, party: str) -> str:
    """Return the short name of a party of a Vorgang."""
    if party == "KUNDE":
        return short(order["customer"])
    if party == "BEREITSTELLER":
        return short(order["provider"])
    channel: str = order["channel"]
    return SHORT.get(channel, channel) if party == "ANBIETER" else MARKETPLACE


def decisive(assessment: Json) -> Json:
    """Return the finding that decides a verdict."""
    found: Json = next(item for item in assessment["findings"] if item["verdict"] == assessment["verdict"])
    return found
