"""The matrix of all customers, offerings and channels: each cell is the verdict of the single order."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from random import Random
from typing import Any

import pytest

from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.matrix import LETTERS, Column, Matrix, Scope, changes, matrix_of
from services.eligibility.engine.request import REQUEST, Bundler, Overlay, Policy
from services.eligibility.engine.verdicts import Verdict
from services.eligibility.engine.world import World
from tests.support.eligibility_cases import random_case

BLOCK = 4
FAST = range(0, 48, BLOCK)
SLOW = range(1000, 1600, 50)
SAMPLE = 12
"""Cells compared of each world; thousands in all."""
CHANNELS = ("FITKO", "govdigital")
POLICIES = [
    Policy(indirect_joint=indirect, accreditation=accreditation)
    for indirect in ("STRICT", "ACCEPT")
    for accreditation in ("IGNORE", "REQUIRE")
]


def organisations(case: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted({fact["id"] for fact in case["facts"] if fact["kind"] == "organisation"}))


def overlay_of(case: dict[str, Any]) -> Overlay:
    return REQUEST.validate_python(case["request"]).overlay


def scope_of(case: dict[str, Any], seed: int) -> Scope:
    request, bodies = case["request"], organisations(case)
    random = Random(seed)  # noqa: S311 - reproducible test data
    policy = random.choice(POLICIES)
    chains = {}
    for customer in bodies:
        if random.random() < 0.5:
            orgs = random.sample(bodies, random.choice((1, 2)))
            owing = [(random.random() < 0.6, random.random() < 0.3) for _ in orgs]
            chains[customer, random.choice(CHANNELS)] = [
                Bundler(org=org, payment=pays, return_duty=owes) for org, (pays, owes) in zip(orgs, owing, strict=True)
            ]
    return Scope(
        as_of=request["as_of"],
        customers=bodies,
        columns=tuple(Column(f"offer of {body}", body) for body in bodies),
        rule_set=request["rule_set"],
        known_at=request.get("known_at"),
        policy=policy,
        bundlers=chains,
    )


def single(world: World, of: Scope, overlay: list[Any], customer: str, provider: str, channel: str) -> Verdict | None:
    chain = [bundler.model_dump() for bundler in of.bundlers.get((customer, channel), ())]
    request = {
        "kind": "ORDER",
        "as_of": of.as_of,
        "rule_set": of.rule_set,
        "known_at": of.known_at,
        "policy": of.policy.model_dump(),
        "overlay": overlay,
        "channel": channel,
        "provider": provider,
        "customer": customer,
        "bundlers": chain,
    }
    try:
        return evaluate(world, request).verdict
    except RefusedError as refused:
        if refused.code == "CHAIN_INVALID":
            return None
        raise


def assert_cells(seed: int) -> Matrix | None:
    case = random_case(seed)
    world, of, overlay = World.of(case["facts"], case["evidence"]), scope_of(case, seed), case["request"].get("overlay", [])
    try:
        matrix = matrix_of(world, of, overlay_of(case))
    except RefusedError as refused:
        with pytest.raises(RefusedError, match=refused.code):
            single(world, of, overlay, of.customers[0], of.customers[1], "FITKO")
        return None
    cells = list(product(of.customers, of.customers, CHANNELS))
    for customer, provider, channel in Random(seed).sample(cells, min(SAMPLE, len(cells))):  # noqa: S311 - as above
        expected = single(world, of, overlay, customer, provider, channel)
        assert matrix.cell(customer, provider, channel) is expected, (seed, customer, provider, channel)
    return matrix


@pytest.mark.parametrize("first", FAST)
def test_every_cell_is_the_verdict_of_the_single_order(first: int) -> None:
    found = [assert_cells(seed) for seed in range(first, first + BLOCK)]
    assert any(found)


@pytest.mark.slow
@pytest.mark.parametrize("first", SLOW)
def test_every_cell_of_hundreds_of_worlds_is_the_verdict_of_the_single_order(first: int) -> None:
    found = [assert_cells(seed) for seed in range(first, first + 50)]
    verdicts = {cell for matrix in found if matrix for _, _, text in matrix.rows() for cell in text}
    assert verdicts >= {"E", "N", "X", "-"}


def sound_case() -> tuple[dict[str, Any], int]:
    """Return the first random case whose facts can be true together, with its seed."""
    for seed in range(100):
        case = random_case(seed)
        with suppress(RefusedError):
            World.of(case["facts"], case["evidence"]).view(case["request"].get("known_at"))
            World.of(case["facts"], case["evidence"]).view(None)
            return case, seed
    raise AssertionError("no seed gives facts that can be true together")


def test_rows_hold_one_letter_for_each_offering() -> None:
    case, seed = sound_case()
    of = scope_of(case, seed)
    matrix = matrix_of(World.of(case["facts"], case["evidence"]), of)
    rows = list(matrix.rows())
    assert len(rows) == 2 * len(of.customers)
    for customer, channel, text in rows:
        assert text == "".join(LETTERS[matrix.cell(customer, column.provider, channel)] for column in of.columns)


@pytest.mark.parametrize("seed", range(40, 52))
def test_changes_name_exactly_the_cells_that_differ(seed: int) -> None:
    case = random_case(seed)
    world, of = World.of(case["facts"], case["evidence"]), scope_of(case, seed)
    relation = next(fact["id"] for fact in case["facts"] if fact["kind"] == "relation")
    overlay = REQUEST.validate_python(case["request"] | {"overlay": [{"op": "END", "fact": relation, "on": of.as_of}]}).overlay
    try:
        before, after = matrix_of(world, of), matrix_of(world, of, overlay)
    except RefusedError:
        return
    named = {
        (change.customer, offering, change.channel): (change.before, change.after)
        for change in changes(before, after)
        for offering in change.offerings
    }
    differing = {
        (customer, column.offering, channel): cells
        for channel in CHANNELS
        for customer in of.customers
        for column in of.columns
        if (cells := (before.cell(customer, column.provider, channel), after.cell(customer, column.provider, channel)))[0]
        is not cells[1]
    }
    assert named == differing


def test_an_organisation_nobody_knows_is_refused() -> None:
    case, _ = sound_case()
    of = Scope(case["request"]["as_of"], ("nobody",), ())
    with pytest.raises(RefusedError, match="UNKNOWN_ORGANISATION"):
        matrix_of(World.of(case["facts"], case["evidence"]), of)
