"""Whole inputs with questions of all types."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from random import Random
from typing import Final

from tests.support.chain_cases.world import IDS, ORGANISATIONS, PARAMETRISATIONS, STATES, Entry, Maker

NOISES: Final = (0.0, 0.0, 0.02, 0.06, 0.2)
_LEGAL: Final = {
    "ENTWURF": ("ANGEBOTEN", "ZURUECKGEZOGEN"),
    "ANGEBOTEN": ("GESCHLOSSEN", "GESCHLOSSEN", "ABGELEHNT", "ZURUECKGEZOGEN", "VERFALLEN"),
    "GESCHLOSSEN": ("GEKUENDIGT", "BEENDET", "NICHTIG"),
    "GEKUENDIGT": ("BEENDET", "NICHTIG"),
    "BEENDET": ("NICHTIG",),
}


def random_case(seed: int) -> Entry:
    """Return the case of a seed; what is expected of it is not said."""
    random = Random(seed)  # noqa: S311 - reproducible test data
    given = random_input(random)
    return {"id": f"seed-{seed}", "title": "random", "why": "random", "input": given, "expected": {"answers": []}}


def random_input(random: Random, noise: float | None = None, most: int = 14) -> Entry:
    """Return an input with at most so many contracts, and with questions."""
    maker = Maker(random, random.choice(NOISES) if noise is None else noise)
    for number in range(random.randint(2, most)):
        maker.contracts.append(maker.contract(f"c{number}"))
    maker.accessions.extend(maker.accession(f"e{number}") for number in range(random.randint(0, 4)))
    given: Entry = {
        "offering": {"bereitsteller": "DE-NW", "channels": maker.some([channel["id"] for channel in maker.channels], 1)},
        "channels": maker.channels,
        "organisations": [{"id": id_, "type": type_, "ars": ars} for id_, type_, ars in ORGANISATIONS],
        "inhouse": maker.inhouse(),
        "contracts": maker.contracts,
        "accessions": maker.accessions,
        "questions": _questions(maker),
    }
    for part in ("channels", "organisations", "contracts", "accessions"):
        given[part] = random.sample(given[part], len(given[part]))
    return given


def _questions(maker: Maker) -> list[Entry]:
    asked: list[Entry] = [{"type": "VIOLATIONS"}]
    asked += [{"type": "WRITE", "contract": _written(maker)} for _ in range(4)]
    asked += [{"type": "COMPLETE", **_use(maker), "on": maker.day()} for _ in range(4)]
    asked += [{"type": "COMPLETE", **_use(maker, accession), "on": maker.day()} for accession in maker.accessions]
    asked += [_timeline(maker) for _ in range(2)]
    asked += [
        {
            "type": "NOTICE",
            "contract": _contract(maker),
            "received_on": maker.day(),
            "last_day": maker.day() if maker.chance(0.3) else None,
        }
        for _ in range(4)
    ]
    for _ in range(3):
        days = sorted((maker.day(), maker.day()), reverse=maker.chance(0.1))
        asked.append({"type": "PRICE_CHANGE", "contract": _contract(maker), "issued_on": days[0], "effective_from": days[1]})
    asked += [{"type": "AGB_CHANGE", "on": maker.day()} for _ in range(2)]
    return asked


def _contract(maker: Maker) -> str:
    top = [item["id"] for item in maker.contracts if item["state"] in {"GESCHLOSSEN", "GEKUENDIGT"}]
    id_: str = maker.random.choice(top or ["c0"])
    return maker.random.choice(("zz", *(item["id"] for item in maker.contracts))) if maker.chance(0.15) else id_


def _use(maker: Maker, about: Entry | None = None) -> Entry:
    about = about or maker.random.choice([item for item in maker.contracts if "s1" in item["services"]] or maker.contracts)
    if "org" in about:
        org = about["org"]
    elif maker.chance(0.5):
        org = about["grantee"]
    else:
        near = [id_ for id_, _, ars in ORGANISATIONS if ars and any(ars.startswith(prefix) for prefix in about["territory"])]
        org = maker.random.choice([*near, *(accession["org"] for accession in maker.accessions)] or IDS)
    channels = [channel["id"] for channel in maker.channels]
    return {
        "org": maker.random.choice(("nobody", *IDS)) if maker.chance(0.15) else org,
        "service": "s1" if maker.chance(0.9) else maker.random.choice(("s2", "s9")),
        "parametrisation": maker.some(PARAMETRISATIONS[:2]) if maker.chance(0.15) else [],
        "channel": maker.random.choice(("zz", *channels)) if maker.chance(0.25) else None,
    }


def _timeline(maker: Maker) -> Entry:
    about = maker.random.choice([*maker.contracts, *maker.accessions])
    middle = date.fromisoformat(about["valid_to"] if about["valid_to"] and maker.chance(0.5) else about["valid_from"])
    first, last = middle - timedelta(days=maker.random.randint(0, 9)), middle + timedelta(days=maker.random.randint(0, 9))
    if maker.chance(0.1):
        first, last = last, first
    days = [min(max(day.isoformat(), "1900-01-01"), "2199-12-31") for day in (first, last)]
    return {"type": "TIMELINE", **_use(maker, about), "from": days[0], "to": days[1]}


def _written(maker: Maker) -> Entry:
    """Return a contract that somebody wants to store: a new one or a changed one."""
    random = maker.random
    if maker.chance(0.2):
        new = maker.contract(random.choice(("n1", "n2", "e0")))
        if maker.chance(0.8):
            new |= {"version": 1, "state": random.choice(("ENTWURF", "ANGEBOTEN", "GESCHLOSSEN", "ABGELEHNT"))}
            new["signatures"] = maker.signatures(new, next(item for item in maker.channels if item["id"] == new["channel"]))
        return new
    old = random.choice(maker.contracts)
    new = copy.deepcopy(old)
    channel = next(item for item in maker.channels if item["id"] == old["channel"])
    if maker.chance(0.5):
        new["state"] = random.choice(STATES) if maker.chance(0.2) else random.choice(_LEGAL.get(old["state"], (old["state"],)))
        if new["state"] == "GEKUENDIGT":
            new["ends_on"] = maker.day()
        if maker.chance(0.8) and old["state"] == "ANGEBOTEN":
            new["signatures"] = maker.signatures(new, channel)
    other = maker.contract(new["id"])
    fields = random.sample(sorted(other), random.choice((0, 0, 1, 1, 1, 2)))
    new |= {field: other[field] for field in fields if field not in {"id", "version", "state"}}
    if maker.chance(0.1) and len(new["services"]) > 1:
        new["services"].reverse()
    amended = any(new[field] != old[field] for field in AMENDED)
    new["version"] = max(1, old["version"] + (amended if maker.chance(0.8) else random.choice((-1, 0, 1))))
    return new


AMENDED: Final = (
    "valid_to",
    "services",
    "parametrisation",
    "territory",
    "passing_on",
    "charge",
    "notice",
    "price_notice",
    "agb_version",
    "annexes",
)
