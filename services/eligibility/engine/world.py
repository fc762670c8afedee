"""All facts and documents ever recorded, and what of them is visible for a request: an immutable index, built once."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from services.eligibility.engine.consistency import check_consistency
from services.eligibility.engine.facts import (
    DOCUMENTS,
    FACTS,
    Document,
    Fact,
    Organisation,
    Recorded,
    ended,
)
from services.eligibility.engine.faults import RefusedError, check_facts, is_day
from services.eligibility.engine.request import Add, End, Overlay
from services.eligibility.engine.view import View

MOST_VIEWS: Final = 8
"""Views that a world keeps: one for now, a few for replays."""

R = TypeVar("R", bound=Recorded)


class World:
    """All revisions. Requests with the same ``known_at`` and no overlay share one view."""

    def __init__(self, facts: Sequence[Fact], documents: Sequence[Document]) -> None:
        self._facts = tuple(facts)
        self._documents = tuple(documents)
        self.fact_ids = frozenset(fact.id for fact in facts)
        self.organisations = frozenset(fact.id for fact in facts if isinstance(fact, Organisation))
        self.document_ids = frozenset(document.id for document in documents)
        self._instants = sorted({r.recorded_at for r in (*facts, *documents) if r.recorded_at is not None})
        self._views: dict[int, View] = {}
        self._fault: RefusedError | None = None
        try:
            check_facts(self._facts, self._documents, (), ())
        except RefusedError as fault:
            self._fault = fault

    def with_records(self, facts: Sequence[Fact], documents: Sequence[Document]) -> World:
        """Return the world with further revisions, most of it shared: for records that are later than all there are.

        Others are taken too, at the cost of building everything again. ``view`` raises what is wrong with them.
        """
        numbers = self.revisions
        records: tuple[Recorded, ...] = (*facts, *documents)
        last = self._instants[-1] if self._instants else ""
        later = all(r.recorded_at is not None and r.recorded_at > last for r in records)
        if self._fault is not None or not later or any(r.rev <= numbers.get(r.id, 0) for r in records):
            return World((*self._facts, *facts), (*self._documents, *documents))
        world = copy(self)
        world._extend(facts, documents)  # noqa: SLF001 - a world of this class
        world.__dict__["revisions"] = {**numbers, **_numbers(records)}
        place = len(self._instants)
        if place in self._views and self._views[place].consistent and world._fault is None:  # noqa: SLF001 - as above
            top = self._views[place]
            changes = {id_: None if it.withdrawn else it for id_, it in _newest(facts).items()}
            held = dict(top.documents) | _newest(documents)
            held = {id_: it for id_, it in held.items() if not it.withdrawn}
            world._views[len(world._instants)] = top.with_changes(changes, held)  # noqa: SLF001 - as above
        return world

    def _extend(self, facts: Sequence[Fact], documents: Sequence[Document]) -> None:
        try:
            check_facts(facts, documents, self.organisations, self.document_ids)
        except RefusedError as fault:
            self._fault = fault
        self._facts = (*self._facts, *facts)
        self._documents = (*self._documents, *documents)
        self.fact_ids |= {fact.id for fact in facts}
        self.organisations |= {fact.id for fact in facts if isinstance(fact, Organisation)}
        self.document_ids |= {document.id for document in documents}
        self._instants = sorted({*self._instants, *(r.recorded_at for r in (*facts, *documents) if r.recorded_at is not None)})
        self._views = dict(list(self._views.items())[-MOST_VIEWS + 1 :])

    @cached_property
    def revisions(self) -> Mapping[str, int]:
        """Highest revision of each fact and document."""
        return _numbers((*self._facts, *self._documents))

    @classmethod
    def of(cls, facts: Iterable[Mapping[str, Any]], evidence: Iterable[Mapping[str, Any]]) -> World:
        """Return the world of recorded facts and documents, all revisions. Raises RefusedError (``INVALID_FIELD``).

        What the further steps find is raised by ``view``, so that the order of the codes holds for the request as a whole.
        """
        try:
            return cls(FACTS.validate_python(list(facts)), DOCUMENTS.validate_python(list(evidence)))
        except ValidationError as error:
            raise invalid_field(error) from error

    def view(self, known_at: str | None, overlay: Overlay = ()) -> View:
        """Return what is visible. Raises RefusedError for steps 2 to 16."""
        added = tuple(operation.fact for operation in overlay if isinstance(operation, Add))
        ends = tuple(operation for operation in overlay if isinstance(operation, End))
        if self._fault is not None or any(fact.id in self.fact_ids for fact in added):
            check_facts((*self._facts, *added), self._documents, (), ())
        elif added:
            check_facts(added, (), self.organisations, self.document_ids)
        if not overlay:
            return self._known(known_at)
        base = self._base(known_at)
        self._check_overlay(added, ends, base.facts)
        changed: dict[str, Fact] = {fact.id: fact for fact in added}
        for end in ends:
            changed[end.fact] = ended(changed.get(end.fact) or base.facts[end.fact], end.on)
        view = base.with_changes({id_: fact if fact.start < fact.end else None for id_, fact in changed.items()}, base.documents)
        check_consistency(view)
        return view

    def _known(self, known_at: str | None) -> View:
        view = self._base(known_at)
        check_consistency(view)
        return view

    def _base(self, known_at: str | None) -> View:
        """Return the view without an overlay, not yet checked."""
        place = len(self._instants) if known_at is None else bisect_right(self._instants, known_at)
        if place not in self._views:
            if len(self._views) >= MOST_VIEWS:
                self._views.pop(next(iter(self._views)))
            self._views[place] = View(list(self._visible(known_at).values()), self._visible_documents(known_at))
        return self._views[place]

    def _visible(self, known_at: str | None) -> dict[str, Fact]:
        return _visible(self._facts, known_at)

    def _visible_documents(self, known_at: str | None) -> dict[str, Document]:
        return _visible(self._documents, known_at)

    def _check_overlay(self, added: Sequence[Fact], ends: Sequence[End], visible: Mapping[str, Fact]) -> None:
        ids = [fact.id for fact in added]
        twice = sorted(id_ for id_ in set(ids) if id_ in self.fact_ids or ids.count(id_) > 1)
        if twice:
            raise RefusedError("DUPLICATE_ID", 12, f"the overlay adds {twice[0]}, which exists already")
        for end in ends:
            if not is_day(end.on):
                raise RefusedError("INVALID_DATE", 12, f"the overlay ends {end.fact}: there is no day {end.on}")
        for end in ends:
            if end.fact not in visible and end.fact not in ids:
                raise RefusedError("UNKNOWN_FACT", 12, f"the overlay ends {end.fact}, which is not visible")


def _numbers(records: Iterable[Recorded]) -> dict[str, int]:
    found: dict[str, int] = {}
    for record in records:
        found[record.id] = max(record.rev, found.get(record.id, 0))
    return found


def _newest(records: Sequence[R]) -> dict[str, R]:
    return {record.id: record for record in sorted(records, key=lambda record: record.rev)}


def _visible(records: Sequence[R], known_at: str | None) -> dict[str, R]:
    revisions: dict[str, list[R]] = defaultdict(list)
    for record in records:
        if known_at is None or record.recorded_at is None or record.recorded_at <= known_at:
            revisions[record.id].append(record)
    newest = {id_: max(found, key=lambda record: record.rev) for id_, found in revisions.items()}
    return {id_: record for id_, record in newest.items() if not record.withdrawn}


def invalid_field(error: ValidationError) -> RefusedError:
    """Return the refusal of input that does not fit the schema: which field, and why."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return RefusedError("INVALID_FIELD", 1, f"{place}: {first['msg']}")
