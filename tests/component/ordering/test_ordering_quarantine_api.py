"""The quarantine over HTTP: bytes are downloaded as they came, replayed once the fault is mended, or discarded with a reason."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from services.ordering.app import build
from services.ordering.partners.quarantine import Fault, Original, Quarantine
from services.ordering.partners.receipt_keys import make_key
from services.ordering.partners.words import refusals
from services.ordering.settings import Settings
from shared.http.app import create_app
from tests.component.ordering.ordering_world import World
from tests.component.ordering.test_ordering_partners_api import KEY as PARTNERS_KEY
from tests.component.ordering.test_ordering_partners_api import OPERATOR, PUBLIC, RUNS_IT, registered, rotation
from tests.support.builders.orders import T0
from tests.support.http import FakeAuthenticator, FixedHealth


@pytest.fixture
async def receiving(world: World, tmp_path: Path) -> World:
    """Give a world that signs receipts."""
    make_key(tmp_path, T0)
    world.service = build(world.resources, Settings(receipt_keys=tmp_path))
    world.app = create_app(
        "Ordering",
        world.service.router,
        authenticator=FakeAuthenticator(),
        store=world.store,
        health=FixedHealth(),
        clock=world.clock,
    )
    await registered(world)
    return world


async def quarantined(world: World, value: bytes) -> str:
    record = Original("partner.nord.orders.v1", 1, 7, T0, b"k", value, (("h", b"\xff"),))
    return await Quarantine(world.resources).take_in("nord", record, Fault("key_unregistered", "nord has no such key."))


async def test_the_bytes_are_downloaded_as_they_came(receiving: World) -> None:
    reference = await quarantined(receiving, b"\x00<script>\xff")
    answer = await receiving.get(f"/v1/partner-quarantine/{reference}/value", RUNS_IT)
    assert (answer.content, answer.headers["Content-Type"]) == (b"\x00<script>\xff", "application/octet-stream")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{reference}.bin"'
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    original = (await receiving.get(f"/v1/partner-quarantine/{reference}/original", OPERATOR)).json()
    assert base64.b64decode(original["value"]) == b"\x00<script>\xff"
    assert original["headers"] == [{"name": "h", "value": base64.b64encode(b"\xff").decode()}]


async def test_the_same_bytes_go_their_way_once_the_missing_key_is_there(receiving: World) -> None:
    event = rotation(receiving, PARTNERS_KEY)["event"].encode()  # signed well, of a type that the topic does not know
    reference = await quarantined(receiving, event)
    path = f"/v1/partner-quarantine/{reference}/replay"
    again = await receiving.post(path, OPERATOR)
    assert (again.json()["record"]["state"], again.json()["receipt"]["status"]) == ("OPEN", "quarantined")
    for said in (again.json()["record"], again.json()["receipt"]):
        assert (said["wording"]["en"], said["wording"]["de"]) == (said["detail"], refusals()[said["code"]]["de"])
        assert said["remedy"]["de"] == refusals()[said["code"]]["remedy_de"]
    await receiving.post("/v1/partners/nord/keys", OPERATOR, {"jwk": PUBLIC, "valid_from": "2020-01-01T00:00:00Z"})
    done = (await receiving.post(path, OPERATOR)).json()
    assert (done["record"]["state"], done["receipt"]["status"], done["receipt"]["code"]) == (
        "REPLAYED",
        "refused",
        "event_unknown",
    )
    assert done["record"]["receipt"] == done["receipt"]["id"]
    assert "ordering.quarantine.replayed.v1" in receiving.publisher.types()


async def test_a_correction_that_is_not_accepted_leaves_the_record_open(receiving: World) -> None:
    reference = await quarantined(receiving, b"no JWS")
    path = f"/v1/partner-quarantine/{reference}"
    answer = await receiving.post(f"{path}/resubmit", RUNS_IT, {"event": "no.JWS.this"})
    assert (answer.status_code, answer.json()["receipt"]["status"]) == (200, "quarantined")
    assert (await receiving.get(path, RUNS_IT)).json()["state"] == "OPEN"
    forbidden = await receiving.post(f"{path}/resubmit", OPERATOR, {"event": "no.JWS.this"})
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "partner_not_own")
    await receiving.post("/v1/partners/nord/suspend", OPERATOR, {"reason": "x"})
    suspended = await receiving.post(f"{path}/resubmit", RUNS_IT, {"event": "no.JWS.this"})
    assert (suspended.status_code, suspended.json()["code"]) == (409, "partner_not_active")


async def test_a_record_is_discarded_with_a_reason_and_then_settled(receiving: World) -> None:
    reference = await quarantined(receiving, b"no JWS")
    path = f"/v1/partner-quarantine/{reference}"
    done = (await receiving.post(f"{path}/discard", OPERATOR, {"reason": "Testsendung"})).json()
    assert (done["state"], done["reason"], done["decided_by"]) == ("DISCARDED", "Testsendung", "otto")
    assert (await receiving.get(path, RUNS_IT)).json()["decided_by"] is None
    replayed = await receiving.post(f"{path}/replay", OPERATOR)
    assert (replayed.status_code, replayed.json()["code"]) == (409, "illegal_move")
