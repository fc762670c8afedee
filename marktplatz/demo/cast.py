"""Who takes part in the story, with the organisations' real keys and names."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from marktplatz.demo.people import Person
from marktplatz.embedded import Embedded
from marktplatz.people import PEOPLE


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of the story."""

    komm_one: Person
    husum: Person
    koeln: Person
    nordrhein_westfalen: Person
    sachsen: Person
    goerlitz: Person
    govdigital: Person
    fitko: Person


def cast(run: Embedded, client: httpx.AsyncClient) -> Cast:
    """Return the people, each with a token of this run's issuer."""
    return Cast(**{it.key: Person(run, client, it.subject, it.organisation, it.organisation_name, it.roles) for it in PEOPLE})
