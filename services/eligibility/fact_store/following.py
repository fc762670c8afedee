"""Keeps the facts in step with the registered organisations: at once after a change, and by a run that finds what was missed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime

import structlog

from services.eligibility.domain.organisation import Organisation
from services.eligibility.fact_store.entry import Draft, Origin, Record
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.organisation_facts import organisation_facts, relation_id
from services.eligibility.fact_store.sources import document_changes, fact_changes
from services.eligibility.fact_store.state import State
from shared.aggregate.change import Result

ChangedSince = Callable[[datetime | None], AsyncIterator[list[Organisation]]]
"""Yields pages of the organisations that were changed at an instant or later, oldest first; all for None."""

log = structlog.get_logger()


class Following:
    """Records what differs between organisations and their facts; nothing if nothing does. Safe to repeat."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    async def changed(self, results: Sequence[Result[Organisation]]) -> None:
        """Follow the organisations that changes have left: what the ledger calls after each batch."""
        await self.follow({it.state.id: it.state for it in results if it.state is not None and it.exists}.values())

    async def follow(self, organisations: Iterable[Organisation]) -> int:
        """Bring the facts to what these organisations state now; return the number of the journal's newest entry."""
        stated = list(organisations)
        if not stated:
            return 0
        return (await self.facts.record(lambda state: _draft(state, stated))).seq


def _draft(state: State, organisations: Sequence[Organisation]) -> Draft:
    facts: list[Record] = []
    documents: list[Record] = []
    for organisation in organisations:
        if organisation.id not in state.facts:
            log.warning("organisation_without_fact", organisation=organisation.id)
            continue
        stated, evidence = organisation_facts(organisation)
        difference = fact_changes(state, Origin.ORGANISATION, stated, _scope(state, organisation))
        if difference.contradicting:
            log.info("stated_facts_left_out", organisation=organisation.id, facts=difference.contradicting)
        facts += difference.records
        documents += document_changes(state, Origin.ORGANISATION, evidence)
    return Draft(Origin.ORGANISATION, "Stand der Organisation im Marktplatz", facts, documents)


def _scope(state: State, organisation: Organisation) -> list[str]:
    """Return the ids that the record of an organisation has stated before and may state no longer.

    A relation that was accepted stays if the accreditation runs out; it is gone when the organisation takes its statement back.
    """
    accepted = {relation_id(organisation.id, statement) for statement in organisation.statements}
    prefix = f"organisation:{organisation.id}:"
    own = (id_ for id_ in state.facts_of.get(organisation.id, ()) if id_.startswith((prefix, "statement:")))
    return [id_ for id_ in own if id_ not in accepted]


class CatchUp:
    """Follows organisations that were changed without their facts: by a crash, or by a version of the program before this one."""

    def __init__(self, following: Following, changed_since: ChangedSince) -> None:
        self.following = following
        self.changed_since = changed_since
        self._seen: datetime | None = None

    async def run(self) -> None:
        """Follow everything that was changed since the last run; at the first one everything."""
        async for page in self.changed_since(self._seen):
            await self.following.follow(page)
            self._seen = page[-1].changed_at
