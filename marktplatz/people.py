"""Who acts in the demo, and who one can log in as in the embedded run, at organisations with their real keys and names."""

from __future__ import annotations

from dataclasses import dataclass

from shared.messages.values import Role


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person at an organisation. ``key`` names them in the story; ``name`` is an invented one."""

    key: str
    subject: str
    name: str
    organisation: str
    organisation_name: str
    roles: tuple[Role, ...]


PEOPLE = (
    Somebody("komm_one", "produkt.komm-one", "Petra Produkt", "komm_one", "Komm.ONE", (Role.BEREITSTELLER,)),
    Somebody("husum", "digitales.husum", "Hauke Husum", "010540056056", "Husum, Stadt", (Role.KUNDE,)),
    Somebody("koeln", "digitales.koeln", "Dora Dom", "053150000000", "Köln, Stadt", (Role.KUNDE,)),
    Somebody("nordrhein_westfalen", "ozg.nw", "Nora Rhein", "DE-NW", "Nordrhein-Westfalen", (Role.BEREITSTELLER, Role.KUNDE)),
    Somebody("sachsen", "ozg.sn", "Sven Sachs", "DE-SN", "Sachsen", (Role.KUNDE,)),
    Somebody("goerlitz", "digitales.goerlitz", "Gitta Neiße", "146260110110", "Görlitz, Stadt, Hochschulstadt", (Role.KUNDE,)),
    Somebody("govdigital", "vertrieb.govdigital", "Gero Digital", "govdigital", "govdigital eG", (Role.ANBIETER,)),
    Somebody("fitko", "fit-store.fitko", "Fritzi Store", "fitko", "FITKO (Föderale IT-Kooperation)", (Role.ANBIETER,)),
)
OPERATOR = Somebody("betrieb", "betrieb.marktplatz", "Olga Betrieb", "betrieb", "Betrieb des Marktplatzes", (Role.BETREIBER,))
"""Who looks after the marketplace itself; the story does without them."""
