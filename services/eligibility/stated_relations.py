"""What has become of the relations that an organisation has stated: examined, refuted by a finding, withdrawn."""

from __future__ import annotations

from services.eligibility.domain.organisation import Organisation
from services.eligibility.fact_store.audience import Audience, against, unexamined
from services.eligibility.fact_store.entry import Revision
from services.eligibility.fact_store.organisation_facts import relation_id
from services.eligibility.fact_store.state import State, newest
from services.eligibility.views import StatedRelationView


def stated_relations(organisation: Organisation, state: State, audience: Audience) -> dict[str, StatedRelationView]:
    """Return the relations that the statements of an organisation have become, as far as the audience may know, by statement."""
    found: dict[str, StatedRelationView] = {}
    for statement in organisation.statements:
        fact_id = relation_id(organisation.id, statement)
        last = newest(audience.sees(state, state.facts.get(fact_id, ())))
        if last is not None:
            found[statement.id] = _view(fact_id, last)
    return found


def _view(fact_id: str, last: Revision) -> StatedRelationView:
    if last.record.withdrawn:
        return StatedRelationView(fact=fact_id, state="WITHDRAWN")
    if against(last.content):
        return StatedRelationView(fact=fact_id, state="REFUTED")
    return StatedRelationView(fact=fact_id, state="UNEXAMINED" if unexamined(last.content) else "EXAMINED")
