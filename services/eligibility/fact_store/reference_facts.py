"""The reference data as facts: which bodies there are, which are authorities by their nature, who takes part in whom.

What no source examines stays null: nothing is inferred from a share, and a group of members that a source does not enumerate
states no relation. Dates that a source gives in part are read against the claim: a relation since 2022 begins with 2023.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from services.eligibility.domain.statement import RelationType
from services.eligibility.fact_store.sources import Stated
from services.eligibility.published import CITY_STATES, MEMBER_ALIASES, PART_FORMS, published_bodies, relation_type
from services.eligibility.reforms import Reform, reforms
from services.eligibility.rows import GovdigitalMember, ItProvider, ItProviderOwner, State
from shared.csv_rows import read_csv
from shared.messages.values import OrganisationType
from shared.store.port import Document

REGISTER = "verzeichnis.gv100ad"
"""The one document that carries the status of all territorial authorities: the Gemeindeverzeichnis."""
TERRITORIAL = ("states", "districts", "municipalities")
_TYPES = {OrganisationType.SONSTIGE: "OTHER"}
_JOINT = {RelationType.TRAEGER: "TRAEGER", RelationType.MEMBER: "MEMBER", RelationType.OWNER: "SHAREHOLDER"}
_UNKNOWN: Mapping[str, None] = dict.fromkeys(("organ_seat", "joint_influence", "contrary_interests", "all_fields"))


@dataclass(frozen=True, slots=True)
class ReferenceFacts:
    """What the reference data state. ``edition`` is the day of the territory that the Gemeindeverzeichnis describes."""

    facts: tuple[Stated, ...]
    documents: tuple[Stated, ...]
    edition: str


def reference_facts(data_dir: Path) -> ReferenceFacts:
    """Return the facts of the files. Raises InvalidError for a malformed row, FileNotFoundError for a missing file."""
    edition = _edition(data_dir)
    bodies = published_bodies(data_dir)
    known = {document["_id"]: document for documents in bodies.values() for document in documents}
    changes = reforms(data_dir)
    kinds = [kind for kind in bodies if kind != "associations"]
    facts = [
        *(it for kind in kinds for document in bodies[kind] for it in _body(document, kind in TERRITORIAL, changes.begun)),
        *(it for document in bodies["associations"] for it in _association(document)),
        *(it for reform in changes.given_up if reform.key not in known for it in _former(reform)),
        *(_part(municipality, land, "states.csv") for municipality, land in CITY_STATES.items()),
        *_relations(data_dir, known),
    ]
    title = f"Gemeindeverzeichnis GV100AD, Gebietsstand {edition}"
    document = {"id": REGISTER, "type": "VERZEICHNIS", "valid_from": None, "valid_to": None}
    return ReferenceFacts(tuple(facts), (Stated(document, details={"title": title}),), edition)


def against_the_claim(text: str | None, *, begins: bool) -> str | None:
    """Return the day that a date means which a source gives as day, month or year; None for none.

    A month or year at which something begins counts from its end on, one at which something ends to its beginning.
    """
    if text is None or len(text) not in (4, 7):
        return None if text is None else date.fromisoformat(text).isoformat()
    first = date.fromisoformat(f"{text}-01-01" if len(text) == 4 else f"{text}-01")  # noqa: PLR2004 - lengths of YYYY and YYYY-MM
    if not begins:
        return first.isoformat()
    after = first.replace(month=12, day=31) if len(text) == 4 else first + timedelta(days=31)  # noqa: PLR2004 - as above
    return (after + timedelta(days=1) if len(text) == 4 else after.replace(day=1)).isoformat()  # noqa: PLR2004 - as above


def _edition(data_dir: Path) -> str:
    first = next(read_csv(data_dir / "states.csv", State))
    return first.source_population.partition("Gebietsstand ")[2][:10]


def _body(document: Document, territorial: bool, begun: Mapping[str, str]) -> Iterator[Stated]:  # noqa: FBT001 - a property of the kind
    body_id, kind = document["_id"], OrganisationType.read(document["type"])
    yield _organisation(body_id, document["name"], _TYPES.get(kind, kind.value), begun.get(body_id), None)
    if territorial:
        yield _territorial(body_id)


def _association(document: Document) -> Iterator[Stated]:
    """Yield the association by its 9-digit ARS, and the 12-digit key with which it is registered as the same legal person."""
    key, ars = document["_id"], document["_id"][:9]
    for body_id in (ars, key):
        yield _organisation(body_id, document["name"], "VERBAND", None, None)
    yield _part(key, ars, "municipal_associations.csv")


def _former(reform: Reform) -> Iterator[Stated]:
    yield _organisation(reform.key, reform.name, "KOMMUNE", None, reform.until)
    yield _territorial(reform.key)


def _organisation(body_id: str, name: str, kind: str, valid_from: str | None, valid_to: str | None) -> Stated:
    return Stated(
        {
            "id": body_id,
            "kind": "organisation",
            "valid_from": valid_from,
            "valid_to": valid_to,
            "name": name,
            "type": kind,
            "sector": "PUBLIC",
        }
    )


def _territorial(body_id: str) -> Stated:
    return Stated(
        {
            "id": f"published:{body_id}:status",
            "kind": "authority_status",
            "valid_from": None,
            "valid_to": None,
            "org": body_id,
            "class": "NR1",
            "evidence": [REGISTER],
        }
    )


def _relations(data_dir: Path, bodies: Mapping[str, Document]) -> Iterator[Stated]:
    providers = {provider.id: provider for provider in read_csv(data_dir / "it_providers.csv", ItProvider)}
    lands = {state.ars: state.id for state in read_csv(data_dir / "states.csv", State) if state.ars}
    found: dict[str, Stated] = {}
    for provider in providers.values():
        owner = None if provider.ars is None else _municipal(provider.ars, bodies)
        if owner is not None:
            stated = _part(provider.id, owner, f"it_providers.csv: {provider.source}")
            found[str(stated.content["id"])] = stated
    for row in read_csv(data_dir / "it_provider_owners.csv", ItProviderOwner):
        owner = _owner(row, lands, bodies)
        if owner is not None:
            stated = _share(row, providers[row.provider_id], owner)
            found[str(stated.content["id"])] = stated
    for member in read_csv(data_dir / "govdigital_members.csv", GovdigitalMember):
        body_id = member.provider_id or MEMBER_ALIASES.get(member.name)
        if body_id is not None and body_id in bodies:
            period = (against_the_claim(member.joined, begins=True), None)
            stated = _joint(body_id, "govdigital", "MEMBER", period, None, f"govdigital_members.csv: {member.source}")
            found[str(stated.content["id"])] = stated
    yield from found.values()


def _owner(row: ItProviderOwner, lands: Mapping[str, str], bodies: Mapping[str, Document]) -> str | None:
    """Return the body that an ownership row names, None if it names none of the register."""
    match row.owner_ref_type:
        case "collective":
            return None
        case "state":
            return lands.get(row.owner_ref or "")
        case "district" | "municipality":
            return _municipal(row.owner_ref or "", bodies)
        case _:
            return row.owner_ref if row.owner_ref in bodies else None


def _municipal(ars: str, bodies: Mapping[str, Document]) -> str | None:
    """Return the body of an ARS: a kreisfreie Stadt is the municipality."""
    owner = ars if ars in bodies else f"{ars}0000000"
    return (bodies[owner]["same_as"] or owner) if owner in bodies else None


def _share(row: ItProviderOwner, provider: ItProvider, owner: str) -> Stated:
    source = f"it_provider_owners.csv: {row.source}"
    if provider.ars is not None or (provider.legal_form or "") in PART_FORMS:
        return _part(provider.id, owner, source)
    period = (against_the_claim(row.valid_from, begins=True), against_the_claim(row.valid_to, begins=False))
    share = None if row.share_pct is None else str(row.share_pct)
    return _joint(owner, provider.id, _JOINT[relation_type(provider)], period, share, source)


def _part(part: str, whole: str, source: str) -> Stated:
    return Stated(_relation(part, whole, "PART_OF", (None, None)), source)


def _joint(owner: str, target: str, form: str, period: tuple[str | None, str | None], share: str | None, source: str) -> Stated:
    content = {**_relation(owner, target, form, period), **_UNKNOWN}
    return Stated(content if share is None else {**content, "share": share}, source)


def _relation(source: str, target: str, form: str, period: tuple[str | None, str | None]) -> dict[str, Any]:
    return {
        "id": f"published:{source}:{target}:{form}",
        "kind": "relation",
        "valid_from": period[0],
        "valid_to": period[1],
        "type": form,
        "from": source,
        "to": target,
    }
