"""What a release has stored, every later version reads, works on and keeps: the data of installations are a promise too."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.contracts.repository import REGISTERS, _document, _register
from services.notify.repository import CONTACTS, _book
from services.ordering.domain.lazy_json import LazyJson
from services.ordering.domain.order import Order
from services.ordering.repository import RESERVED_FOR
from shared.aggregate import epochs
from shared.aggregate.ledger import Ledger
from shared.clock import now
from shared.http import idempotency
from shared.store.documents import plain
from shared.store.port import Collection, Document
from tests.contract.documents.frozen import RELEASED, indexes, read, taken_at
from tests.support import scenario
from tests.support.marketplace import Marketplace, collections_of

pytestmark = pytest.mark.slow

RELEASES = sorted(folder for folder in RELEASED.iterdir() if folder.is_dir())
ELSEWHERE = {idempotency.COLLECTION.name, epochs.COLLECTION.name}
every_release = pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)


def vanished(before: Any, after: Any, place: str = "") -> list[str]:
    """Return the places of what is in ``before`` and not, or not the same, in ``after``; what has been added does not count."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [found for name in before for found in vanished(before[name], after.get(name), f"{place}.{name}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [found for pair in zip(before, after, strict=True) for found in vanished(*pair, f"{place}[]")]
    if isinstance(before, str) and isinstance(after, str) and before[:1] in ("{", "["):
        return vanished(_lines(before), _lines(after), place)
    return [] if before == after else [place]


def _lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def rewritten(ledger: Ledger[Any], document: Document) -> Document:
    """Return the document as this version writes it back, every part of it read. Fields it does not know count as gone."""
    if RESERVED_FOR in document:
        return document
    record = ledger.records.read(copy.deepcopy(document))
    state = record.state
    assert state is not None
    for name in type(state).model_fields:
        part = getattr(state, name)
        if isinstance(part, LazyJson):
            part.value = part.value
    if isinstance(state, Order):
        state.timeline = "\n".join(step.model_dump_json() for step in state.steps())
    record.unknown_fields = {}
    return record.document()


def _contacts(document: Document) -> Document:
    return {"_id": document["_id"], "rev": document["rev"], **_book(document).model_dump(exclude={"id"})}


def _numbers(document: Document) -> Document:
    register = _register(document)
    assert register.unknown_fields == {}
    return {**_document(register), "rev": register.rev}


def writers(market: Marketplace) -> dict[str, tuple[Collection, Callable[[Document], Document]]]:
    """Return by collection how this version writes back what it has read."""
    found: dict[str, tuple[Collection, Callable[[Document], Document]]] = {
        CONTACTS.name: (CONTACTS, _contacts),
        REGISTERS.name: (REGISTERS, _numbers),
    }
    for service in market.services.values():
        for ledger in service.ledgers:
            found[ledger.collection.name] = ledger.collection, partial(rewritten, ledger)
    return found


def aggregates(release: Path, market: Marketplace) -> list[tuple[str, list[Document]]]:
    """Return the frozen documents of the collections that hold more than reference data."""
    known = writers(market)
    return [(name, found) for of in read(release).values() for name, found in of.items() if name in known]


def test_there_is_a_release_with_every_kind_of_document() -> None:
    assert RELEASES
    for release in RELEASES:
        stored = {name for of in read(release).values() for name, found in of.items() if found}
        assert stored >= {"catalog_offerings", "organisations", "verdicts", "orders", "contracts", "contract_registers"}
        assert stored >= {"listed_offerings", "notifications", "contacts", "idempotency", "restoration", "bodies", "relations"}


@every_release
async def test_no_field_of_a_release_is_lost_when_this_version_writes_back_what_it_reads(release: Path) -> None:
    async with Marketplace() as market:
        known = writers(market)
        for name, documents in aggregates(release, market):
            collection, write = known[name]
            for document in documents:
                gone = vanished(document, plain(collection, write(document)))
                assert gone == [], f"{name} {document['_id']}: a stored field stays until a migration has taken it out"


@every_release
async def test_this_version_goes_on_with_what_a_release_has_left(release: Path) -> None:
    began, then = now(), taken_at(release)
    seed = read(release)
    del seed["catalog"]["catalog_reference_files"]  # of the rows only examples are frozen: the files are to be loaded anew
    ids = {order["state"]: order["_id"] for order in seed["ordering"]["orders"] if RESERVED_FOR not in order}
    async with Marketplace(seed=seed, clock=lambda: then + (now() - began)) as market:
        for store in market.stores.values():
            assert await epochs.sequence_base(store) > 0
        await scenario.go_on(market, [ids["GEKUENDIGT"], ids["ABGELEHNT"], ids["ANGEBOT_ERSTELLT"]])


@every_release
async def test_an_index_of_a_release_keeps_its_fields_and_gets_another_name_for_others(release: Path) -> None:
    async with Marketplace() as market:
        for name, service in market.services.items():
            for collection in collections_of(service):
                if not (release / name / f"{collection.name}.json").exists():
                    continue
                present = {index.name: list(index.fields) for index in collection.indexes}
                before = indexes(release, name, collection.name)
                assert {index: present[index] for index in before if index in present} == {
                    index: fields for index, fields in before.items() if index in present
                }


def _rename(document: Document) -> None:
    document["channel_of_old"] = document.pop("channel")


def _rename_inside(document: Document) -> None:
    document["timeline"] = document["timeline"].replace('"command"', '"step"')


def _drop_from_a_list(document: Document) -> None:
    points = json.loads(document["points"])
    document["points"] = json.dumps(points[1:])


@pytest.mark.parametrize("damage", [_rename, _rename_inside, _drop_from_a_list])
def test_what_vanishes_is_seen(damage: Callable[[Document], None]) -> None:
    order = next(order for order in read(RELEASES[0])["ordering"]["orders"] if order.get("state") == "GEKUENDIGT")
    damaged = copy.deepcopy(order)
    damage(damaged)
    assert vanished(order, copy.deepcopy(order)) == []
    assert vanished(order, damaged)
