"""Search finds what people mean: judged queries against the reference data, with floors that no change may fall below."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.search.relevance import Outcome, Searches, figures, judged_queries

pytestmark = pytest.mark.slow
DATA = Path(__file__).parents[3] / "data"
FLOORS = {"ozg": (0.86, 0.90), "leika": (0.92, 0.95), "known": (0.93, 0.94), "bodies": (0.97, 0.98)}
"""Least mean reciprocal rank and recall among the first five, by what is searched."""
FRESH = (0.84, 0.86)
"""The same over the queries that were written when the list of words was complete, whatever they search."""


@pytest.fixture(name="outcomes", scope="module")
def _outcomes() -> list[Outcome]:
    searches = Searches(DATA)
    return [searches.outcome(judged) for judged in judged_queries()]


@pytest.mark.parametrize("corpus", sorted(FLOORS))
def test_the_right_answer_stands_near_the_top(outcomes: list[Outcome], corpus: str) -> None:
    reached = figures([it for it in outcomes if it.judged.corpus == corpus])
    missed = [it.judged.query for it in outcomes if it.judged.corpus == corpus and it.rank is None]
    least_mrr, least_recall = FLOORS[corpus]
    assert reached.mrr >= least_mrr, missed
    assert reached.recall >= least_recall, missed


def test_words_that_the_list_was_not_written_for_are_found_too(outcomes: list[Outcome]) -> None:
    reached = figures([it for it in outcomes if it.judged.written == "after"])
    assert (reached.mrr, reached.recall) >= FRESH


@pytest.mark.parametrize("kind", ["name", "plural", "typo", "compound", "short", "number", "place"])
def test_every_way_to_write_a_name_leads_to_it(outcomes: list[Outcome], kind: str) -> None:
    assert figures([it for it in outcomes if it.judged.kind == kind]).recall >= 0.93


def test_there_are_enough_queries_of_each_kind() -> None:
    queries = judged_queries()
    assert len(queries) >= 600
    assert len({(it.corpus, it.query) for it in queries}) == len(queries)
