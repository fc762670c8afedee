"""One random case: a world, corrections of what was recorded, and a request."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from tests.support.eligibility_cases.world import ANBIETER, DAYS, INSTANTS, TYPES, Entry, Maker

STATES = ("ERTEILT", "ABGELEHNT", "ENTZOGEN", "ABGELAUFEN", "BEANTRAGT", "IN_PRUEFUNG", "RUECKFRAGE")
AS_OF = (
    "2026-03-02",
    "2026-03-02",
    "2026-03-03",
    "2026-06-30",
    "2026-07-01",
    "2025-12-31",
    "2026-01-01",
    "2027-02-01",
    "2028-02-29",
)


def random_case(seed: int, fault: float | None = None) -> Entry:
    """Return the case of a seed: `facts`, `evidence`, `request`; now and then one that is refused by chance.

    `fault` is the probability that a detail is wrong; without it, one of few, mostly small.
    """
    random = Random(seed)  # noqa: S311 -- reproducible test data
    usual = random.choice((0.01, 0.03, 0.03, 0.08, 0.25))
    maker = Maker(random, usual if fault is None else fault)
    _bodies(maker)
    _relations(maker)
    if maker.chance(0.15):
        _long_chain(maker)
    if maker.chance(0.15):
        _siblings(maker)
    _extras(maker)
    request = _request(maker)
    _history(maker)
    random.shuffle(maker.facts)
    random.shuffle(maker.evidence)
    return {
        "id": f"R{seed}",
        "title": f"random case {seed}",
        "facts": maker.facts,
        "evidence": maker.evidence,
        "request": request,
    }


def _bodies(maker: Maker) -> None:
    for anbieter in ANBIETER:
        maker.body(anbieter, "ANBIETER")
    for number in range(maker.random.choice((2, 3, 4, 5, 6, 8))):
        maker.body(f"{maker.random.choice('abzA09')}{number}", maker.random.choice(TYPES))


def _relations(maker: Maker) -> None:
    random = maker.random
    others = [body for body in maker.bodies if body not in ANBIETER]
    owned: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for place, body in enumerate(others):
        if maker.chance(0.5):
            maker.joint(body, random.choice(ANBIETER))
        for target in random.sample(others, min(len(others), random.choice((0, 1, 1, 2, 3)))):
            if target == body or (body, target) in pairs:
                continue
            pairs.add((body, target))
            downward = others.index(target) > place
            if target not in owned and maker.chance(0.5) and (downward or maker.chance(0.1)):
                owned.add(target)
                maker.sole(body, target)
            elif maker.chance(0.7):
                maker.joint(body, target)
    _relations_of_anbieter(maker, others, owned)


def _siblings(maker: Maker) -> None:
    """Record two children of one body: of its own alone, or shared with others."""
    mother = maker.random.choice(maker.bodies[2:])
    children = ["s0", "s1"]
    for child in children:
        maker.body(child, maker.random.choice(("IT_PROVIDER", "COMPANY", "VERBAND")))
        (maker.sole if maker.chance(0.75) else maker.joint)(mother, child)
    if maker.chance(0.3):
        for fact in maker.facts:
            if fact["kind"] == "authority_status" and fact["org"] == mother:
                fact["class"] = "NR4"
    maker.pairs.append(children)


def _long_chain(maker: Maker) -> None:
    """Record a chain of bodies as long as paths may be, a little shorter, or a little longer, up to an Anbieter or a body."""
    random = maker.random
    links = random.choice((3, 5, 6, 6, 7))
    before = random.choice(maker.bodies)
    joint_from = random.choice((0, 1, links))
    for place in range(links - 1):
        name = f"c{place}"
        maker.body(name, random.choice(TYPES))
        (maker.joint if place >= joint_from or maker.chance(0.1) else maker.sole)(name, before)
        before = name
    maker.joint(random.choice(maker.bodies[2:-1]), before)


def _relations_of_anbieter(maker: Maker, others: list[str], owned: set[str]) -> None:
    random = maker.random
    for anbieter in ANBIETER:
        if maker.chance(0.15):
            maker.sole(random.choice(others), anbieter)
        if maker.chance(0.25):
            free = [body for body in others if body not in owned]
            if free:
                target = random.choice(free)
                owned.add(target)
                maker.sole(anbieter, target)
    if maker.chance(0.15):
        maker.joint(random.choice(ANBIETER), random.choice(others))


def _extras(maker: Maker) -> None:
    random = maker.random
    for body in random.sample(maker.bodies, min(len(maker.bodies), random.choice((0, 0, 1, 2)))):
        whole = random.choice(maker.bodies)
        if whole != body:
            maker.part(body, whole)
    for _ in range(random.choice((0, 0, 1))):
        body, holder = random.sample(maker.bodies, 2)
        maker.private_share(body, holder)
    if maker.chance(0.3):
        for _ in range(random.choice((1, 1, 2))):
            maker.cooperation(random.sample(maker.bodies, min(len(maker.bodies), random.choice((2, 2, 3)))))
    for _ in range(random.choice((0, 0, 1, 2))):
        maker.fact(
            "legal_opinion",
            "legal_opinion",
            org=random.choice(maker.bodies),
            topic="INDIRECT_JOINT",
            supports=maker.either(True, False),
        )
    for body in maker.bodies:
        for role in ("KUNDE", "BEREITSTELLER", "BUENDLER", "KLIENT"):
            if maker.chance(0.7) and (body not in ANBIETER or maker.chance(0.1)):
                state = "ERTEILT" if maker.chance(0.9) else maker.random.choice(STATES)
                maker.fact("accreditation", None, org=body, anbieter=random.choice(ANBIETER), role=role, state=state)


def _request(maker: Maker) -> Entry:
    random = maker.random
    request: Entry = {"as_of": random.choice(AS_OF), "rule_set": "gwb108-2016"}
    if request["as_of"] >= "2027" and maker.chance(0.5):
        request["rule_set"] = "gwb108-2027-draft"
    if maker.chance(0.4):
        request["known_at"] = random.choice((None, *INSTANTS))
    policy = {}
    if maker.chance(0.6):
        policy["indirect_joint"] = random.choice(("ACCEPT", "STRICT"))
    if maker.chance(0.4):
        policy["accreditation"] = random.choice(("REQUIRE", "IGNORE"))
    if policy or maker.chance(0.2):
        request["policy"] = policy
    if maker.chance(0.3):
        request |= {"payment": random.choice((True, False)), "return_duty": random.choice((True, False))}
    request |= _leg(maker) if maker.chance(0.6 if maker.pairs else 0.35) else _order(maker)
    if maker.chance(0.15):
        request["overlay"] = _overlay(maker)
    return request


def _leg(maker: Maker) -> Entry:
    awarder, contractor = maker.random.sample(maker.bodies, 2)
    if maker.pairs and maker.chance(0.7):
        awarder, contractor = maker.random.sample(maker.random.choice(maker.pairs), 2)
        return {"kind": "LEG", "awarder": awarder, "contractor": contractor}
    relations = [fact for fact in maker.facts if fact["kind"] == "relation" and fact["type"] != "PART_OF"]
    if relations and maker.chance(0.9):
        awarder, contractor = _related(maker, relations, awarder, contractor)
    return {"kind": "LEG", "awarder": awarder, "contractor": contractor}


def _related(maker: Maker, relations: list[Entry], awarder: str, contractor: str) -> tuple[str, str]:
    """Choose the ends of one relation, of a chain of some, or two bodies with a common mother."""
    relation = maker.random.choice(relations)
    start = end = relation["from"]
    if maker.chance(0.5):
        for _ in range(maker.random.choice((1, 1, 2, 3, 4, 5, 6, 7))):
            onward = [other["to"] for other in relations if other["from"] == end]
            end = maker.random.choice(onward or [end])
        if maker.chance(0.4):
            start, end = end, start
    else:
        children = [other["to"] for other in relations if other["from"] == start]
        start, end = maker.random.choice(children), maker.random.choice(children)
    return (start, end) if start != end else (awarder, contractor)


def _close(maker: Maker, body: str, among: list[str], *, both: bool) -> list[str]:
    """Return who takes part in the body directly or through another, where there is anybody; with `both` also the reverse."""
    relations = [(fact["from"], fact["to"]) for fact in maker.facts if fact["kind"] == "relation"]
    if both:
        relations += [(end, start) for start, end in relations]
    direct = [start for start, end in relations if end == body]
    found = [*direct, *(start for start, end in relations if end in direct and maker.chance(0.5))]
    return [start for start in found if start in among] or among


def _order(maker: Maker) -> Entry:
    random = maker.random
    channel = random.choice(("FITKO", "govdigital"))
    anbieter = channel.lower()
    others = [body for body in maker.bodies if body != anbieter]
    provider = random.choice(_close(maker, anbieter, others, both=True) if maker.chance(0.9) else others)
    chain: list[str] = []
    for _ in range(random.choice((1, 1, 1, 1, 1, 2, 2, 3, 4, 6 if maker.chance(0.2) else 1))):
        left = [body for body in others if body not in chain]
        if left:
            near = _close(maker, [anbieter, *chain][-1], left, both=maker.chance(0.2))
            chain.append(random.choice(near if maker.chance(0.9) else left))
    request: Entry = {"kind": "ORDER", "channel": channel, "provider": provider, "customer": chain[-1]}
    bundlers: list[dict[str, Any]] = [{"org": body} for body in chain[:-1]]
    for bundler in bundlers:
        if maker.chance(0.3):
            bundler["payment"] = random.choice((True, False))
        if maker.chance(0.2):
            bundler["return_duty"] = random.choice((True, False))
    if bundlers or maker.chance(0.3):
        request["bundlers"] = bundlers
    return request


def _overlay(maker: Maker) -> list[Entry]:
    random = maker.random
    overlay: list[Entry] = []
    ended = random.choice([fact for fact in maker.facts if fact["kind"] in {"relation", "organisation", "authority_status"}])
    overlay.append({"op": "END", "fact": ended["id"], "on": random.choice(DAYS)})
    if maker.chance(0.4):
        before = len(maker.facts)
        start, end = random.sample(maker.bodies, 2)
        maker.joint(start, end)
        added = maker.facts.pop(before)
        overlay.insert(random.choice((0, 1)), {"op": "ADD", "fact": added})
        if maker.chance(0.3):
            overlay.append({"op": "END", "fact": added["id"], "on": random.choice(DAYS)})
        if maker.chance(0.2):
            added |= {"withdrawn": True, "rev": 3, "recorded_at": "2030-01-01T00:00:00Z"}
    return overlay


def _history(maker: Maker) -> None:
    random = maker.random
    for entries in (maker.facts, maker.evidence):
        for entry in list(entries):
            if maker.chance(0.04):
                entry["recorded_at"] = random.choice((None, *INSTANTS))
            if not maker.chance(0.03):
                continue
            later = copy.deepcopy(entry)
            later |= {"rev": entry.get("rev", 1) + random.choice((1, 2)), "recorded_at": random.choice(INSTANTS)}
            later |= maker.interval()
            if maker.chance(0.2):
                later["withdrawn"] = True
            if later.get("kind") == "activity":
                later["entrusted"] = later["total"] * 4 // 5
                later.pop("market", None)
            if later.get("kind") == "relation" and "all_fields" in later:
                later["all_fields"] = random.choice((True, False, None))
            entries.append(later)
