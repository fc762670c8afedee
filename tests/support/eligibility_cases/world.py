"""Facts and documents of a small random world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

Entry = dict[str, Any]

ANBIETER = ("fitko", "govdigital")
DAYS = (
    "2012-01-01",
    "2023-01-01",
    "2025-01-01",
    "2025-07-01",
    "2026-01-01",
    "2026-03-02",
    "2026-03-03",
    "2026-07-01",
    "2027-01-01",
    "2027-07-01",
    "2029-02-28",
    "2035-12-31",
    "2036-12-31",
    "2037-01-01",
)
INSTANTS = ("2025-05-01T00:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-02-01T08:00:00Z")
TYPES = ("BUND", "LAND", "KREIS", "KOMMUNE", "VERBAND", "IT_PROVIDER", "COMPANY", "OTHER")
ACCEPTED = {
    "authority_status": ("GESETZ", "VERZEICHNIS"),
    "CONTROL": ("GESELLSCHAFTSVERTRAG", "HANDELSREGISTER"),
    "STATUTORY_SUBSIDIARY": ("GESETZ", "STAATSVERTRAG"),
    "MEMBER": ("MITGLIEDERLISTE", "SATZUNG"),
    "TRAEGER": ("TRAEGERLISTE", "STAATSVERTRAG"),
    "SHAREHOLDER": ("GESELLSCHAFTERLISTE", "GESELLSCHAFTSVERTRAG"),
    "ORGAN": ("ORGANBESETZUNG", "SATZUNG"),
    "ACTUAL": ("TESTAT", "JAHRESABSCHLUSS"),
    "FORECAST": ("PROGNOSE",),
    "private_participation": ("GESETZ", "STAATSVERTRAG"),
    "declaration": ("ERKLAERUNG", "HANDELSREGISTER"),
    "cooperation": ("KOOPERATIONSVERTRAG", "VERWALTUNGSVEREINBARUNG"),
    "legal_opinion": ("RECHTSGUTACHTEN",),
}
SOLE = ("CONTROL", "STATUTORY_SUBSIDIARY")
JOINT = ("MEMBER", "TRAEGER", "SHAREHOLDER", "ORGAN")


class Maker:
    """Collects the facts and documents of one world; `fault` is the probability that one detail is wrong.

    `pairs` are bodies between which an award is worth asking for.
    """

    def __init__(self, random: Random, fault: float) -> None:
        """Begin with an empty world."""
        self.random = random
        self.fault = fault
        self.facts: list[Entry] = []
        self.evidence: list[Entry] = []
        self.bodies: list[str] = []
        self.pairs: list[list[str]] = []
        self._number = 0

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.random.random() < probability

    def wrong(self) -> bool:
        """Return whether this detail shall be wrong."""
        return self.chance(self.fault)

    def existence(self) -> Entry:
        """Return the validity of an organisation: it mostly exists on every day."""
        return self.interval() if self.chance(0.15) else {"valid_from": None, "valid_to": None}

    def interval(self) -> Entry:
        """Return a validity: mostly unbounded, else with an edge at one of few days so that edges meet."""
        start = end = None
        if self.chance(self.fault / 2):
            start = self.random.choice(DAYS)
        elif self.chance(0.2):
            start = self.random.choice(DAYS[:3])
        if self.chance(self.fault / 2):
            end = self.random.choice(DAYS)
        elif self.chance(0.1):
            end = self.random.choice(DAYS[6:])
        if start and end and end <= start:
            end = None
        return {"valid_from": start, "valid_to": end}

    def documents(self, kind: str) -> list[str]:
        """Record the documents of a fact of this kind and return their ids."""
        if self.wrong() and self.chance(0.3):
            return []
        cited = []
        for _ in range(2 if self.chance(0.15) else 1):
            type_ = self.random.choice(ACCEPTED[kind])
            if self.wrong() and self.chance(0.3):
                type_ = "VOLLMACHT"
            document: Entry = {"id": self.next_id("ev"), "type": type_, **self.interval()}
            if self.chance(0.05):
                document["document_sha256"] = "0" * 64
            self.evidence.append(document)
            cited.append(document["id"])
        return cited

    def next_id(self, prefix: str) -> str:
        """Return an id used nowhere else; the prefixes make the order of ids differ from that of making."""
        self._number += 1
        return f"{prefix}-{self.random.choice('abcxyzAZ09')}{self._number}"

    def fact(self, kind: str, document_kind: str | None = None, **fields: object) -> Entry:
        """Record a fact with a random validity and documents."""
        fact: Entry = {"id": self.next_id("f"), "kind": kind, **self.interval(), **fields}
        if document_kind:
            fact["evidence"] = self.documents(document_kind)
        self.facts.append(fact)
        return fact

    def either(self, good: Any, *bad: Any) -> Any:
        """Return the good value, or where the detail shall be wrong one of the bad ones."""
        return self.random.choice(bad) if self.wrong() else good

    def body(self, identifier: str, type_: str) -> None:
        """Record an organisation with status, figures, declaration."""
        self.bodies.append(identifier)
        organisation: Entry = {"id": identifier, "kind": "organisation", **self.existence(), "name": f"Körperschaft {identifier}"}
        organisation |= {"type": type_, "sector": self.either("PUBLIC", "PUBLIC", "PRIVATE")}
        if self.chance(0.3):
            organisation["active_since"] = self.random.sample(DAYS[:10], self.random.choice((1, 1, 2)))
        self.facts.append(organisation)
        territorial = type_ in {"BUND", "LAND", "KREIS", "KOMMUNE"}
        if not self.wrong() or self.chance(0.7):
            class_ = self.either("NR1" if territorial else self.random.choice(("NR2", "NR3")), "NR4", "NONE", "NR1", "NR2")
            self.fact("authority_status", "authority_status", org=identifier, **{"class": class_})
        if not territorial or self.chance(0.2):
            self.figures(identifier)
            if not self.wrong():
                self.fact("declaration", "declaration", org=identifier, subject="NO_PRIVATE_CAPITAL")
        if self.chance(0.05):
            self.fact(
                "declaration",
                "declaration",
                org=identifier,
                subject=self.random.choice(("IN_HOUSE_RELATION", "NO_PRIVATE_CAPITAL")),
            )

    def figures(self, identifier: str) -> None:
        """Record figures of some years, mostly a full turnover of each."""
        plans = [("TURNOVER", "SOLO", "ACTUAL", range(2021, 2027)), ("TURNOVER", "SOLO", "FORECAST", range(2025, 2030))]
        if self.chance(0.4):
            plans.append(("TURNOVER", "GROUP", "ACTUAL", range(2021, 2027)))
        others = [basis for basis in ("COST", "OTHER") if self.chance(0.15)]
        plans += [(basis, "SOLO", self.random.choice(("ACTUAL", "FORECAST")), range(2021, 2028)) for basis in others]
        if self.wrong():
            plans.pop(0)
        for basis, scope, status, years in plans:
            high = not self.wrong()
            for year in years:
                if self.chance(self.fault / 5):
                    continue
                self.figure(identifier, year, basis, scope, status, high=high)

    def figure(self, identifier: str, year: int, basis: str, scope: str, status: str, *, high: bool) -> None:
        """Record the figures of one year, often just at the threshold."""
        total = self.random.choice((100, 1000, 10_000_000_000))
        entrusted = total * 4 // 5 + self.random.choice((0, 1, 1, total // 10) if high else (-1, 0, 1, -total // 10))
        fields: Entry = {"org": identifier, "year": year, "basis": basis, "scope": scope, "status": status}
        fields |= {"total": total, "entrusted": entrusted}
        if self.chance(0.3):
            fields["market"] = self.random.choice((None, 0, total - entrusted))
        self.fact("activity", status, **fields)

    def sole(self, owner: str, owned: str) -> None:
        """Record a sole relation."""
        type_ = self.random.choice(SOLE)
        conditions = {field: self.either(True, False, None) for field in ("strategic", "significant", "all_fields")}
        fact = self.fact("relation", type_, type=type_, **{"from": owner, "to": owned}, **conditions)
        if self.chance(0.2):
            fact["share"] = self.random.choice(("100", "0.000001", "51.5", None))

    def joint(self, member: str, common: str) -> None:
        """Record a joint relation."""
        type_ = self.random.choice(JOINT)
        self.fact(
            "relation",
            type_,
            type=type_,
            **{"from": member, "to": common},
            organ_seat=self.either(self.random.choice(("OWN", "SHARED_DELEGATE", "JOINT_APPOINTMENT")), "NONE", None),
            joint_influence=self.either(True, False, None),
            contrary_interests=self.either(False, True, None),
            all_fields=self.either(True, False, None),
        )

    def part(self, part: str, whole: str) -> None:
        """Record that a body is a dependent part of another."""
        self.fact("relation", None, type="PART_OF", **{"from": part, "to": whole})

    def private_share(self, body: str, holder: str) -> None:
        """Record private capital of a holder in a body."""
        self.fact(
            "private_participation",
            "private_participation",
            org=body,
            holder=holder,
            statutory=self.either(True, False, None),
            controlling=self.either(False, True, None),
            blocking=self.either(False, True, None),
            decisive_influence=self.either(False, True, None),
        )

    def cooperation(self, parties: list[str]) -> None:
        """Record a co-operation of the bodies."""
        self.pairs.append(parties[:2])
        total = self.random.choice((100, 1_000_000))
        self.fact(
            "cooperation",
            "cooperation",
            parties=parties,
            contributors=self.either(parties, parties[:1], []),
            common_goals=self.either(True, False, None),
            public_interest_only=self.either(True, False, None),
            private_advantage=self.either(False, True, None),
            covered_total=total,
            covered_market=self.either(total // 5 - 1, total // 5, total // 2),
        )
