"""Which legs a change of facts can concern: spec, section 9, last paragraph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from services.eligibility.fact_store.state import MOST_CITING, State, names

_LINKS: Final = ("relation", "cooperation", "private_participation")


class Touched:
    """The bodies that records of the journal after ``seq`` name, and those connected with them, in whatever direction.

    An accreditation counts for the body itself only (spec, section 5.7).

    Parts count as their legal person, at whatever time they were parts of it; so the answer may be yes too often, never no.
    """

    def __init__(self, state: State, seq: int, depth: int) -> None:
        changed = {fact_id for fact_id, revisions in state.facts.items() if revisions[-1].head.seq > seq}
        self.everything = False
        for document_id, revisions in state.documents.items():
            if revisions[-1].head.seq > seq:
                citing = state.citing.get(document_id, ())
                self.everything = self.everything or len(citing) >= MOST_CITING
                changed.update(citing)
        contents = [revision.content for fact_id in changed for revision in state.facts[fact_id]]
        self._accredited = {content["org"] for content in contents if content["kind"] == "accreditation"}
        named = {body for content in contents if content["kind"] != "accreditation" for body in names(content)}
        self._persons: dict[str, str] = {}
        links = self._links(state)
        self._named = {self._person(body) for body in named}
        self._near = _within(self._named, links, depth)

    def concerns(self, awarder: str, contractor: str) -> bool:
        """Return whether the leg between two bodies may have changed: one of them has, or both are near one that has."""
        if self.everything or {awarder, contractor} & self._accredited:
            return True
        ends = {self._person(awarder), self._person(contractor)}
        return bool(ends & self._named) or ends <= self._near

    def _links(self, state: State) -> dict[str, set[str]]:
        """Return which persons are linked by a relation or cooperation, in whatever revision."""
        pairs: list[tuple[str, str]] = []
        for revisions in state.facts.values():
            if revisions[0].content["kind"] not in _LINKS:
                continue
            for revision in revisions:
                content = revision.content
                if content.get("type") == "PART_OF":
                    self._join(content["from"], content["to"])
                else:
                    pairs += pairwise(names(content))
        links: dict[str, set[str]] = defaultdict(set)
        for one, other in pairs:
            first, second = self._person(one), self._person(other)
            links[first].add(second)
            links[second].add(first)
        return links

    def _person(self, body: str) -> str:
        while (whole := self._persons.get(body, body)) != body:
            body = whole
        return body

    def _join(self, part: str, whole: str) -> None:
        first, second = self._person(part), self._person(whole)
        if first != second:
            self._persons[first] = second


def _within(bodies: Iterable[str], links: dict[str, set[str]], depth: int) -> set[str]:
    found = set(bodies)
    edge = set(found)
    for _ in range(depth):
        edge = {other for body in edge for other in links.get(body, ())} - found
        found |= edge
    return found
