"""Random worlds of the in-house pre-check: a few bodies, with relations, figures and documents of all kinds, and a request."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from services.eligibility.engine.rule_sets import rule_sets

Record = dict[str, Any]
Case = tuple[list[Record], list[Record], Record]

BODIES: Final = ("b1", "b2", "b3", "b4", "b5", "b6")
ANBIETER: Final = ("fitko", "govdigital")
AS_OF: Final = ("2026-03-02", "2026-07-01", "2027-01-01")
ACCEPTED: Final = rule_sets()["gwb108-2016"].accepted_evidence
INTERVALS: Final = (
    ("2020-01-01", "2026-05-01"),
    ("2026-03-02", None),
    ("2026-06-01", "2030-01-01"),
    ("2019-01-01", "2026-03-02"),
)
"""They begin and end around the days that are asked for; most facts hold for ever."""


def kind_of_evidence(fact: Mapping[str, Any]) -> str | None:
    """Return the key under which a rule set lists the documents accepted for a fact, None where there are none."""
    kind: str = fact["kind"]
    if kind in ("organisation", "accreditation") or fact.get("type") == "PART_OF":
        return None
    return {"relation": f"relation.{fact.get('type')}", "activity": f"activity.{fact.get('status')}"}.get(kind, kind)


def document_for(fact: Mapping[str, Any], id_: str) -> Record:
    """Return a document that carries the fact on every day. Raises ValueError for a fact that none can carry."""
    kind = kind_of_evidence(fact)
    if kind is None:
        raise ValueError(f"{fact['id']} needs no document")
    return {"id": id_, "type": min(ACCEPTED[kind]), "valid_from": None, "valid_to": None}


def cases() -> st.SearchStrategy[Case]:
    """Return facts, documents and a request that fit the schema; contradictions between the facts are possible, but rare."""
    return st.integers(0, 2**64 - 1).map(lambda seed: random_case(Random(seed)))  # noqa: S311 - no secrets


def random_case(random: Random) -> Case:
    """Return a case that depends on nothing but ``random``. In most, the bodies asked for have to do with each other."""
    return _Case(random).whole()


class _Case:
    """Draws one case. ``rare`` is how often a field has a value that stands in the way."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.rare = random.choice([0.02, 0.05, 0.15])

    def whole(self) -> Case:
        facts = [self.organisation(id_) for id_ in (*BODIES, *ANBIETER)]
        for id_ in (*BODIES, *ANBIETER):
            facts += self.about(id_)
        relations = self.sole() + self.joint()
        facts += relations + self.parts() + self.further()
        documents: list[Record] = []
        for place, fact in enumerate(facts):
            if fact["kind"] != "organisation":
                fact["id"] = f"f{place}"
                documents += self.documents(fact)
        return facts, documents, self.request(relations)

    def mostly(self, value: object, *others: object) -> Any:
        return self.random.choice(others) if self.random.random() < self.rare else value

    def interval(self) -> Record:
        valid_from, valid_to = self.mostly((None, None), *INTERVALS)
        return {"valid_from": valid_from, "valid_to": valid_to}

    def organisation(self, id_: str) -> Record:
        return self.interval() | {
            "id": id_,
            "kind": "organisation",
            "name": id_.upper(),
            "type": self.random.choice(["IT_PROVIDER", "KOMMUNE", "LAND", "VERBAND"]),
            "sector": self.mostly("PUBLIC", "PRIVATE"),
            "active_since": self.mostly([], ["2024-05-01"], ["2023-01-01", "2026-06-01"]),
        }

    def about(self, org: str) -> list[Record]:
        facts = [self.interval() | {"kind": "authority_status", "org": org, "class": self.random.choice(["NR1", "NR2", "NR3"])}]
        facts[0]["class"] = self.mostly(facts[0]["class"], "NR4", "NONE")
        facts += self.figures(org)
        facts.append(self.interval() | {"kind": "declaration", "org": org, "subject": "NO_PRIVATE_CAPITAL"})
        for role in ("KUNDE", "BEREITSTELLER", "BUENDLER", "KLIENT"):
            state = self.mostly("ERTEILT", "IN_PRUEFUNG", "ENTZOGEN", "ABGELAUFEN")
            anbieter = self.mostly("govdigital", "fitko")
            standing = {"kind": "accreditation", "org": org, "anbieter": anbieter, "role": role, "state": state}
            facts.append(self.interval() | standing)
        return [fact for fact in facts if self.mostly(True, False)]

    def figures(self, org: str) -> list[Record]:
        facts: list[Record] = []
        basis, scope = self.mostly("TURNOVER", "COST", "OTHER"), self.random.choice(["SOLO", "SOLO", "SOLO", "GROUP"])
        share = self.mostly(900, 800, 801, 500)
        for year in range(2022, self.random.choice([2026, 2026, 2027])):
            figures = {"total": 1000, "entrusted": self.mostly(share, 800), "market": self.mostly(None, 0, 100)}
            figures |= {"org": org, "year": year, "basis": basis, "scope": scope, "status": "ACTUAL"}
            known = "2026-06-15" if year == 2025 and self.random.random() < 0.5 else None
            facts.append({"kind": "activity", "valid_from": known, "valid_to": None} | figures)
        forecast = {"org": org, "year": 2026, "basis": basis, "scope": "SOLO", "status": "FORECAST"}
        facts.append(self.interval() | {"kind": "activity", "total": 1000, "entrusted": share} | forecast)
        return facts

    def sole(self) -> list[Record]:
        """Each body has at most one that controls it alone, and that stands before it: no cycles."""
        facts: list[Record] = []
        for place, target in enumerate((*BODIES, "govdigital")):
            source = self.random.choice([None, *BODIES[:place]])
            if source is not None and self.random.random() < 0.5:
                fields = {name: self.mostly(True, False, None) for name in ("strategic", "significant", "all_fields")}
                kind = self.random.choice(["CONTROL", "STATUTORY_SUBSIDIARY"])
                facts.append(self.interval() | {"kind": "relation", "type": kind, "from": source, "to": target} | fields)
        return facts

    def joint(self) -> list[Record]:
        facts: dict[tuple[str, str, str], Record] = {}
        for _ in range(self.random.randint(1, 9)):
            kind = self.random.choice(["MEMBER", "TRAEGER", "SHAREHOLDER", "ORGAN"])
            source, target = self.random.choice(BODIES), self.random.choice((*BODIES, *ANBIETER, "govdigital"))
            fields = {
                "organ_seat": self.mostly("OWN", "NONE", None),
                "joint_influence": self.mostly(True, False, None),
                "contrary_interests": self.mostly(False, True, None),
                "all_fields": self.mostly(True, False, None),
            }
            ends = {"kind": "relation", "type": kind, "from": source, "to": target}
            if source != target:
                facts[kind, source, target] = self.interval() | ends | fields
        return list(facts.values())

    def parts(self) -> list[Record]:
        whole = self.random.choice([None, None, None, "b1", "b2"])
        if whole is None:
            return []
        return [self.interval() | {"kind": "relation", "type": "PART_OF", "from": "b6", "to": whole}]

    def further(self) -> list[Record]:
        facts: list[Record] = []
        holder, org = self.random.sample(BODIES, 2)
        if self.random.random() < 0.25:
            fields = {name: self.mostly(False, True, None) for name in ("controlling", "blocking", "decisive_influence")}
            fields["statutory"] = self.mostly(True, False, None)
            facts.append(self.interval() | {"kind": "private_participation", "org": org, "holder": holder} | fields)
        if self.random.random() < 0.3:
            parties = self.random.sample(BODIES, self.random.randint(2, 4))
            terms = {
                "parties": parties,
                "contributors": self.mostly(parties, parties[:1]),
                "common_goals": self.mostly(True, False, None),
                "public_interest_only": self.mostly(True, False, None),
                "private_advantage": self.mostly(False, True, None),
                "covered_total": 1000,
                "covered_market": self.mostly(199, 200),
            }
            facts.append(self.interval() | {"kind": "cooperation"} | terms)
        if self.random.random() < 0.3:
            opinion = {"kind": "legal_opinion", "org": org, "topic": "INDIRECT_JOINT", "supports": self.mostly(True, False)}
            facts.append(self.interval() | opinion)
        return facts

    def documents(self, fact: Record) -> list[Record]:
        """Let the fact cite documents: mostly one that carries it, else one of another time or type, or none."""
        kind = kind_of_evidence(fact)
        what = self.mostly("good", "other time", "other type", "none")
        if kind is None or what == "none":
            return []
        id_ = f"d-{fact['id']}"
        fact["evidence"] = [id_]
        days = self.random.choice(INTERVALS) if what == "other time" else (None, None)
        other = {"type": "VOLLMACHT"} if what == "other type" else {}
        return [document_for(fact, id_) | {"valid_from": days[0], "valid_to": days[1]} | other]

    def request(self, relations: list[Record]) -> Record:
        rule_set = self.random.choice(["gwb108-2016"] * 4 + ["gwb108-2027-draft"])
        request: Record = {
            "as_of": self.random.choice(AS_OF) if rule_set == "gwb108-2016" else "2027-01-01",
            "rule_set": rule_set,
            "policy": {
                "indirect_joint": self.random.choice(["STRICT", "ACCEPT"]),
                "accreditation": self.random.choice(["IGNORE", "IGNORE", "REQUIRE"]),
            },
            "payment": self.random.random() < 0.7,
            "return_duty": self.random.random() < 0.5,
        }
        first, second, *others = self.random.sample(BODIES, len(BODIES))
        if relations and self.random.random() < 0.6:
            related = self.random.choice(relations)
            first, second = self.random.sample([related["from"], related["to"]], 2)
            others = [other for other in others if other not in (first, second)]
        if self.random.random() < 0.5 or not {first, second} <= {*BODIES}:
            return request | {"kind": "LEG", "awarder": first, "contractor": second}
        bundlers = [
            {"org": org, "payment": self.random.random() < 0.5, "return_duty": self.random.random() < 0.5}
            for org in others[: self.random.choice([0, 0, 1, 2])]
        ]
        channel = self.random.choice(["govdigital", "govdigital", "FITKO"])
        return request | {"kind": "ORDER", "channel": channel, "customer": first, "provider": second, "bundlers": bundlers}
