"""Partners after a restore: registry, receipts and quarantine go on as they were, with the keys from their vault."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from marktplatz.recovery.dump.dump import back_up
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.restore import restore
from marktplatz.recovery.stores import opened_stores
from services.ordering.inbound.receipts import RECEIPTS
from services.ordering.inbound.released import ReleasedRecords
from services.ordering.partners.quarantine import ORIGINALS, QUARANTINE
from services.ordering.partners.receipt_keys import ReceiptKeys, make_key
from services.ordering.partners.repository import PARTNERS
from shared.clock import now
from shared.process.settings import ProcessSettings
from shared.store.paging import scanned
from shared.store.port import Document
from tests.integration.partners.partners_fixture import Shop, new_system
from tests.support.publisher import RecordingPublisher

pytestmark = pytest.mark.slow

OF_PARTNERS = (PARTNERS, RECEIPTS, QUARANTINE, ORIGINALS)
OVERLAP = timedelta(days=100)


async def held(shop: Shop) -> dict[str, list[Document]]:
    return {it.name: [document async for page in scanned(shop.store, it) for document in page] for it in OF_PARTNERS}


async def test_a_restored_marketplace_knows_its_partners_their_receipts_and_their_quarantine(tmp_path: Path) -> None:
    before, after, vault = (tmp_path / name for name in ("before", "after", "vault"))
    for folder in (before, after):
        folder.mkdir()
    make_key(before / "keys", now() - timedelta(days=1))
    shutil.copytree(before / "keys", vault)
    system = new_system()

    shop = Shop(before / "ordering.db", RecordingPublisher(), ReceiptKeys(before / "keys", now, OVERLAP))
    await shop.open()
    await shop.register(system)
    order_id = await shop.order(system.id)
    event = system.event(
        "question-asked", {"organisation": system.organisations[0].id, "order_id": order_id, "text": "Ab wann?"}, now()
    )
    asked, poison = system.record(system.sign(event), now()), system.record(b"poison", now())
    partner, _ = await shop.partners.get(system.id)
    first = await shop.intake.take_all(partner, [asked, poison])
    assert [receipt.status for receipt in first] == ["accepted", "quarantined"]
    stored = await held(shop)
    await shop.store.close()

    async with opened_stores(ProcessSettings(var=before)) as stores:
        folder, manifest = await back_up(stores, tmp_path / "backups", Keys())
    documents = {file.collection: file.documents for file in manifest.files if file.service == "ordering"}
    assert {name: documents[name] for name in stored} == {
        PARTNERS.name: 1,
        RECEIPTS.name: 2,
        QUARANTINE.name: 1,
        ORIGINALS.name: 1,
    }
    private = json.loads(next(vault.iterdir()).read_text("utf-8"))["d"].encode()
    assert not [it for it in folder.rglob("*.gz") if private in gzip.decompress(it.read_bytes())], "keys are in the vault only"
    async with opened_stores(ProcessSettings(var=after)) as stores:
        await restore(stores, folder, Keys(), now())

    keys = ReceiptKeys(vault, now, OVERLAP)
    publisher = RecordingPublisher()
    shop = Shop(after / "ordering.db", publisher, keys)
    await shop.open()
    assert await held(shop) == stored
    partner, _ = await shop.partners.get(system.id)
    questions = await shop.questions(order_id)
    again = await shop.intake.take_all(partner, [asked, poison])
    assert [receipt.jws for receipt in again] == [receipt.jws for receipt in first], "the first receipts, byte for byte"
    assert [event.data for event in publisher.events] == [receipt.jws for receipt in first]
    assert await shop.questions(order_id) == questions, "nothing happens twice"

    original = await shop.quarantine.original(poison.reference)
    assert (original.value, original.offset) == (b"poison", poison.offset)
    issued = await ReleasedRecords(shop.partners, shop.intake).take(system.id, original)
    assert (issued.status, issued.code) == ("quarantined", "jws_malformed")

    published = KeySet.import_key_set({"keys": keys.published()})
    for receipt in first:
        payload = json.loads(jws.deserialize_compact(receipt.jws or "", published, algorithms=["EdDSA"]).payload)
        assert payload["data"]["receipt"]["partner"] == system.id
    await shop.store.close()
