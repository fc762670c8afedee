"""Idempotency-Key: one effect per key, the first answer for each repeat, and what happens when things go wrong between."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import httpx
import pytest

from shared.errors import NotFoundError, StoreUnavailableError, WriteConflictError
from shared.http.idempotency import ANSWER_LIMIT, COLLECTION, RETENTION, Holder, purge_expired
from shared.store.port import Collection, Query, Save
from tests.component.http.probe import Probe
from tests.support.http import client

pytestmark = pytest.mark.slow

ANNA = "anna/heide/KUNDE"
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
BODY = {"name": "Wohngeld"}


async def post(
    probe: Probe, body: object = None, token: str = ANNA, path: str = "/v1/things", headers: dict[str, str] | None = None
) -> httpx.Response:
    async with client(probe.app, token) as http:
        return await http.post(path, json=BODY if body is None else body, headers=KEY if headers is None else headers)


async def test_a_repeat_gets_the_first_answer_and_has_no_second_effect(probe: Probe) -> None:
    first, second = await post(probe), await post(probe)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert {name: second.headers[name] for name in ("etag", "location", "content-type")} == {
        name: first.headers[name] for name in ("etag", "location", "content-type")
    }
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert probe.runs == 1
    assert await probe.things() == [first.json()["id"]]


async def test_fifty_requests_at_once_with_one_key_have_one_effect(probe: Probe) -> None:
    probe.gate.clear()
    running = [asyncio.create_task(post(probe)) for _ in range(50)]
    finished = asyncio.as_completed(running)
    refused = [await next(finished) for _ in range(49)]
    probe.gate.set()
    answers = await asyncio.gather(*running)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 49}
    assert {answer.json()["code"] for answer in refused} == {"idempotency_key_in_use"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert probe.runs == 1
    assert len(await probe.things()) == 1


async def test_requests_that_follow_each_other_closely_get_the_answer_or_a_conflict_never_a_second_effect(probe: Probe) -> None:
    answers = await asyncio.gather(*(post(probe) for _ in range(50)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in done}) == 1
    assert probe.runs == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "Bauantrag"}, "/v1/things"),
        (BODY, "/v1/things?dry=1"),
        ({"name": "Wohngeld", "count": 2}, "/v1/things"),
    ],
)
async def test_another_request_with_the_key_is_refused(probe: Probe, body: object, path: str) -> None:
    await post(probe)
    answer = await post(probe, body, path=path)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert probe.runs == 1


async def test_one_key_for_two_places_is_refused(probe: Probe) -> None:
    assert (await post(probe, path="/v1/shelves/1/things")).status_code == 201
    assert (await post(probe, path="/v1/shelves/2/things")).json()["code"] == "idempotency_key_reused"


async def test_the_layout_of_the_body_makes_no_other_request(probe: Probe) -> None:
    first = await post(probe, {"name": "Wohngeld", "count": 1})
    async with client(probe.app, ANNA) as http:
        headers = {**KEY, "Content-Type": "application/json"}
        second = await http.post("/v1/things", content=b'{\n "count" : 1,\n "name" : "Wohngeld" }', headers=headers)
    assert second.content == first.content
    assert probe.runs == 1


async def test_the_key_counts_per_person_organisation_and_operation(probe: Probe) -> None:
    answers = [
        await post(probe),
        await post(probe, token="bernd/heide/KUNDE"),
        await post(probe, token="anna/husum/KUNDE"),
        await post(probe, path="/v1/notes"),
    ]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 4
    assert probe.runs == 4


async def test_the_quoted_form_of_the_draft_standard_is_the_same_key(probe: Probe) -> None:
    await post(probe, headers={"Idempotency-Key": "k-1"})
    answer = await post(probe, headers={"Idempotency-Key": '"k-1"'})
    assert answer.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 129, "ä", "\x7f", '""'])
async def test_a_key_that_is_no_short_visible_text_is_refused(probe: Probe, key: str) -> None:
    async with client(probe.app, ANNA) as http:
        answer = await http.post("/v1/things", json=BODY, headers=[(b"idempotency-key", key.encode())])
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
    assert probe.runs == 0


async def test_two_keys_in_one_request_are_refused(probe: Probe) -> None:
    async with client(probe.app, ANNA) as http:
        answer = await http.post("/v1/things", json=BODY, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


async def test_an_operation_that_creates_needs_a_key(probe: Probe) -> None:
    answer = await post(probe, headers={})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert probe.runs == 0


async def test_an_operation_without_a_key_just_runs_each_time(probe: Probe) -> None:
    first, second = await post(probe, path="/v1/notes", headers={}), await post(probe, path="/v1/notes", headers={})
    assert first.json()["id"] != second.json()["id"]
    assert probe.runs == 2


async def test_a_replay_checks_the_rights_again(probe: Probe) -> None:
    await post(probe)
    without_role = await post(probe, token="anna/heide/KLIENT")
    assert (without_role.status_code, without_role.json()["code"]) == (403, "role_missing")
    async with client(probe.app) as http:
        assert (await http.post("/v1/things", json=BODY, headers=KEY)).status_code == 401
    assert probe.runs == 1


async def test_a_refusal_is_replayed(probe: Probe) -> None:
    first, second = await post(probe, {"name": "belegt"}), await post(probe, {"name": "belegt"})
    assert first.status_code == second.status_code == 409
    assert first.json() == second.json()
    assert first.json()["code"] == "name_taken"
    assert second.headers["content-type"] == "application/problem+json"
    assert probe.runs == 1


@pytest.mark.parametrize("error", [RuntimeError("bug"), StoreUnavailableError("away"), WriteConflictError("busy")])
async def test_an_error_of_ours_is_not_kept_and_the_repeat_tries_anew(probe: Probe, error: Exception) -> None:
    probe.fails = [error]
    assert (await post(probe)).status_code >= 500
    answer = await post(probe)
    assert answer.status_code == 201
    assert "idempotency-replayed" not in answer.headers
    assert probe.runs == 2


async def test_what_is_not_there_yet_is_looked_for_again(probe: Probe) -> None:
    """A service follows another within moments: whoever was too early repeats with the same key."""
    probe.fails = [NotFoundError("There is no published offer yet.", code="offering_not_found")]
    assert (await post(probe)).status_code == 404
    answer = await post(probe)
    assert answer.status_code == 201
    assert "idempotency-replayed" not in answer.headers


async def crash_in_the_middle(probe: Probe) -> None:
    """Leave behind what a killed process leaves: the mark, and no answer."""
    probe.gate.clear()
    running = asyncio.create_task(post(probe))
    await probe.started.acquire()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    probe.gate.set()


def restart(probe: Probe) -> None:
    """Let the API be another process from here on."""
    probe.app.state.idempotency = Holder()


@pytest.mark.parametrize("restarted", [False, True])
async def test_after_a_crash_the_next_request_takes_the_key_over_and_creates_the_same_id(probe: Probe, restarted: bool) -> None:  # noqa: FBT001
    await crash_in_the_middle(probe)
    if restarted:
        restart(probe)
    answer = await post(probe)
    assert (answer.status_code, probe.runs) == (201, 2)
    assert (await post(probe)).content == answer.content
    assert await probe.things() == [answer.json()["id"]]


async def test_a_slow_request_keeps_its_key_from_another_process_whatever_the_clocks_say(probe: Probe) -> None:
    probe.gate.clear()
    slow = asyncio.create_task(post(probe))
    await probe.started.acquire()
    restart(probe)
    probe.clock.forward(timedelta(days=3))
    assert (await post(probe)).json()["code"] == "idempotency_key_in_use"
    probe.gate.set()
    assert (await slow).status_code == 201
    assert (await post(probe)).headers["idempotency-replayed"] == "true"
    assert probe.runs == 1


async def test_another_process_that_waits_gets_the_answer_when_it_is_there(probe: Probe) -> None:
    probe.gate.clear()
    slow = asyncio.create_task(post(probe))
    await probe.started.acquire()
    restart(probe)
    waiting = asyncio.create_task(post(probe))
    await asyncio.sleep(0.05)
    probe.gate.set()
    assert (await waiting).content == (await slow).content
    assert probe.runs == 1


async def test_a_mark_of_the_version_before_is_waited_for_and_taken_over(probe: Probe) -> None:
    await crash_in_the_middle(probe)
    (mark,) = await probe.store.find(COLLECTION, Query("expiry"))
    old = {name: value for name, value in mark.items() if name != "holder"}
    await probe.store.save_many(COLLECTION, [Save({**old, "rev": mark["rev"] + 1}, expected_rev=mark["rev"])])
    assert (await post(probe)).status_code == 201


async def test_a_long_answer_is_not_kept_but_made_anew(probe: Probe) -> None:
    body = {"name": "n" * 100, "parts": []}
    probe.padding = "p" * ANSWER_LIMIT
    first = await post(probe, body)
    (mark,) = await probe.store.find(COLLECTION, Query("expiry"))
    assert mark["answer"]["body"] is None
    second = await post(probe, body)
    assert (second.status_code, second.json()["id"]) == (201, first.json()["id"])
    assert len(await probe.things()) == 1


async def test_only_one_of_many_takes_the_lease_over(probe: Probe) -> None:
    await crash_in_the_middle(probe)
    restart(probe)
    answers = await asyncio.gather(*(post(probe) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert probe.runs == 2


async def test_a_request_that_lost_its_lease_does_not_replace_the_kept_answer(probe: Probe) -> None:
    probe.gate.clear()
    slow = asyncio.create_task(post(probe))
    await probe.started.acquire()
    (mark,) = await probe.store.find(COLLECTION, Query("expiry"))
    # What another process does that has heard nothing of this one for too long.
    await probe.store.save_many(COLLECTION, [Save({**mark, "holder": None, "rev": mark["rev"] + 1}, expected_rev=mark["rev"])])
    restart(probe)
    quick = asyncio.create_task(post(probe))
    await probe.started.acquire()
    probe.gate.set()
    answers = await asyncio.gather(slow, quick)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert (await post(probe)).json()["run"] == 2
    assert len(await probe.things()) == 1


async def test_an_answer_is_kept_for_31_days_then_purged(probe: Probe) -> None:
    first = await post(probe)
    probe.clock.forward(RETENTION - timedelta(seconds=1))
    assert (await post(probe)).headers["idempotency-replayed"] == "true"
    assert await purge_expired(probe.store, probe.clock()) == 0
    probe.clock.forward(timedelta(seconds=2))
    assert await purge_expired(probe.store, probe.clock()) == 1
    assert await probe.store.find(COLLECTION, Query("expiry", below=probe.clock())) == []
    again = await post(probe)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


async def test_who_has_lost_a_role_gets_no_stored_answer_but_what_the_operation_says_now(probe: Probe) -> None:
    first = await post(probe, token="anna/heide/KUNDE+BEREITSTELLER", path="/v1/notes")
    assert (await post(probe, token="anna/heide/KUNDE+BEREITSTELLER+ANBIETER", path="/v1/notes")).json() == first.json()
    again = await post(probe, token="anna/heide/KUNDE", path="/v1/notes")
    assert (again.json()["id"], again.json()["run"]) == (first.json()["id"], 2)
    assert "idempotency-replayed" not in again.headers
    assert (await post(probe, token="anna/heide/KUNDE+BEREITSTELLER", path="/v1/notes")).json() == first.json()
    assert len(await probe.things()) == 1


async def test_one_purge_leaves_nothing_that_is_expired_however_much_there_is(probe: Probe) -> None:
    for number in range(5):
        await post(probe, headers={"Idempotency-Key": f"key-{number}"})
    probe.clock.forward(RETENTION + timedelta(seconds=1))
    assert await purge_expired(probe.store, probe.clock(), limit=2) == 5
    assert await purge_expired(probe.store, probe.clock(), limit=2) == 0


async def test_an_expired_answer_that_is_not_purged_yet_is_not_replayed(probe: Probe) -> None:
    await post(probe)
    probe.clock.forward(RETENTION)
    assert (await post(probe, {"name": "Bauantrag"})).status_code == 201


async def test_the_answer_goes_out_even_if_it_cannot_be_kept(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_collection: Collection, _saves: Sequence[Save]) -> set[str]:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(probe.store, "save_many", away)
        first = await post(probe)
    assert first.status_code == 201
    again = await post(probe)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert len(await probe.things()) == 1
