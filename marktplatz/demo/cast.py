"""Who takes part in the story, with the organisations' real keys and names."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from marktplatz.demo.people import Person
from marktplatz.embedded import Embedded
from shared.messages.values import Role


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of the story."""

    komm_one: Person
    husum: Person
    nordrhein_westfalen: Person
    sachsen: Person
    goerlitz: Person
    govdigital: Person
    fitko: Person


def cast(run: Embedded, client: httpx.AsyncClient) -> Cast:
    """Return the people, each with a token of this run's issuer."""

    def person(subject: str, organisation: str, name: str, *roles: Role) -> Person:
        return Person(run, client, subject, organisation, name, roles)

    return Cast(
        komm_one=person("produkt.komm-one", "komm_one", "Komm.ONE", Role.BEREITSTELLER),
        husum=person("digitales.husum", "010540056056", "Husum, Stadt", Role.KUNDE),
        nordrhein_westfalen=person("ozg.nw", "DE-NW", "Nordrhein-Westfalen", Role.BEREITSTELLER, Role.KUNDE),
        sachsen=person("ozg.sn", "DE-SN", "Sachsen", Role.KUNDE),
        goerlitz=person("digitales.goerlitz", "146260110110", "Görlitz, Stadt, Hochschulstadt", Role.KUNDE),
        govdigital=person("vertrieb.govdigital", "govdigital", "govdigital eG", Role.ANBIETER),
        fitko=person("fit-store.fitko", "fitko", "FITKO (Föderale IT-Kooperation)", Role.ANBIETER),
    )
