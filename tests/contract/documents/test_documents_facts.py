"""What a release has stored, this version compares: every document has its facts, and the stores of the release agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from marktplatz.recovery.reconcile.differences import Kind
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.rules_stores import between_stores
from services.catalog.facts import FACTS as CATALOG
from services.contracts.facts import FACTS as CONTRACTS
from services.eligibility.facts import FACTS as ELIGIBILITY
from services.ordering.facts import FACTS as ORDERING
from shared.aggregate.stored import stored_events
from tests.contract.documents.frozen import RELEASED, read

RELEASES = sorted(folder for folder in RELEASED.iterdir() if folder.is_dir())
SERVICES = {"catalog": CATALOG, "contracts": CONTRACTS, "eligibility": ELIGIBILITY, "ordering": ORDERING}
AGGREGATES = ("catalog_offerings", "organisations", "verdicts", "orders", "listed_offerings", "contracts", "notifications")
every_release = pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)


def facts_of(release: Path) -> StoreFacts:
    facts, documents = StoreFacts(), read(release)
    for service, by_collection in SERVICES.items():
        for collection, fact_of in by_collection.items():
            for document in documents[service].get(collection.name, ()):  # none of a collection that came later
                facts.add(fact_of(document))
    return facts


@every_release
def test_the_documents_of_a_release_have_facts_and_agree(release: Path) -> None:
    facts = facts_of(release)
    assert facts.orders
    assert facts.contracts
    assert facts.registers
    assert facts.verdicts.keys() == facts.orders.keys()
    assert facts.offerings.keys() == facts.listed.keys() != set()
    # What a release before the count lacks is counted from the topic of contracts, which a new group reads from its beginning.
    # Such a release did not tell contracts of a notice either; who gives it now is for people to decide.
    lacking = set() if facts.counted else {Kind.REUSE_MISCOUNTED, Kind.NOTICE_MISSING}
    assert {it.kind for it in between_stores(facts)} == lacking


@every_release
def test_the_events_of_every_aggregate_of_a_release_are_counted(release: Path) -> None:
    documents = {name: found for of in read(release).values() for name, found in of.items()}
    for name in AGGREGATES:
        assert documents[name]
        assert all(stored_events(document).waiting == 0 for document in documents[name])
