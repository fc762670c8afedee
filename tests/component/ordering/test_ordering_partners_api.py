"""The partner registry over HTTP: what the operator does, what the partner and those it acts for see, and what is refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from services.ordering.app import build
from services.ordering.partners.receipt_keys import make_key
from services.ordering.partners.repository import PARTNERS
from services.ordering.settings import Settings
from shared.http.app import create_app
from tests.component.ordering.ordering_world import World
from tests.support.builders.orders import T0
from tests.support.http import FakeAuthenticator, FixedHealth, client

OPERATOR = "otto/marktplatz/BETREIBER"
RUNS_IT = "petra/dataport/"
REPRESENTED = "kai/010540056056/KUNDE"
OTHER_REPRESENTED = "kim/010020000000/KUNDE"
STRANGER = "sam/komm-one/BEREITSTELLER+KUNDE"
HUSUM = {"id": "010540056056", "name": "Husum, Stadt", "roles": ["KUNDE"]}
KIEL = {"id": "010020000000", "name": "Kiel", "roles": ["KUNDE", "BEREITSTELLER"]}
PARTNER = {
    "id": "nord",
    "name": "Beschaffungsportal Nord",
    "run_by": {"id": "dataport", "name": "Dataport AöR"},
    "organisations": [HUSUM, KIEL],
    "contact": {"mailbox": "schnittstellen@dataport.example"},
}
PROFILE = {name: value for name, value in PARTNER.items() if name != "id"}
KEY = OKPKey.generate_key("Ed25519")
PUBLIC = {name: value for name, value in KEY.as_dict(private=False).items() if name != "kid"}


async def registered(world: World, **changes: Any) -> dict[str, Any]:
    answer = await world.post("/v1/partners", OPERATOR, PARTNER | changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def put(world: World, body: object, who: str = OPERATOR, **headers: str) -> Any:
    async with client(world.app, who) as http:
        return await http.put("/v1/partners/nord", json=body, headers=headers)


async def test_an_operator_registers_a_partner_with_its_topics(world: World) -> None:
    answer = await world.post("/v1/partners", OPERATOR, PARTNER)
    assert (answer.status_code, answer.headers["Location"], answer.headers["ETag"]) == (201, "/v1/partners/nord", '"1"')
    body = answer.json()
    assert body["topics"] == {"orders": "partner.nord.orders.v1", "receipts": "partner.nord.receipts.v1"}
    assert (body["state"], body["keys"], body["quota"]["records_per_second"]) == ("ACTIVE", [], 20)
    assert world.publisher.types() == ["ordering.partner.registered.v1"]
    assert "@" not in str(world.publisher.events[0].data)
    assert world.publisher.events[0].topic == "ordering.partner.v1"


async def test_a_repeat_with_its_key_gets_the_first_answer_and_another_request_a_conflict(world: World) -> None:
    first = await world.post("/v1/partners", OPERATOR, PARTNER, key="one")
    again = await world.post("/v1/partners", OPERATOR, PARTNER, key="one")
    other = await world.post("/v1/partners", OPERATOR, PARTNER, key="two")
    assert (again.status_code, again.content) == (201, first.content)
    assert (other.status_code, other.json()["code"]) == (409, "partner_exists")


async def test_the_id_of_a_removed_partner_stays_taken(world: World) -> None:
    await registered(world)
    removed = await world.post("/v1/partners/nord/remove", OPERATOR, {"reason": "Vertrag beendet"})
    assert (removed.json()["state"], removed.json()["contact"]) == ("REMOVED", None)
    answer = await world.post("/v1/partners", OPERATOR, PARTNER)
    assert (answer.status_code, answer.json()["code"]) == (409, "partner_exists")
    stored = await world.store.get(PARTNERS, "nord")
    assert "schnittstellen@dataport.example" not in str(stored)


@pytest.mark.parametrize("who", [RUNS_IT, REPRESENTED, STRANGER, "a/marktplatz/", "anna/fitko/ANBIETER"])
async def test_nobody_but_the_operator_changes_a_partner(world: World, who: str) -> None:
    await registered(world)
    for path, body in {
        "/v1/partners": PARTNER | {"id": "sued"},
        "/v1/partners/nord/keys": {"jwk": PUBLIC},
        "/v1/partners/nord/keys/k1/retire": None,
        "/v1/partners/nord/suspend": {"reason": "x"},
        "/v1/partners/nord/resume": None,
        "/v1/partners/nord/remove": {"reason": "x"},
    }.items():
        answer = await world.post(path, who, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing"), path
    assert (await put(world, PROFILE, who, **{"If-Match": '"1"'})).status_code == 403


async def test_a_change_holds_only_for_the_revision_that_was_read(world: World) -> None:
    await registered(world)
    changed = await put(world, PROFILE | {"name": "Portal Nord"}, **{"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["name"], changed.headers["ETag"]) == (200, "Portal Nord", '"2"')
    late = await put(world, PROFILE | {"name": "Portal Süd"}, **{"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")


async def test_who_runs_the_partner_sees_all_of_it_and_whom_it_acts_for_only_that(world: World) -> None:
    await registered(world)
    await world.post("/v1/partners/nord/keys", OPERATOR, {"jwk": PUBLIC})
    whole = (await world.get("/v1/partners/nord", RUNS_IT)).json()
    assert whole == (await world.get("/v1/partners/nord", OPERATOR)).json()
    assert [it["id"] for it in whole["organisations"]] == [HUSUM["id"], KIEL["id"]]
    assert whole["keys"][0]["kid"] == KEY.thumbprint()
    part = (await world.get("/v1/partners/nord", REPRESENTED)).json()
    assert part["organisations"] == [HUSUM]
    assert (part["keys"], part["quota"], part["contact"]) == (None, None, None)


async def test_a_partner_is_hidden_from_all_others(world: World) -> None:
    await registered(world)
    for path in ("/v1/partners/nord", "/v1/partners/nord/history"):
        hidden, absent = await world.get(path, STRANGER), await world.get(path.replace("nord", "none"), STRANGER)
        assert hidden.status_code == absent.status_code == 404
        assert hidden.json()["code"] == absent.json()["code"] == "partner_not_found"
    assert (await world.get("/v1/partners/nord/history", REPRESENTED)).status_code == 404
    assert (await world.get("/v1/partners", STRANGER)).json()["items"] == []
    assert (await world.get("/v1/partners", REPRESENTED)).json()["items"] == []


async def test_the_list_holds_all_for_the_operator_and_ones_own_for_who_runs_some(world: World) -> None:
    for name in ("nord", "sued", "west"):
        run_by = {"id": "komm-one", "name": "Komm.ONE"} if name == "sued" else PARTNER["run_by"]
        await registered(world, id=name, run_by=run_by)
        world.pass_time(minutes=1)
    await world.post("/v1/partners/west/suspend", OPERATOR, {"reason": "Störung"})

    async def ids(who: str, **query: Any) -> list[str]:
        return [it["id"] for it in (await world.get("/v1/partners", who, **query)).json()["items"]]

    assert await ids(OPERATOR) == ["nord", "sued", "west"]
    assert await ids(OPERATOR, state="SUSPENDED") == ["west"]
    assert await ids(RUNS_IT) == ["nord", "west"]
    assert await ids(RUNS_IT, state="ACTIVE") == ["nord"]
    page = (await world.get("/v1/partners", OPERATOR, limit=2)).json()
    assert [it["id"] for it in page["items"]] == ["nord", "sued"]
    assert await ids(OPERATOR, cursor=page["next"]) == ["west"]


async def test_the_history_names_who_did_what_and_persons_only_to_their_own(world: World) -> None:
    await registered(world)
    world.pass_time(hours=1)
    await world.post("/v1/partners/nord/suspend", OPERATOR, {"reason": "Wartung"})
    lines = (await world.get("/v1/partners/nord/history", OPERATOR)).json()["items"]
    assert [(it["person"], it["organisation"], it["command"], it["detail"]) for it in lines] == [
        ("otto", "marktplatz", "register", None),
        ("otto", "marktplatz", "suspend", "Wartung"),
    ]
    theirs = (await world.get("/v1/partners/nord/history", RUNS_IT)).json()["items"]
    assert [it["person"] for it in theirs] == [None, None]


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({"jwk": KEY.as_dict(private=True)}, "key_private", 422),
        ({"jwk": {"kty": "oct"}}, "key_unfit", 422),
        ({"jwk": PUBLIC | {"kid": "no blanks"}}, "key_id_unfit", 422),
        ({"jwk": PUBLIC, "valid_until": "2020-01-01T00:00:00Z"}, "key_validity", 422),
    ],
)
async def test_a_key_that_is_not_taken_is_refused_with_its_reason(world: World, body: Any, code: str, status: int) -> None:
    await registered(world)
    answer = await world.post("/v1/partners/nord/keys", OPERATOR, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert str(KEY.as_dict(private=True)["d"]) not in answer.text


async def test_keys_are_added_and_retired(world: World) -> None:
    await registered(world)
    added = await world.post("/v1/partners/nord/keys", OPERATOR, {"jwk": PUBLIC, "kid": "k-1"})
    (key,) = added.json()["keys"]
    assert (key["kid"], key["jwk"], key["algorithm"], key["valid_until"]) == ("k-1", PUBLIC, "EdDSA", None)
    assert datetime.fromisoformat(key["valid_from"]) == T0
    world.pass_time(hours=1)
    retired = await world.post("/v1/partners/nord/keys/k-1/retire", OPERATOR)
    assert retired.json()["keys"][0]["valid_until"] is not None
    unknown = await world.post("/v1/partners/nord/keys/k-2/retire", OPERATOR)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "key_not_found")
    assert world.publisher.types()[1:] == ["ordering.partner.key-added.v1", "ordering.partner.key-retired.v1"]


async def test_a_partner_of_400_organisations_fits_into_a_request(world: World) -> None:
    many = [{"id": f"{number:012d}", "name": f"Gemeinde {number}", "roles": ["KUNDE", "BEREITSTELLER"]} for number in range(400)]
    await registered(world, organisations=many)
    answer = await world.post("/v1/partners", OPERATOR, PARTNER | {"id": "sued", "organisations": [*many, HUSUM]})
    assert answer.status_code in (400, 422)


def rotation(world: World, new: OKPKey, signed_by: OKPKey = KEY, **changes: Any) -> dict[str, str]:
    """Return the body of a partner's request for a new key."""
    public = {name: value for name, value in new.as_dict(private=False).items() if name != "kid"}
    seconds = int(world.now.timestamp())
    event = {
        "specversion": "1.0",
        "id": "r-1",
        "source": "/partner/nord",
        "type": "partner.key.rotation-requested.v1",
        "time": world.now.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "iss": "nord",
        "jti": "r-1",
        "aud": "efa-marktplatz",
        "iat": seconds,
        "exp": seconds + 600,
        "data": {"jwk": public},
    }
    header = {"alg": "EdDSA", "kid": signed_by.thumbprint()}
    return {"event": jws.serialize_compact(header, json.dumps(event | changes), signed_by, algorithms=["EdDSA"])}


async def test_a_partner_replaces_its_key_with_the_old_one_and_both_are_valid_for_an_overlap(world: World) -> None:
    await registered(world)
    await world.post("/v1/partners/nord/keys", OPERATOR, {"jwk": PUBLIC})
    new = OKPKey.generate_key("Ed25519")
    answer = await world.post("/v1/partners/nord/key-rotations", RUNS_IT, rotation(world, new))
    assert answer.status_code == 200, answer.text
    old, added = answer.json()["keys"]
    assert (old["kid"], added["kid"], added["valid_until"]) == (KEY.thumbprint(), new.thumbprint(), None)
    assert datetime.fromisoformat(old["valid_until"]) == T0 + timedelta(days=7)
    history = (await world.get("/v1/partners/nord/history", OPERATOR)).json()["items"]
    assert (history[-1]["command"], history[-1]["person"]) == ("rotate_key", "petra")


async def test_a_request_for_a_key_that_no_valid_key_of_the_partner_has_signed_is_refused(world: World) -> None:
    await registered(world)
    await world.post("/v1/partners/nord/keys", OPERATOR, {"jwk": PUBLIC})
    new, stranger = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
    forged = rotation(world, new, stranger)
    cases = {
        "key_unregistered": forged,
        "event_unknown": rotation(world, new, type="partner.order.order-placed.v1"),
        "audience_wrong": rotation(world, new, aud="elsewhere"),
        "issuer_foreign": rotation(world, new, iss="sued"),
        "event_expired": rotation(world, new, exp=int(world.now.timestamp()) - 1, iat=int(world.now.timestamp()) - 9),
        "data_invalid": rotation(world, new, data={"jwk": PUBLIC, "more": 1}),
        "key_private": rotation(world, new, data={"jwk": new.as_dict(private=True)}),
    }
    for code, body in cases.items():
        answer = await world.post("/v1/partners/nord/key-rotations", RUNS_IT, body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    for who, status in ((REPRESENTED, 404), (STRANGER, 404)):
        assert (await world.post("/v1/partners/nord/key-rotations", who, rotation(world, new))).status_code == status
    await world.post("/v1/partners/nord/suspend", OPERATOR, {"reason": "Schlüssel entwendet"})
    suspended = await world.post("/v1/partners/nord/key-rotations", RUNS_IT, rotation(world, new))
    assert (suspended.status_code, suspended.json()["code"]) == (409, "illegal_move")


async def test_the_keys_of_receipts_are_public_and_cacheable(world: World, tmp_path: Path) -> None:
    made = make_key(tmp_path, T0)
    service = build(world.resources, Settings(receipt_keys=tmp_path))
    app = create_app("Ordering", service.router, authenticator=FakeAuthenticator(), store=world.store, health=FixedHealth())
    async with client(app) as http:
        answer = await http.get("/v1/partner-receipts/jwks")
        same = await http.get("/v1/partner-receipts/jwks", headers={"If-None-Match": f"W/{answer.headers['ETag']}"})
    assert answer.json() == {"keys": [made.public()]}
    assert '"d"' not in answer.text
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", f"W/{answer.headers['ETag']}")


async def test_without_a_folder_the_set_of_receipt_keys_is_empty(world: World) -> None:
    assert (await world.get("/v1/partner-receipts/jwks", None)).json() == {"keys": []}
