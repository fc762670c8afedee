"""Turns the reference files into documents: bodies with their kinds, relations between them. Reads files, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from services.eligibility.domain.statement import RelationType
from services.eligibility.rows import Association, District, GovdigitalMember, ItProvider, ItProviderOwner, Municipality, State
from shared.channels import channel_file
from shared.csv_rows import first_day, read_csv
from shared.ids import derived_id
from shared.messages.values import Channel, OrganisationType
from shared.store.port import Document

ANBIETER = frozenset(channel.value for channel in Channel)
CITY_STATES = {"110000000000": "DE-BE", "020000000000": "DE-HH"}
"""Berlin and Hamburg are Land and Gemeinde in one; they act as the Land."""

ASSOCIATION_KINDS = ("municipal_association", "municipal_higher_association")
PART_FORMS = ("Part of the municipality", "Kreis", "Landesbetrieb", "Landesoberbehörde")
"""Legal forms without a legal person of their own: the body is a part of its owner."""

MEMBER_ALIASES = {"Freistaat Bayern (StMD)": "DE-BY"}
"""Members that the source names without an id, by the public body that they are."""

_PROVIDER_TYPES = {"": OrganisationType.SONSTIGE} | dict.fromkeys(ASSOCIATION_KINDS, OrganisationType.VERBAND)


def published_bodies(data_dir: Path) -> dict[str, list[Document]]:
    """Return the documents of the bodies by kind of record.

    A kreisfreie Stadt is one body, the municipality: its row as a district makes none. An Anbieter whom the list of IT providers
    does not know is the body that the file of its channel names.
    """
    states = list(read_csv(data_dir / "states.csv", State))
    codes = {state.ars: state.code for state in states}
    municipalities = read_csv(data_dir / "municipalities.csv", Municipality)
    districts = list(read_csv(data_dir / "districts.csv", District))
    associations = read_csv(data_dir / "municipal_associations.csv", Association)
    providers = list(read_csv(data_dir / "it_providers.csv", ItProvider))
    unlisted = sorted(ANBIETER - {provider.id for provider in providers})
    kommune, kreis, verband = OrganisationType.KOMMUNE, OrganisationType.KREIS, OrganisationType.VERBAND
    return {
        "states": [
            _body(s.id, s.name, OrganisationType.BUND if s.level == "bund" else OrganisationType.LAND, s.code, s.ars)
            for s in states
        ],
        "districts": [_body(d.ars, d.name, kreis, d.state_code, d.ars) for d in districts if d.level == "Landkreis"],
        "municipalities": [_body(m.ars, m.name, kommune, m.state_code, m.ars, CITY_STATES.get(m.ars)) for m in municipalities],
        "associations": [
            _body(f"{a.ars9}000", f"{a.name} ({a.type})", verband, codes[a.state_ars], f"{a.ars9}000") for a in associations
        ],
        "it_providers": [
            _body(p.id, p.name, _provider_type(p), p.states[0] if len(p.states) == 1 else None, None) for p in providers
        ],
        "anbieter": [_body(name, channel_file(name).name, OrganisationType.ANBIETER, None, None) for name in unlisted],
    }


def published_relations(data_dir: Path, bodies: Mapping[str, Document]) -> tuple[list[Document], list[str]]:
    """Return the documents of the relations, and the rows that name no body of the register, one sentence each."""
    providers = {provider.id: provider for provider in read_csv(data_dir / "it_providers.csv", ItProvider)}
    lands = {state.ars: state.id for state in read_csv(data_dir / "states.csv", State) if state.ars}
    relations: dict[str, Document] = {}
    unresolved: list[str] = []
    for row in read_csv(data_dir / "it_provider_owners.csv", ItProviderOwner):
        document = _owner(row, relation_type(providers[row.provider_id]), lands, bodies)
        if document is None:
            unresolved.append(f"it_provider_owners.csv: {row.owner_name} -> {row.provider_id} ({row.owner_ref_type})")
        else:
            relations[document["_id"]] = document
    for member in read_csv(data_dir / "govdigital_members.csv", GovdigitalMember):
        body_id = member.provider_id or MEMBER_ALIASES.get(member.name)
        if body_id is None or body_id not in bodies:
            unresolved.append(f"govdigital_members.csv: {member.name} -> govdigital (member)")
            continue
        document = _single(body_id, "govdigital", RelationType.MEMBER, (first_day(member.joined), None), member.source, None)
        relations[document["_id"]] = document
    return list(relations.values()), unresolved


def _body(
    body_id: str, name: str, kind: OrganisationType, state_code: str | None, ars: str | None, same_as: str | None = None
) -> Document:
    return {
        "_id": body_id,
        "rev": 1,
        "name": name,
        "type": kind.value,
        "state_code": state_code,
        "ars": ars,
        "same_as": same_as,
    }


def _provider_type(provider: ItProvider) -> OrganisationType:
    if provider.id in ANBIETER:
        return OrganisationType.ANBIETER
    return _PROVIDER_TYPES.get(provider.kind, OrganisationType.IT_PROVIDER)


def relation_type(provider: ItProvider) -> RelationType:
    form = provider.legal_form or ""
    if form in PART_FORMS:
        return RelationType.PART
    if form.startswith("Anstalt des öffentlichen Rechts"):
        return RelationType.TRAEGER
    if form in ("Zweckverband", "eingetragene Genossenschaft (eG)") or form.startswith("Körperschaft"):
        return RelationType.MEMBER
    return RelationType.OWNER


def _owner(row: ItProviderOwner, kind: RelationType, lands: Mapping[str, str], bodies: Mapping[str, Document]) -> Document | None:
    """Return the relation of an ownership row, or None if it names no body of the register."""
    reference = row.owner_ref or ""
    period = (first_day(row.valid_from), first_day(row.valid_to))
    share = None if row.share_pct is None else str(row.share_pct)
    if row.owner_ref_type == "collective":
        region = reference.partition(":")[2]
        if not region:
            return None
        return _document("collective", f"region:{region}", row.provider_id, kind, period, row.source, None) | {
            "region": region,
            "name": row.owner_name,
        }
    match row.owner_ref_type:
        case "state":
            owner = lands.get(reference)
        case "district" if reference not in bodies:
            owner = f"{reference}0000000"
        case _:
            owner = reference
    if owner is None or owner not in bodies:
        return None
    return _single(bodies[owner]["same_as"] or owner, row.provider_id, kind, period, row.source, share)


def _single(
    owner: str, target: str, kind: RelationType, period: tuple[date | None, date | None], source: str, share: str | None
) -> Document:
    return _document("single", owner, target, kind, period, source, share)


def _document(
    form: str,
    owner: str,
    target: str,
    kind: RelationType,
    period: tuple[date | None, date | None],
    source: str,
    share: str | None,
) -> Document:
    valid_from, valid_to = period
    return {
        "_id": f"published:{owner}:{target}:{kind.value}",
        "rev": 1,
        "kind": form,
        "source": owner,
        "target": target,
        "type": kind.value,
        "valid_from": None if valid_from is None else valid_from.isoformat(),
        "valid_to": None if valid_to is None else valid_to.isoformat(),
        "share": share,
        "evidence": {"id": derived_id("published", owner, target, kind.value, source), "title": source},
    }
