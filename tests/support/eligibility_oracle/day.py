"""Everything that is valid on one day: section 5.1."""

from functools import cached_property

from tests.support.eligibility_oracle.shapes import JOINT, SOLE, Document, Fact, RuleSet, in_interval, named_organisations


class Day:
    """The visible facts seen on one day by one rule set and one policy."""

    def __init__(self, facts: list[Fact], documents: list[Document], day: str, rule_set: RuleSet, *, strict: bool) -> None:
        """Select what is valid on `day`; `documents` are the visible ones of any date."""
        self.day = day
        self.year = int(day[:4])
        self.rule_set = rule_set
        self.strict = strict
        self.visible_facts = facts
        self.documents = documents
        self.organisations = {fact["id"]: fact for fact in facts if fact["kind"] == "organisation" and in_interval(fact, day)}
        existing = self.organisations.keys()
        self.facts = [fact for fact in facts if in_interval(fact, day) and existing >= set(named_organisations(fact))]

    def exists(self, organisation: str) -> bool:
        """Return whether the organisation exists on the day."""
        return organisation in self.organisations

    def of_kind(self, kind: str) -> list[Fact]:
        """Return the valid facts of a kind."""
        return self._by_kind.get(kind, [])

    @cached_property
    def _by_kind(self) -> dict[str, list[Fact]]:
        return _grouped(self.facts, "kind")

    def legal_person(self, organisation: str) -> str:
        """Return where the valid PART_OF facts lead."""
        for fact in self.of_kind("relation"):
            if fact["type"] == "PART_OF" and fact["from"] == organisation:
                return self.legal_person(fact["to"])
        return organisation

    def private(self, organisation: str) -> bool:
        """Return whether an existing organisation is of the sector PRIVATE."""
        return bool(self.organisations[organisation]["sector"] == "PRIVATE")

    @cached_property
    def edges(self) -> list[tuple[str, str, Fact]]:
        """Return each valid relation but PART_OF as (legal person, legal person, fact); loops vanish."""
        found = []
        for fact in self.of_kind("relation"):
            if fact["type"] in SOLE or fact["type"] in JOINT:
                start, end = self.legal_person(fact["from"]), self.legal_person(fact["to"])
                if start != end:
                    found.append((start, end, fact))
        return found

    def evidence_code(self, fact: Fact) -> str | None:
        """Return what is wrong with the documents of a fact on the day, None where one carries it (5.4)."""
        kind = fact["kind"]
        if kind == "relation":
            kind = f"relation.{fact['type']}"
        if kind == "activity":
            kind = f"activity.{fact['status']}"
        accepted = self.rule_set["accepted_evidence"][kind]
        counting = [
            document
            for identifier in fact.get("evidence", ())
            for document in self._documents_of.get(identifier, ())
            if document["type"] in accepted
        ]
        if any(in_interval(document, self.day) for document in counting):
            return None
        if not counting:
            return "EVIDENCE_MISSING"
        if any(document["valid_to"] is not None and document["valid_to"] <= self.day for document in counting):
            return "EVIDENCE_EXPIRED"
        return "EVIDENCE_NOT_YET_VALID"

    @cached_property
    def _documents_of(self) -> dict[str, list[Document]]:
        return _grouped(self.documents, "id")


def _grouped(entries: list[Fact], field: str) -> dict[str, list[Fact]]:
    """Return facts or documents by a field of theirs, each group in their order."""
    found: dict[str, list[Fact]] = {}
    for entry in entries:
        found.setdefault(entry[field], []).append(entry)
    return found
