"""Histories of the product's own ledger, batches, processors and notify under seeded crashes, freezes and lost answers."""

from __future__ import annotations

import os

import pytest

from tests.faults.checker.history import Op
from tests.faults.checker.judge import INVARIANTS, Verdict, judge
from tests.faults.simulation.planted import PLANTED
from tests.faults.simulation.simulation import MODEL, simulate

HISTORIES = int(os.environ.get("FAULTS_HISTORIES", "32"))
FIRST = int(os.environ.get("FAULTS_SEED", "0"))
FEWEST_FOR_A_BUG = 60


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_the_product_keeps_every_invariant_in_every_history(block: int) -> None:
    fired: set[str] = set()
    for seed in range(FIRST + block, FIRST + HISTORIES, 4):
        history = simulate(seed)
        report = judge(history, MODEL)
        assert report.verdict is Verdict.VALID, report.text()
        assert set(report.looked) == set(INVARIANTS)
        fired |= {op.f for op in history.of("fault")}
    assert fired == {"sigkill", "sigstop", "sigcont", "store error", "send error", "lost ack", "rebalance"}


@pytest.mark.slow
@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_bug_is_found_within_a_bounded_number_of_histories(what: str) -> None:
    planted = PLANTED[what]
    with planted.patch():
        for seed in range(FEWEST_FOR_A_BUG):
            report = judge(simulate(seed, planted.options), MODEL)
            found = {name.split()[0] for name in report.names()}
            if found & planted.shows:
                return
    pytest.fail(f"{what}: not found in {FEWEST_FOR_A_BUG} histories")


def test_a_seed_gives_the_same_history_again() -> None:
    def course(ops: tuple[Op, ...]) -> list[tuple[object, ...]]:
        return [(op.p, op.t, op.f, op.k, op.mono, {name: op.v[name] for name in op.v if name != "digest"}) for op in ops]

    assert course(simulate(11).ops) == course(simulate(11).ops)
