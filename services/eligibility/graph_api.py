"""Routes of the graph: who is connected with a body, by which ways it reaches each Anbieter, and what of these waits for that."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.eligibility.domain.transitions import CLOSED
from services.eligibility.engine.facts import Relation
from services.eligibility.engine.view import View
from services.eligibility.fact_store.audience import Audience, against, unexamined
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.state import State
from services.eligibility.facts_api import audience_of
from services.eligibility.repository import Bodies
from shared.calendar import day_of
from shared.channels import channel_ids
from shared.http.days import Day
from shared.http.dependencies import AnbieterCaller, CurrentCaller
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor

MOST_STEPS = 6
"""Relations of a way: the most that the rules follow (``max_depth``)."""
MOST_RELATIONS = 500
MOST_WAYS = 20
DayText = Annotated[str, Field(examples=["2012-01-01"])]
InstantText = Annotated[str, Field(examples=["2026-03-02T09:00:00Z"])]


class RelationView(BaseModel):
    """A relation that is valid on the day. ``fact``: its id, under which the reader finds its history.

    ``unexamined``: what of it nobody has examined yet, as far as the reader may know. ``against``: the findings that speak
    against it; with one of them nobody has to examine the rest.
    """

    fact: str
    type: str
    source: str
    source_name: str
    target: str
    target_name: str
    valid_from: DayText | None
    valid_to: DayText | None
    unexamined: list[str]
    against: list[str]

    @classmethod
    def of(cls, fact: Relation, view: View, content: Mapping[str, Any]) -> RelationView:
        """Return the view of a relation, of which ``content`` says what the reader may know."""
        names = {name: found.name for name in fact.named if (found := view.organisations.get(name)) is not None}
        kind: str = getattr(fact, "type", "")
        return cls(
            fact=fact.id,
            type=kind,
            source=fact.source,
            source_name=names.get(fact.source, fact.source),
            target=fact.target,
            target_name=names.get(fact.target, fact.target),
            valid_from=fact.valid_from,
            valid_to=fact.valid_to,
            unexamined=unexamined(content),
            against=against(content),
        )


class NeighbourhoodView(BaseModel):
    """The relations around a body on a day, nearest first. ``cut``: there are more than are shown."""

    body: str
    on: str
    relations: list[RelationView]
    cut: bool


class WayView(BaseModel):
    """A chain of relations from a body to an Anbieter; whether it suffices is for the pre-check to say."""

    anbieter: str
    relations: list[RelationView]


class WaysView(BaseModel):
    """The known ways from a body to each Anbieter on a day, shortest first."""

    body: str
    on: str
    ways: list[WayView]


class WaitingRelation(BaseModel):
    """A relation that waits for an examination, and since when it is recorded."""

    relation: RelationView
    recorded_at: InstantText


On = Annotated[Day | None, Query(description="Day on which the relations are to be valid; today if left out.")]
Steps = Annotated[int, Query(ge=1, le=MOST_STEPS, description="How many relations away at most.")]


def graph_routes(facts: Facts, bodies: Bodies) -> APIRouter:
    """Return the routes of the graph. Relations that others have stated are left out: see ``Audience``."""
    router = APIRouter(prefix="/v1")

    @router.get(
        "/bodies/{body_id}/relations", response_model=NeighbourhoodView, tags=["bodies"], summary="Who is connected with a body"
    )
    async def neighbourhood(body_id: str, caller: CurrentCaller, on: On = None, steps: Steps = 1) -> Response:
        body = (await bodies.get(body_id))["_id"]
        graph = _Graph(await facts.current(), audience_of(caller), on or day_of(facts.clock()))
        found = list(graph.around(body, steps))
        shown = [graph.show(fact) for fact in found[:MOST_RELATIONS]]
        return json_reply(NeighbourhoodView(body=body, on=graph.on, relations=shown, cut=len(found) > MOST_RELATIONS))

    @router.get(
        "/bodies/{body_id}/ways", response_model=WaysView, tags=["bodies"], summary="Known ways from a body to each Anbieter"
    )
    async def ways(body_id: str, caller: CurrentCaller, on: On = None) -> Response:
        body = (await bodies.get(body_id))["_id"]
        graph = _Graph(await facts.current(), audience_of(caller), on or day_of(facts.clock()))
        found = [
            WayView(anbieter=anbieter, relations=[graph.show(fact) for fact in way])
            for anbieter in channel_ids()
            for way in graph.ways(body, anbieter)
        ]
        return json_reply(WaysView(body=body, on=graph.on, ways=found))

    @router.get(
        "/examinations",
        response_model=Page[WaitingRelation],
        tags=["facts"],
        summary="The Anbieter's list: relations that wait for an examination, longest first",
    )
    async def waiting(caller: AnbieterCaller, cursor: str | None = None, limit: Limit = 50) -> Response:
        graph = _Graph(await facts.current(), audience_of(caller), day_of(facts.clock()))
        behind = decode_cursor(cursor, [str, str])
        after = ("", "") if behind is None else (str(behind[0]), str(behind[1]))
        found = sorted(graph.to_examine(caller.channel.value), key=graph.position)
        rest = [fact for fact in found if graph.position(fact) > after]
        return json_reply(Page.cut(rest, limit, graph.position, graph.waiting))

    return router


class _Graph:
    """The relations that are valid on a day and for the audience."""

    def __init__(self, state: State, audience: Audience, on: date) -> None:
        self.state = state
        self.audience = audience
        self.on = on.isoformat()
        self.view = state.world.view(None)

    def show(self, fact: Relation) -> RelationView:
        """Return the view of a relation, as far as the audience may know it."""
        seen = self.audience.sees(self.state, self.state.facts[fact.id])
        return RelationView.of(fact, self.view, seen[-1].content)

    def waiting(self, fact: Relation) -> WaitingRelation:
        """Return the view of a relation that waits."""
        return WaitingRelation(relation=self.show(fact), recorded_at=self.position(fact)[0])

    def position(self, fact: Relation) -> tuple[str, str]:
        """Return the place of a relation on the list of those that wait: since when it is recorded, and its id."""
        return self.state.facts[fact.id][0].head.recorded_at, fact.id

    def to_examine(self, anbieter: str) -> list[Relation]:
        """Return the relations by which bodies that have turned to an Anbieter reach it, and that somebody has still to examine.

        One that a finding speaks against counts for nothing, whatever else an examination would find.
        """
        reached = {
            organisation
            for (organisation, channel, _), standing in self.view.accreditations.items()
            if channel == anbieter and any(it.on(self.on) and it.state not in CLOSED for it in standing)
        }
        near, frontier = self._reaching(anbieter), sorted(reached)
        found: dict[str, Relation] = {}
        while frontier:
            for fact in self._up(frontier.pop()):
                if fact.target not in near:
                    continue
                found[fact.id] = fact
                if fact.target not in reached:
                    reached.add(fact.target)
                    frontier.append(fact.target)
        contents = {fact_id: self.state.facts[fact_id][-1].content for fact_id in found}
        return [fact for fact_id, fact in found.items() if unexamined(contents[fact_id]) and not against(contents[fact_id])]

    def around(self, body: str, steps: int) -> Iterator[Relation]:
        """Yield the relations within some steps of a body, in whatever direction, each once, nearest first."""
        seen: set[str] = set()
        reached = {body}
        frontier = [body]
        for _ in range(steps):
            following: list[str] = []
            for name in frontier:
                for fact in (*self._up(name), *self._down(name)):
                    if fact.id in seen:
                        continue
                    seen.add(fact.id)
                    yield fact
                    following += [end for end in fact.named if end not in reached]
                    reached |= set(fact.named)
            frontier = following

    def ways(self, body: str, anbieter: str) -> list[Sequence[Relation]]:
        """Return the shortest ways, no body twice on one, at most ``MOST_WAYS``."""
        found: list[Sequence[Relation]] = []
        queue: deque[tuple[str, tuple[Relation, ...]]] = deque([(body, ())])
        near = self._reaching(anbieter)
        while queue and len(found) < MOST_WAYS:
            here, way = queue.popleft()
            if here == anbieter and way:
                found.append(way)
                continue
            if len(way) == MOST_STEPS:
                continue
            passed = {body, *(name for fact in way for name in fact.named)}
            for fact in self._up(here):
                if fact.target not in passed and fact.target in near:
                    queue.append((fact.target, (*way, fact)))
        return found

    def _reaching(self, anbieter: str) -> set[str]:
        """Return all bodies from which a way leads to the Anbieter: nothing else is followed."""
        reached, frontier = {anbieter}, [anbieter]
        while frontier:
            name = frontier.pop()
            for fact in self._down(name):
                if fact.source not in reached:
                    reached.add(fact.source)
                    frontier.append(fact.source)
        return reached

    def _up(self, name: str) -> list[Relation]:
        """Return the relations from a body, of which those come first that make it part of another."""
        found: list[Relation] = [*self.view.part_of.get(name, ()), *self.view.relations_from.get(name, ())]
        return [fact for fact in found if self._shown(fact)]

    def _down(self, name: str) -> list[Relation]:
        found: list[Relation] = [*self.view.parts.get(name, ()), *self.view.relations_into.get(name, ())]
        return [fact for fact in found if self._shown(fact)]

    def _shown(self, fact: Relation) -> bool:
        return self.view.valid(fact, self.on) and bool(self.audience.sees(self.state, self.state.facts[fact.id]))
