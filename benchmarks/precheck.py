"""What the in-house pre-check costs: the national matrix of a day, a what-if of it, one warm verdict; no broker, no store."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import BenchError
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.matrix import LETTERS, Column, Matrix, Scope, changes, matrix_of
from services.eligibility.engine.request import End, Policy
from services.eligibility.engine.world import World
from services.eligibility.fact_store.reference_facts import reference_facts
from shared.process.files import shipped

DAY = "2026-03-02"
OFFERINGS = 600
PROVIDERS = 100
SAMPLE = 400
CHANNELS = ("FITKO", "govdigital")
EXAMINED = {"organ_seat": "OWN", "joint_influence": True, "contrary_interests": False, "all_fields": True}
DOCUMENTS = {"list": "SATZUNG", "law": "GESETZ", "accounts": "TESTAT", "statement": "ERKLAERUNG", "shares": "GESELLSCHAFTERLISTE"}
LEAVES = "published:dataport:govdigital:MEMBER"


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds and microseconds of CPU time, and what was computed."""

    facts: int
    index: float
    matrix: float
    written: float
    what_if: float
    changed: int
    warm: float
    cells: Counter[str]


def measure(rounds: int) -> Figures:
    """Return the figures. Raises BenchError if a cell of the sample is not the verdict of its single order."""
    facts, documents = _facts()
    seconds = time.process_time()
    world = World.of(facts, documents)
    view = world.view(None)
    index = time.process_time() - seconds
    municipalities = tuple(sorted(id_ for id_, body in view.organisations.items() if body.type == "KOMMUNE" and body.on(DAY)))
    providers = sorted(id_ for id_, body in view.organisations.items() if body.type in {"IT_PROVIDER", "LAND"})[:PROVIDERS]
    columns = tuple(Column(f"E{number:03}", providers[number % len(providers)]) for number in range(OFFERINGS))
    scope = Scope(DAY, municipalities, columns, CHANNELS, policy=Policy(indirect_joint="ACCEPT"))
    computed, written = [], []
    for _ in range(rounds):
        view.days.clear()
        seconds = time.process_time()
        matrix = matrix_of(world, scope)
        computed.append(time.process_time() - seconds)
        written.append(_write(matrix))
    seconds = time.process_time()
    changed = sum(
        len(change.offerings) for change in changes(matrix, matrix_of(world, scope, (End(op="END", fact=LEAVES, on=DAY),)))
    )
    what_if = time.process_time() - seconds
    cells = Counter(letter for _, _, text in matrix.rows() for letter in text)
    if len(cells) == 1 or not changed:
        raise BenchError("the world of the bench is too plain: all cells are alike, or no change shows")
    return Figures(
        len(facts), index, statistics.median(computed), statistics.median(written), what_if, changed, _warm(world, matrix), cells
    )


def report(figures: Figures) -> None:
    """Print the figures."""
    total = figures.matrix + figures.written
    print(f"{figures.facts:,} facts; checked and indexed once in {figures.index:.2f} s of CPU")
    print(
        f"matrix of {sum(figures.cells.values()):,} cells on a cold day: {figures.matrix:.2f} s, written: {figures.written:.2f} s"
    )
    print(f"aim <= 1 s of CPU: {'reached' if total <= 1 else 'missed'}")
    print(f"what if one member leaves: {figures.what_if:.2f} s, {figures.changed:,} cells change")
    print(f"one warm verdict with its day of change: {figures.warm:.0f} us; aim <= 50 us: {_reached(figures.warm <= 50)}")
    print(f"{SAMPLE} cells are the verdicts of their single orders")
    print("cells: " + ", ".join(f"{letter} {number:,}" for letter, number in sorted(figures.cells.items())))


def _reached(aim: bool) -> str:  # noqa: FBT001 - what is printed
    return "reached" if aim else "missed"


def _write(matrix: Matrix) -> float:
    seconds = time.process_time()
    with tempfile.TemporaryFile("w", encoding="utf-8") as file:
        file.writelines(f"{customer}\t{channel}\t{text}\n" for customer, channel, text in matrix.rows())
    return time.process_time() - seconds


def _warm(world: World, matrix: Matrix) -> float:
    """Return the microseconds of one verdict that was asked for before, and compare the verdicts with the matrix."""
    scope = matrix.scope
    chosen = random.Random(1)  # noqa: S311 - the same sample in each run
    asked = []
    for _ in range(SAMPLE):
        customer, column, channel = chosen.choice(scope.customers), chosen.choice(scope.columns), chosen.choice(CHANNELS)
        asked.append((customer, column.provider, channel, _request(customer, column.provider, channel)))
    for customer, provider, channel, request in asked:
        cell, verdict = matrix.cell(customer, provider, channel), evaluate(world, request).verdict
        if cell is not verdict:
            raise BenchError(f"{customer} from {provider} at {channel}: {LETTERS[cell]} in the matrix, {verdict.name} alone")
    seconds = time.process_time()
    for *_, request in asked:
        evaluate(world, request)
    return (time.process_time() - seconds) / len(asked) * 1e6


def _request(customer: str, provider: str, channel: str) -> dict[str, Any]:
    return {
        "kind": "ORDER",
        "as_of": DAY,
        "rule_set": "gwb108-2016",
        "policy": {"indirect_joint": "ACCEPT"},
        "channel": channel,
        "provider": provider,
        "customer": customer,
    }


def _facts() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the reference data as facts, with invented examinations, figures and common bodies: nothing of it is real."""
    reference = reference_facts(shipped("data"))
    facts = [dict(stated.content) for stated in reference.facts]
    documents = [dict(stated.content) for stated in reference.documents]
    documents += [{"id": id_, "type": type_, "valid_from": None, "valid_to": None} for id_, type_ in DOCUMENTS.items()]
    for fact in facts:
        if fact["kind"] == "relation" and fact["type"] != "PART_OF":
            fact.update(EXAMINED, evidence=["list", "shares"])
    facts += _common_bodies(facts)
    bodies = [fact for fact in facts if fact["kind"] == "organisation"]
    classified = {fact["org"] for fact in facts if fact["kind"] == "authority_status"}
    for body in bodies:
        if body["id"] not in classified:
            facts += _of_body(body["id"])
    return facts, documents


def _common_bodies(facts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield an association of the municipalities of each district, each a member of a provider that is one of govdigital."""
    members = sorted(fact["from"] for fact in facts if fact["kind"] == "relation" and fact["to"] == "govdigital")
    districts = set()
    for fact in facts:
        if fact["kind"] == "organisation" and fact["type"] == "KOMMUNE" and fact["valid_to"] is None:
            district = f"bench.{fact['id'][:5]}"
            districts.add(district)
            yield _relation(fact["id"], district)
    for number, district in enumerate(sorted(districts)):
        yield {
            "id": district,
            "kind": "organisation",
            "valid_from": None,
            "valid_to": None,
            "name": district,
            "type": "VERBAND",
            "sector": "PUBLIC",
        }
        yield _relation(district, members[number % len(members)])


def _relation(source: str, target: str) -> dict[str, Any]:
    return {
        "id": f"bench.{source}:{target}",
        "kind": "relation",
        "type": "TRAEGER",
        "valid_from": None,
        "valid_to": None,
        "from": source,
        "to": target,
        "evidence": ["list"],
        **EXAMINED,
    }


def _of_body(body: str) -> Iterator[dict[str, Any]]:
    always = {"valid_from": None, "valid_to": None, "org": body}
    yield {"id": f"bench.status:{body}", "kind": "authority_status", "class": "NR2", "evidence": ["law"], **always}
    yield {
        "id": f"bench.declared:{body}",
        "kind": "declaration",
        "subject": "NO_PRIVATE_CAPITAL",
        "evidence": ["statement"],
        **always,
    }
    for year in (2023, 2024, 2025):
        amounts = {"year": year, "total": 1_000_000, "entrusted": 900_000}
        series = {"basis": "TURNOVER", "scope": "SOLO", "status": "ACTUAL", "evidence": ["accounts"]}
        yield {"id": f"bench.{year}:{body}", "kind": "activity", **always, **amounts, **series}
