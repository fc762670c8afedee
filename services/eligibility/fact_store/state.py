"""All revisions up to one entry of the journal, in memory: immutable, with the world that the engine reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from services.eligibility.engine.facts import DOCUMENTS, FACTS, Fact
from services.eligibility.engine.facts import Document as EvidenceDocument
from services.eligibility.engine.world import World, invalid_field
from services.eligibility.fact_store.entry import Head, Record, Revision

Revisions = dict[str, tuple[Revision, ...]]
Entry = tuple[Head, Sequence[Record], Sequence[Record]]
"""Head, facts and documents of an entry."""


MOST_CITING = 1000
"""Facts remembered of one document: of one that thousands cite, such as the Gemeindeverzeichnis, nobody asks by which."""


class State:
    """What has been recorded up to entry ``seq``; ``instant`` is when that was, None while there is nothing."""

    def __init__(self) -> None:
        self.seq = 0
        self.instant: str | None = None
        self.facts: Revisions = {}
        self.documents: Revisions = {}
        self.facts_of: dict[str, tuple[str, ...]] = {}
        """Ids of the facts that name an organisation, in whatever revision, by organisation; its own fact included."""
        self.citing: dict[str, tuple[str, ...]] = {}
        """Ids of the facts that cite a document, in whatever revision."""
        self._before = World((), ())
        self._added: tuple[tuple[Fact, ...], tuple[EvidenceDocument, ...]] = ((), ())

    def with_entries(self, entries: Sequence[Entry]) -> State:
        """Return the state after further entries. Raises RefusedError (``INVALID_FIELD``) for what does not fit the schema.

        A field that this version does not know is one of a later version, which has run on the same store: it stays stored.
        """
        state = State()
        state.seq, state.instant = entries[-1][0].seq, entries[-1][0].recorded_at
        state.facts, state.documents = dict(self.facts), dict(self.documents)
        state.facts_of, state.citing = dict(self.facts_of), dict(self.citing)
        try:
            facts = FACTS.validate_python(
                [_dated(record, head) for head, found, _ in entries for record in found], extra="ignore"
            )
            documents = DOCUMENTS.validate_python(
                [_dated(record, head) for head, _, found in entries for record in found], extra="ignore"
            )
        except ValidationError as error:
            raise invalid_field(error) from error
        for head, some_facts, some_documents in entries:
            for revisions, records in ((state.facts, some_facts), (state.documents, some_documents)):
                for record in records:
                    id_ = record.id
                    revisions[id_] = (*revisions.get(id_, ()), Revision(record, head))
        contents = [record.content for _, found, _ in entries for record in found]
        _add(state.facts_of, ((name, content["id"]) for content in contents for name in names(content)))
        _add(state.citing, ((it, content["id"]) for content in contents for it in content.get("evidence", ())), MOST_CITING)
        known = self.__dict__.get("world")
        before = ((), ()) if known is not None else self._added
        state._before = self._before if known is None else known
        state._added = ((*before[0], *facts), (*before[1], *documents))
        return state

    @cached_property
    def world(self) -> World:
        """The facts and documents as the engine reads them, all revisions."""
        return self._before.with_records(*self._added)

    def fact(self, fact_id: str) -> Revision | None:
        """Return the newest revision of a fact, None if there is none; it may be withdrawn."""
        return newest(self.facts.get(fact_id, ()))

    def document(self, document_id: str) -> Revision | None:
        """Return the newest revision of a document, None if there is none; it may be withdrawn."""
        return newest(self.documents.get(document_id, ()))

    def visible(self, known_at: str | None = None) -> Iterable[Revision]:
        """Return the facts as known at an instant, the withdrawn ones left out."""
        for revisions in self.facts.values():
            found = known(revisions, known_at)
            if found is not None:
                yield found


def _add(index: dict[str, tuple[str, ...]], pairs: Iterable[tuple[str, str]], most: int | None = None) -> None:
    """Add fact ids to an index, each once and in the order of recording; at most ``most`` under a name."""
    added: dict[str, dict[str, None]] = {}
    for name, fact_id in pairs:
        found = added.get(name)
        if found is None:
            found = added[name] = dict.fromkeys(index.get(name, ()))
        if most is None or len(found) < most:
            found[fact_id] = None
    for name, ids in added.items():
        index[name] = tuple(ids)


def newest(revisions: Sequence[Revision]) -> Revision | None:
    """Return the highest revision, None if there is none."""
    return max(revisions, key=lambda revision: revision.record.rev, default=None)


def known(revisions: Sequence[Revision], known_at: str | None) -> Revision | None:
    """Return what of a fact or document was known at an instant, None if nothing was or it was withdrawn."""
    found = newest([r for r in revisions if known_at is None or r.head.recorded_at <= known_at])
    return None if found is None or found.record.withdrawn else found


def names(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the organisations that a fact names; an organisation's own fact names itself."""
    match content["kind"]:
        case "organisation":
            return (str(content["id"]),)
        case "relation":
            return content["from"], content["to"]
        case "private_participation":
            return content["org"], content["holder"]
        case "cooperation":
            return (*content["parties"], *content["contributors"])
        case _:
            return (content["org"],)


def _dated(record: Record, head: Head) -> dict[str, Any]:
    return {**record.content, "recorded_at": head.recorded_at}
