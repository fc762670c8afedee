"""The sentences of the findings: German, for a person at a municipality. Bodies by name, days as 31.12.2026."""

from __future__ import annotations

from datetime import date

from services.eligibility.rules.facts import CollectiveRelation, Facts, Relation, RelationType
from services.eligibility.rules.policy import ChannelRule
from shared.messages.values import OrganisationType

LINE_LENGTH = 200
KIND = {
    OrganisationType.BUND: "der Bund",
    OrganisationType.LAND: "ein Land",
    OrganisationType.KREIS: "ein Kreis",
    OrganisationType.KOMMUNE: "eine Kommune",
    OrganisationType.VERBAND: "ein Verband",
    OrganisationType.IT_PROVIDER: "ein IT-Dienstleister",
    OrganisationType.ANBIETER: "ein Anbieter des Marktplatzes",
    OrganisationType.SONSTIGE: "eine sonstige Stelle",
}
BELONGING = {
    RelationType.TRAEGER: "Träger",
    RelationType.MEMBER: "Mitglied",
    RelationType.OWNER: "Eigentümer",
    RelationType.PART: "Teil derselben Körperschaft",
}
WEAK = {
    "STATEMENT_NOT_CONFIRMED": "ist angegeben, aber von keinem Anbieter durch Akkreditierung bestätigt",
    "EVIDENCE_MISSING": "ist nicht belegt",
    "EVIDENCE_EXPIRED": "ist nicht mehr belegt: der Nachweis ist abgelaufen",
    "EVIDENCE_NOT_YET_VALID": "ist noch nicht belegt: der Nachweis gilt erst später",
}


def kind(body_type: OrganisationType) -> str:
    """Return the kind of a body in words, also of one that a later version has brought."""
    return KIND.get(body_type, "eine Stelle anderer Art")


def day(value: date) -> str:
    """Return the day as German text."""
    return f"{value.day:02}.{value.month:02}.{value.year}"


def line(text: str) -> str:
    """Return the text, cut to what one line of a message holds."""
    return text if len(text) <= LINE_LENGTH else f"{text[: LINE_LENGTH - 1]}…"


def relation_text(relation: Relation, facts: Facts) -> str:
    """Return a relation as one line: who -> whom (kind and dates)."""
    return _arrow(facts.name(relation.source), facts.name(relation.target), relation)


def collective_text(relation: CollectiveRelation, facts: Facts) -> str:
    """Return a group's relation as one line."""
    return _arrow(relation.name, facts.name(relation.target), relation)


def path_text(start: str, path: tuple[Relation, ...], facts: Facts) -> str:
    """Return the bodies of a way, joined by arrows; parts of a body may be crossed against their direction."""
    bodies = [start]
    for relation in path:
        bodies.append(relation.target if relation.source == bodies[-1] else relation.source)
    return " → ".join(facts.name(body) for body in bodies)


def open_to_others(rule: ChannelRule) -> str:
    """Return the remedy that names another channel in which nothing but an accreditation can stand in the way."""
    return (
        f"Bestellen Sie über {rule.anbieter_name}, sofern die Leistung dort angeboten wird: mit einer Akkreditierung dort "
        "ist der Weg frei."
    )


def open_after(rule: ChannelRule, first: str) -> str:
    """Return the remedy that names another channel and what must be done there first."""
    return f"Über {rule.anbieter_name} kommt eine Bestellung in Betracht. Zuvor: {first}"


BUNDLING = (
    "Beziehen Sie die Leistung über eine bündelnde Organisation oder unentgeltlich über Ihr Land; "
    "sonst ist ein Vergabeverfahren nötig."
)


def _arrow(source: str, target: str, relation: Relation | CollectiveRelation) -> str:
    since = f" seit {day(relation.valid_from)}" if relation.valid_from else ""
    until = f" bis vor {day(relation.valid_to)}" if relation.valid_to else ""
    return line(f"{source} -> {target} ({BELONGING[relation.type]}{since}{until})")
