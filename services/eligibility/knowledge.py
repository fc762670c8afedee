"""Gathers the facts for the rules: the published graph, what organisations have stated, who is accredited where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.eligibility.domain.organisation import Organisation
from services.eligibility.reference import GRAPH
from services.eligibility.repository import EDITIONS, RELATIONS, Bodies, MayKnow, Organisations, Viewer
from services.eligibility.rules import (
    Accreditation,
    Body,
    CollectiveRelation,
    Confirmation,
    Evidence,
    Facts,
    Policy,
    Relation,
    RelationType,
)
from services.eligibility.rules.paths import reachable
from shared.messages.values import OrganisationType
from shared.store.port import Document, Query, Store

LARGEST_GRAPH = 10_000


@dataclass(frozen=True, slots=True)
class Graph:
    """The published relations, and the edition of the reference data that they come from."""

    version: str | None = None
    relations: tuple[Relation, ...] = ()
    collectives: tuple[CollectiveRelation, ...] = ()


class Graphs:
    """Holds the published graph in memory; each use asks the store for the edition and reads again only when it has changed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._graph = Graph()

    async def current(self) -> Graph:
        """Return the graph as the store holds it now."""
        edition = await self.store.get(EDITIONS, GRAPH)
        version = None if edition is None else edition["version"]
        if version != self._graph.version:
            singles, collectives = [await self._read(kind) for kind in ("single", "collective")]
            self._graph = Graph(version, tuple(map(_relation, singles)), tuple(map(_collective, collectives)))
        return self._graph

    async def _read(self, kind: str) -> list[Document]:
        return await self.store.find(RELATIONS, Query("kind", equals={"kind": kind}, limit=LARGEST_GRAPH))


@dataclass(frozen=True, slots=True)
class Known:
    """What the store holds about some bodies and all that they belong to."""

    graph: Graph
    organisations: Mapping[str, Organisation]
    bodies: Mapping[str, Document]

    def relations(self, viewer: Viewer) -> tuple[Relation, ...]:
        """Return the published relations, and the stated ones that the viewer may know."""
        return (*self.graph.relations, *_stated(self.organisations.values(), viewer.may_know))

    def facts(self, viewer: Viewer, customer: str, provider: str, anbieter: Iterable[str]) -> Facts:
        """Return the facts about two parties alone: the same whatever else is known."""
        relations = self.relations(viewer)
        near = reachable((*_starts((customer, provider), self.graph), *anbieter), relations)
        return Facts(
            bodies={body_id: _body(self.bodies[body_id]) for body_id in near if body_id in self.bodies},
            relations=tuple(r for r in relations if r.source in near),
            collectives=tuple(c for c in self.graph.collectives if c.target in near),
            accreditations={
                party: _accreditations(self.organisations[party], viewer)
                for party in (customer, provider)
                if party in self.organisations
            },
        )


class Knowledge:
    """Reads what a batch of checks needs: one look-up per collection, more only if a statement leads further."""

    def __init__(self, graphs: Graphs, organisations: Organisations, bodies: Bodies, policy: Policy) -> None:
        self.graphs = graphs
        self.organisations = organisations
        self.bodies = bodies
        self.anbieter = tuple(rule.anbieter for rule in policy.channels.values())

    async def about(self, parties: Iterable[str], may_know: MayKnow) -> Known:
        """Return what may be known about these bodies and those that they belong to, directly or not: see ``MayKnow``."""
        graph = await self.graphs.current()
        starts = (*_starts(parties, graph), *self.anbieter)
        organisations: dict[str, Organisation] = {}
        asked: set[str] = set()
        while frontier := reachable(starts, (*graph.relations, *_stated(organisations.values(), may_know))) - asked:
            organisations |= await self.organisations.known_to(may_know, sorted(frontier))
            asked |= frontier
        return Known(graph, organisations, await self.bodies.get_many(sorted(asked)))

    async def facts_for(self, viewer: Viewer, customer: str, provider: str) -> Facts:
        """Return the facts about Kunde and Bereitsteller as far as the viewer may know them.

        Of others than the viewer's own organisation only what is published or confirmed. An Anbieter knows in addition what an
        organisation has stated that turned to it, and of all others not even whether they are registered.
        """
        known = await self.about({customer, provider}, viewer.may_know)
        facts = known.facts(viewer, customer, provider, self.anbieter)
        if viewer.organisation == customer:
            return facts
        return replace(facts, accreditations={customer: (), **facts.accreditations})

    async def facts(self, pairs: Sequence[tuple[str, str]]) -> list[Facts]:
        """Return the facts about each pair of Kunde and Bereitsteller, as far as the Kunde may know."""
        customers = {customer for customer, _ in pairs}
        known = await self.about({party for pair in pairs for party in pair}, lambda organisation, _: organisation in customers)
        return [known.facts(Viewer(customer), customer, provider, self.anbieter) for customer, provider in pairs]


def _starts(parties: Iterable[str], graph: Graph) -> set[str]:
    """Return the bodies to start from: the parties, groups that they may belong to, and owners of a party."""
    parties = set(parties)
    groups = {c.target for c in graph.collectives for party in parties if party.isdigit() and party.startswith(c.region)}
    owners = {relation.source for relation in graph.relations if relation.target in parties}
    return parties | groups | owners


def _stated(organisations: Iterable[Organisation], may_know: MayKnow) -> list[Relation]:
    return [
        Relation(
            id=statement.id,
            source=organisation.id,
            target=statement.target,
            type=statement.type,
            valid_from=statement.valid_from,
            valid_to=statement.valid_to,
            confirmation=Confirmation.CONFIRMED if organisation.confirmed(statement.id) else Confirmation.STATED,
            evidence=tuple(Evidence(e.id, e.title, e.valid_from, e.valid_to) for e in statement.evidence),
        )
        for organisation in organisations
        for statement in organisation.statements
        if organisation.confirmed(statement.id) or may_know(organisation.id, [a.channel for a in organisation.accreditations])
    ]


def _accreditations(organisation: Organisation, viewer: Viewer) -> tuple[Accreditation, ...]:
    return tuple(
        Accreditation(f"{organisation.id}/{a.channel}/{a.role}", a.channel, a.role, a.state, a.valid_from, a.valid_to)
        for a in organisation.accreditations
        if viewer.organisation == organisation.id or a.channel is viewer.channel
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _relation(document: Document) -> Relation:
    return Relation(
        id=document["_id"],
        source=document["source"],
        target=document["target"],
        type=RelationType(document["type"]),
        valid_from=_day(document["valid_from"]),
        valid_to=_day(document["valid_to"]),
        evidence=(Evidence(document["evidence"]["id"], document["evidence"]["title"]),),
    )


def _collective(document: Document) -> CollectiveRelation:
    return CollectiveRelation(
        id=document["_id"],
        region=document["region"],
        target=document["target"],
        type=RelationType(document["type"]),
        name=document["name"],
        valid_from=_day(document["valid_from"]),
        valid_to=_day(document["valid_to"]),
    )


def _body(document: Document) -> Body:
    return Body(document["_id"], document["name"], OrganisationType.read(document["type"]), document["ars"])
