"""What services declare for recovery: every service is backed up, in an order that a rebuild can mend, and every fact is compared."""

from __future__ import annotations

import ast
from itertools import combinations
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from marktplatz.assembly import BUILDERS, ServiceName
from marktplatz.recovery.rebuild.republish import republishers
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.stores import COPIED_AFTER, COPY_ORDER, ServiceStore
from marktplatz.silent import Silent
from services.catalog import facts as catalog
from services.contracts import facts as contracts
from services.eligibility import facts as eligibility
from services.ordering import facts as ordering
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from shared.topics import TOPICS

RECOVERY = Path(__file__).parents[3] / "marktplatz" / "recovery"
DATA = Path(__file__).parents[3] / "data"
SERVICES = tuple(BUILDERS)


@pytest.fixture(scope="module")
def stores() -> dict[ServiceName, ServiceStore]:
    """Give every service on a store that nobody opens."""
    resources = Resources(SqliteStore(None), Silent(), DATA)
    return {name: ServiceStore(build(resources), resources) for name, build in BUILDERS.items()}


def test_every_service_is_backed_up() -> None:
    missing = set(BUILDERS) - set(COPY_ORDER)
    assert not missing, f"not backed up: {missing}"
    assert len(COPY_ORDER) == len(BUILDERS)


def test_a_service_is_copied_after_those_that_it_names() -> None:
    for name, earlier in COPIED_AFTER.items():
        assert all(COPY_ORDER.index(other) < COPY_ORDER.index(name) for other in earlier), name


def after(name: ServiceName) -> set[ServiceName]:
    """Return all services that must be copied before one, those too that they name in turn."""
    named = set(COPIED_AFTER.get(name, ()))
    return named.union(*(after(other) for other in named))


def connected() -> set[frozenset[ServiceName]]:
    """Return the pairs of services of which one reads what the other publishes."""
    services = {name.value: name for name in BUILDERS}
    return {
        frozenset((services[topic.producer], services[group.partition(".")[0]]))
        for topic in TOPICS
        for group in topic.consumers
        if topic.producer in services and topic.producer != group.partition(".")[0]
    }


def without_order() -> list[tuple[str, str]]:
    """Return the pairs of services that read each other and have no declared order."""
    pairs = [pair for pair in combinations(SERVICES, 2) if frozenset(pair) in connected()]
    return [(one.value, other.value) for one, other in pairs if one not in after(other) and other not in after(one)]


def test_of_two_services_that_read_each_other_it_is_declared_which_is_copied_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert without_order() == []
    monkeypatch.delitem(COPIED_AFTER, ServiceName.ORDERING)
    unordered = [("catalog", "contracts"), ("catalog", "eligibility"), ("eligibility", "ordering"), ("ordering", "contracts")]
    assert sorted(without_order()) == unordered


@pytest.mark.parametrize("module", [catalog, contracts, eligibility, ordering], ids=lambda module: module.__name__)
def test_every_kind_of_fact_is_compared(module: object) -> None:
    kinds = {
        kind
        for fact_of in module.FACTS.values()  # type: ignore[attr-defined] # of each of these modules
        for kind in get_args(get_type_hints(fact_of)["return"]) or (get_type_hints(fact_of)["return"],)
    } - {type(None)}
    assert kinds
    for kind in kinds:
        StoreFacts().add(_blank(kind))
    with pytest.raises(TypeError, match="compares no str"):
        StoreFacts().add("a fact of nobody")


def _blank(kind: type) -> object:
    blank: object = object.__new__(kind)
    for name in kind.__slots__:  # type: ignore[attr-defined] # of dataclasses with slots
        object.__setattr__(blank, name, name)
    return blank


def test_every_collection_with_facts_is_one_of_its_service_and_is_read(stores: dict[ServiceName, ServiceStore]) -> None:
    for held in stores.values():
        assert set(held.service.facts) <= set(held.service.collections)


def test_whatever_a_compacted_topic_must_hold_is_republished_and_nothing_else(stores: dict[ServiceName, ServiceStore]) -> None:
    retained = {collection for collection, it in republishers(stores).items() if it.retained is not None}
    newest = {
        ledger.collection for held in stores.values() for ledger in held.service.ledgers if ledger.outbox.on_overtaken is not None
    }
    assert retained == newest
    assert {collection.name for collection in retained} == {
        "archive_published",
        "catalog_offerings",
        "catalog_known_services",
        "organisations",
        "partners",
    }


def test_republishers_have_names_of_their_own(stores: dict[ServiceName, ServiceStore]) -> None:
    names = [it.name for held in stores.values() for it in held.service.republishers]
    assert sorted(names) == [
        "awards",
        "checkpoint",
        "contract",
        "known service",
        "offering",
        "order",
        "organisation",
        "partner",
        "verdict",
    ]


def test_recovery_reads_no_field_of_a_stored_document_but_its_id() -> None:
    read = {
        f"{file.name}: {ast.unparse(node)}"
        for file in RECOVERY.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "document"
    }
    assert {place.partition(": ")[2] for place in read} == {"document['_id']"}, read
