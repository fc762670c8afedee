"""Random inputs: bodies that come and go, reports with corrections, versions, items, keys and funding rules."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

LAENDER = ("SH", "HH", "NI", "HB", "NW", "HE", "RP", "BW", "BY", "SL", "BE", "BB", "MV", "SN", "ST", "TH")
KOMMUNEN = ("010020000000", "010030000000", "010595920002", "020000000000", "051110000000", "145220080080")
KINDS = ("BETRIEB_INFRASTRUKTUR", "WEITERENTWICKLUNG", "PLATTFORMNUTZUNG", "BETRIEB_ONLINEDIENST", "NUTZUNGSABHAENGIG")
TYPES = ("BUND", "LAND", "KREIS", "VERBAND", "KOMMUNE", "IT_PROVIDER", "SONSTIGE")
START = date(2023, 7, 1)


def random_input(seed: int) -> dict[str, Any]:
    """Return an input; about two of three are no refusal."""
    rng = Random(seed)  # noqa: S311 - reproducible test data
    first = START + timedelta(rng.choice([0, 184, 200, rng.randrange(700)]))
    last = first + timedelta(rng.choice([0, 30, 180, 364, 365, rng.randrange(500)]))
    bodies = _bodies(rng, first, last)
    given: dict[str, Any] = {
        "currency": "EUR",
        "period": {"from": first.isoformat(), "to": last.isoformat()},
        "tables": {name: _table(rng) for name in ("KS2019", "KS2025")},
        "funding_rules": [_rule(rng, name, first, last) for name in ("EFA", "UMLAGE")],
        "cost_information": _versions(rng, first, last, [body["id"] for body in bodies]),
        "participants": bodies,
    }
    if rng.random() < 0.3:
        given["known_at"] = rng.choice([None, _instant(rng)])
    if rng.random() < 0.3:
        given["previous_known_at"] = _instant(rng)
    return given


def _instant(rng: Random) -> str:
    return f"2026-0{rng.randint(1, 3)}-0{rng.randint(1, 9)}T08:00:00Z"


def _day(rng: Random, first: date, last: date) -> str:
    """Return a day around a period, often one of its ends or the first of a month or year."""
    day = first + timedelta(rng.randrange(-40, (last - first).days + 41))
    return rng.choice([day, day, first, last, day.replace(day=1), day.replace(month=1, day=1)]).isoformat()


def _next(day: str, days: int = 1) -> str:
    return (date.fromisoformat(day) + timedelta(days)).isoformat()


def _table(rng: Random) -> dict[str, int]:
    shares = [rng.choice([0, 1, 95_379, 300_000, 600_000]) for _ in range(15)]
    return {f"{number:02}": share for number, share in enumerate([*shares, 10_000_000 - sum(shares)], start=1)}


def _bodies(rng: Random, first: date, last: date) -> list[dict[str, Any]]:
    states: list[tuple[str, str, str | None]] = [("DE-" + LAENDER[number], "LAND", f"{number + 1:02}") for number in range(16)]
    towns: list[tuple[str, str, str | None]] = [(ars, "KOMMUNE", ars) for ars in KOMMUNEN]
    others = [
        ("kreis", "KREIS", "01059"),
        ("verband", "VERBAND", rng.choice([None, "010595920"])),
        ("dataport", "IT_PROVIDER", None),
        ("verein", "SONSTIGE", None),
    ]
    pool: dict[str, list[tuple[str, str, str | None]]] = {
        "laender": states,
        "towns": towns,
        "all": [*states[:4], *towns, *others, ("DE", "BUND", "DE")],
    }
    choice = pool[rng.choice(["laender", "towns", "towns", "all"])]
    return [_body(rng, *body, first, last) for body in rng.sample(choice, rng.randint(0, min(5, len(choice))))]


def _body(rng: Random, id_: str, type_: str, ars: str | None, first: date, last: date) -> dict[str, Any]:
    participations = _participations(rng, first, last)
    return {
        "id": id_,
        "type": type_,
        "ars": ars,
        "population": rng.choice([0, 1, 2, 96_326, 252_668, rng.randrange(10**6)] + [None] * (rng.random() < 0.1)),
        "target_group": rng.choice([0, 1, 1, 2, 3, rng.randrange(10**4)] + [None] * (rng.random() < 0.1)),
        "participations": participations,
        "uses": _uses(rng, participations, first, last),
    }


def _participations(rng: Random, first: date, last: date) -> list[dict[str, Any]]:
    if rng.random() < 0.4:
        return [{"from": "2020-01-01", "to": None}]
    found: list[dict[str, Any]] = []
    start = _day(rng, first, last)
    for _ in range(rng.randint(0, 3)):
        end = _next(start, rng.choice([0, 20, rng.randrange(200)]))
        found.append({"from": start, "to": end})
        start = _next(end, rng.choice([1, 1, 5, 50]))
    if found and rng.random() < 0.5:
        found[-1]["to"] = None
    rng.shuffle(found)
    return found


def _uses(rng: Random, participations: list[dict[str, Any]], first: date, last: date) -> list[dict[str, Any]]:
    if rng.random() < 0.05:
        return []
    cuts = sorted({first, *(first + timedelta(rng.randrange((last - first).days + 1)) for _ in range(rng.choice([0, 0, 1])))})
    ends = [day - timedelta(1) for day in cuts[1:]] + [last]
    found = []
    for start, end in zip(cuts, ends, strict=True):
        days = {"from": start.isoformat(), "to": end.isoformat()}
        inside = any(part["from"] <= days["to"] and (part["to"] or "9999") >= days["from"] for part in participations)
        counts = [0, 0, 1, 2, 700, rng.randrange(10**5)] if inside or rng.random() < 0.02 else [0]
        for rev in range(1, rng.choice([2, 2, 2, 3, 4])):
            entry: dict[str, Any] = {**days, "count": rng.choice(counts)}
            entry |= {"rev": rev} if rev > 1 or rng.random() < 0.3 else {}
            entry |= {"recorded_at": rng.choice([None, _instant(rng)])} if rng.random() < 0.4 else {}
            entry |= {"withdrawn": rng.random() < 0.2} if rev > 1 else {}
            found.append(entry)
    rng.shuffle(found)
    return found


def _key(rng: Random, *, day: bool = False, part: bool = False) -> dict[str, Any]:
    types = ["EINWOHNER", "ZIELGRUPPE", "GLEICH", "KOENIGSTEIN"]
    types += [] if day else ["NUTZUNG", "NUTZUNG"]
    types += [] if day or part else ["KOMBINATION"]
    type_ = rng.choice(types)
    if type_ == "KOENIGSTEIN":
        return {"type": type_, "table": rng.choice(["KS2019", "KS2025"])}
    if type_ == "KOMBINATION":
        shares = rng.choice([[6000, 4000], [1, 9999], [3333, 3333, 3334]])
        return {"type": type_, "parts": [{"share_bp": share, "key": _key(rng, part=True)} for share in shares]}
    return {"type": type_}


def _rule(rng: Random, id_: str, first: date, last: date) -> dict[str, Any]:
    shares = rng.choice([[5000, 2500, 2500], [3334, 3333, 3333], [10_000], [1, 9999], [2500, 2500, 2500, 2500]])
    pools = []
    for number, share in enumerate(rng.sample(shares, len(shares))):
        kind = rng.choice(["PARTICIPANTS", "PARTICIPANTS", "PAYER", "ALL_LAENDER"])
        members: dict[str, Any] = {"type": kind}
        key: Any = None
        if kind == "PARTICIPANTS":
            members["types"] = rng.choice([None, ["LAND"], ["KOMMUNE", "KREIS"], [], rng.sample(TYPES, 3)])
            key = rng.choice(["ITEM", "ITEM", _key(rng)])
        elif kind == "PAYER":
            members["id"] = rng.choice(["DE", "BEREITSTELLER", "010020000000"])
        else:
            key = {"type": "KOENIGSTEIN", "table": rng.choice(["KS2019", "KS2025"])}
        settled = rng.choice(["CONTRACT", "BUDGET"])
        pools.append(
            {"id": f"{rng.choice('abc')}{number}", "share_bp": share, "members": members, "key": key, "settled": settled}
        )
    wide = rng.random() < 0.85
    return {
        "id": id_,
        "valid_from": rng.choice([None, "2020-01-01"]) if wide else _day(rng, first, last),
        "valid_to": None if wide else rng.choice([None, "2027-01-01"]),
        "pools": pools,
    }


def _versions(rng: Random, first: date, last: date, bodies: list[str]) -> list[dict[str, Any]]:
    days = sorted({"2020-01-01", *(_day(rng, first, last) for _ in range(rng.choice([0, 0, 1, 2])))})
    found = []
    for number, day in enumerate(days):
        items = [_item(rng, f"posten-{at}", first, last, bodies) for at in range(rng.randint(1, 3))]
        issued = rng.choice([day, _next(day, -90)])
        found.append({"version": 2 * number + 1, "issued_on": issued, "effective_from": day, "items": items})
    return found


def _item(rng: Random, id_: str, first: date, last: date, bodies: list[str]) -> dict[str, Any]:
    kind = rng.choice([*KINDS, "NUTZUNGSABHAENGIG", "ANBINDUNG_EINMALIG"])
    period = rng.choice(["JAHR", "JAHR", "MONAT", "EINMALIG"])
    key = _key(rng) if rng.random() < 0.85 else {"type": "FEST"}
    own = kind in {"NUTZUNGSABHAENGIG", "ANBINDUNG_EINMALIG"}
    if kind == "ANBINDUNG_EINMALIG":
        period, key = "EINMALIG", {"type": "FEST"}
    if own and bodies and rng.random() < 0.5:
        key = {"type": "DIREKT", "participant": rng.choice(bodies)}
    if kind == "NUTZUNGSABHAENGIG" and rng.random() < 0.3:
        period, key = "JE_NUTZUNG", {"type": "FEST"}
    due = period == "EINMALIG" and key["type"] != "FEST"
    start = "2020-01-01" if rng.random() < 0.6 else _day(rng, first, last)
    return {
        "id": id_,
        "kind": kind,
        "label": "Posten für Übung",
        "amount_cents": rng.choice([0, 1, 2, 7, 100, 999_999, rng.randrange(10**8), 10**13]),
        "period": period,
        "valid_from": None if due else start,
        "valid_to": None if due or rng.random() < 0.6 else _next(start, rng.randrange(1500)),
        "due_on": _day(rng, first, last) if due else None,
        "key": key,
        "decision": rng.choice(["UNANIMOUS", "UNANIMOUS", "UNANIMOUS", "NOT_UNANIMOUS"]),
        "fallback_key": rng.choice([None, {"type": "GLEICH"}, {"type": "GLEICH"}, _key(rng, day=True)]),
        "funding": "PARTICIPANTS" if key["type"] in {"FEST", "DIREKT"} else rng.choice(["PARTICIPANTS", "EFA", "UMLAGE"]),
        "efa_share_bp": rng.choice([0, 1, 5000, 10_000]) if kind == "PLATTFORMNUTZUNG" else None,
        "cost_object": rng.choice([None, "Rechenzentrum", "Plattform", "Portal"]),
    }
