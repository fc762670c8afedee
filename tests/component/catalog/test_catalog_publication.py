"""From the form to the Schaufenster, over HTTP."""

from __future__ import annotations

from typing import Any

from services.catalog.domain.transitions import Command
from services.catalog.schemas.offering import FormRequest
from tests.component.catalog.conftest import BETREIBER, DATAPORT, FITKO, GOVDIGITAL, KOMM_ONE, KUNDE, MUSTS, World
from tests.support.builders.offerings import form_body


async def test_an_offer_goes_from_form_to_publication_and_is_found(world: World) -> None:
    offering_id = await world.published()

    found = await world.search(q="fuehrerschein", orderable="true", channel="govdigital", topic_id="mobilitaet_reisen")
    assert [item["id"] for item in found["items"]] == [offering_id]
    detail = await world.as_(None).get(f"/v1/offerings/{offering_id}")
    assert detail.status_code == 200
    body = detail.json()
    assert body["state"] == "VEROEFFENTLICHT"
    assert body["version"] == 1
    assert body["provider"] == {"id": "komm_one", "name": "komm_one"}
    assert body["workflow"] is None
    assert [listing["channel"] for listing in body["channels"]] == ["govdigital"]
    assert world.publisher.types() == [
        "catalog.submission.drafted.v1",
        "catalog.submission.submitted.v1",
        "catalog.submission.accepted.v1",
        "catalog.provision.requested.v1",
        "catalog.offering.published.v1",
    ]
    topics = [event.topic.removeprefix("catalog.") for event in world.publisher.events]
    assert topics == ["submission.v1"] * 3 + ["provision.v1", "offering.v1"]


async def test_a_repeated_creation_makes_one_draft_and_gives_the_same_answer(world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await world.as_(KOMM_ONE).post("/v1/offerings", json=form_body(MUSTS), headers=headers)
    second = await world.as_(KOMM_ONE).post("/v1/offerings", json=form_body(MUSTS), headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert first.headers["Location"] == f"/v1/offerings/{first.json()['id']}"
    assert world.publisher.types() == ["catalog.submission.drafted.v1"]


async def test_creation_without_a_key_is_refused(world: World) -> None:
    answer = await world.as_(KOMM_ONE).post("/v1/offerings", json=form_body(MUSTS))
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def test_only_a_bereitsteller_creates_offers(world: World) -> None:
    answer = await world.as_(KUNDE).post("/v1/offerings", json=form_body(MUSTS), headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")


async def test_submit_names_every_point_that_is_missing_at_once(world: World) -> None:
    draft = await world.draft(
        summary=None, reifegrad=2, channels=[], anbindungsarten=[], price_items=[], leika_keys=["99999999999999"], requirements=[]
    )
    answer = await world.do(KOMM_ONE, draft["id"], "submit")
    assert (answer.status_code, answer.json()["code"]) == (422, "offering_incomplete")
    points = answer.json()["points"]
    assert {(point["field"], point["code"]) for point in points} == {
        ("summary", "text_missing"),
        ("leika_keys", "key_unknown"),
        ("reifegrad", "reifegrad_too_low"),
        ("anbindungsarten", "anbindungsart_missing"),
        ("channels", "channel_missing"),
        ("price_items", "cost_missing"),
        ("requirements", "requirement_unanswered"),
    }
    assert {point["id"] for point in points if point["field"] == "requirements"} == set(MUSTS)


async def test_a_stale_if_match_is_refused_and_a_missing_one_asked_for(world: World) -> None:
    draft = await world.draft()
    url = f"/v1/offerings/{draft['id']}"
    form = form_body(MUSTS, title="Führerschein online")
    changed = await world.as_(KOMM_ONE).put(url, json=form, headers={"If-Match": draft["etag"]})
    assert (changed.status_code, changed.json()["title"]) == (200, "Führerschein online")
    stale = await world.as_(KOMM_ONE).put(url, json=form_body(MUSTS), headers={"If-Match": draft["etag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    without = await world.as_(KOMM_ONE).put(url, json=form_body(MUSTS))
    assert (without.status_code, without.json()["code"]) == (428, "if_match_missing")
    unread = await world.as_(KOMM_ONE).put(url, json=form_body(MUSTS), headers={"If-Match": "*"})
    assert (unread.status_code, unread.json()["code"]) == (428, "if_match_missing")
    for method, path in (("PUT", url), ("POST", f"{url}/withdraw")):
        body = form_body(MUSTS) if method == "PUT" else {"reason": "Weg"}
        headers = {"If-Match": changed.headers["ETag"], "If-None-Match": "*"}
        refused = await world.as_(KOMM_ONE).request(method, path, json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")


async def test_an_illegal_move_names_the_state_and_the_moves_that_are_possible(world: World) -> None:
    draft = await world.draft()
    await world.do(KOMM_ONE, draft["id"], "submit")
    answer = await world.do(GOVDIGITAL, draft["id"], "bereitstellungsvertrag")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_move")
    assert answer.json()["current_state"] == "EINGEREICHT"
    assert answer.json()["allowed_moves"] == ["return", "accept"]


async def test_a_repeated_move_changes_nothing(world: World) -> None:
    draft = await world.draft()
    first = await world.do(KOMM_ONE, draft["id"], "submit")
    second = await world.do(KOMM_ONE, draft["id"], "submit")
    assert first.json() == second.json()
    assert first.headers["ETag"] == second.headers["ETag"]


async def test_what_others_may_not_see_answers_404(world: World) -> None:
    draft = await world.draft()
    offering_id = draft["id"]

    async def codes(token: str | None) -> list[int]:
        client = world.as_(token)
        read = await client.get(f"/v1/offerings/{offering_id}")
        put = await client.put(f"/v1/offerings/{offering_id}", json=form_body(MUSTS), headers={"If-Match": '"999"'})
        submit = await client.post(f"/v1/offerings/{offering_id}/submit", headers={"If-Match": '"999"'})
        return [read.status_code, put.status_code, submit.status_code]

    assert await codes(DATAPORT) == [404, 404, 404]
    assert await codes(GOVDIGITAL) == [404, 403, 404]
    assert await codes(KUNDE) == [404, 403, 403]
    assert await codes(None) == [404, 401, 401]
    assert (await world.as_(KOMM_ONE).get(f"/v1/offerings/{offering_id}")).status_code == 200
    await world.do(KOMM_ONE, offering_id, "submit")
    assert (await world.as_(GOVDIGITAL).get(f"/v1/offerings/{offering_id}")).status_code == 200
    assert (await world.as_(FITKO).get(f"/v1/offerings/{offering_id}")).status_code == 404
    assert (await world.do(FITKO, offering_id, "accept")).status_code == 404
    found = [item["id"] for item in (await world.search(q="Führerscheinantrag"))["items"]]
    assert found[0] == "E008"
    assert offering_id not in found


async def test_the_work_lists_show_what_is_ones_own(world: World) -> None:
    draft = await world.draft()
    submitted = await world.draft(channels=["fitko", "govdigital"])
    await world.do(KOMM_ONE, submitted["id"], "submit")

    async def mine(token: str, **query: Any) -> list[tuple[str, list[str]]]:
        answer = await world.as_(token).get("/v1/my/offerings", params=query)
        return [(item["id"], item["allowed_moves"]) for item in answer.json()["items"]]

    assert await mine(KOMM_ONE) == [(submitted["id"], ["withdraw"]), (draft["id"], ["edit", "submit", "withdraw"])]
    assert await mine(KOMM_ONE, state="ENTWURF") == [(draft["id"], ["edit", "submit", "withdraw"])]
    assert await mine(FITKO) == [(submitted["id"], ["return", "accept"])]
    assert await mine(GOVDIGITAL, state="EINGEREICHT") == [(submitted["id"], ["return", "accept"])]
    assert await mine(GOVDIGITAL, state="VEROEFFENTLICHT") == []
    assert await mine(DATAPORT) == []


async def test_the_work_list_pages_to_the_end_without_repeats(world: World) -> None:
    made = [(await world.draft())["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await world.as_(KOMM_ONE).get("/v1/my/offerings", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_a_returned_form_is_hidden_from_the_anbieter_until_it_is_handed_in_again(world: World) -> None:
    draft = await world.draft()
    await world.do(KOMM_ONE, draft["id"], "submit")
    back = await world.do(GOVDIGITAL, draft["id"], "return", remarks="Zielgruppe fehlt.")
    assert (back.status_code, back.json()["state"]) == (200, "ENTWURF")
    assert (await world.as_(GOVDIGITAL).get(f"/v1/offerings/{draft['id']}")).status_code == 404
    own = (await world.as_(KOMM_ONE).get(f"/v1/offerings/{draft['id']}")).json()
    assert own["workflow"]["remarks"] == "Zielgruppe fehlt."
    assert own["workflow"]["allowed_moves"] == ["edit", "submit", "withdraw"]


async def test_editing_a_published_offer_is_a_new_version_and_must_stay_complete(world: World) -> None:
    offering_id = await world.published()
    read = await world.as_(KOMM_ONE).get(f"/v1/offerings/{offering_id}")
    headers = {"If-Match": read.headers["ETag"]}
    url = f"/v1/offerings/{offering_id}"
    broken = await world.as_(KOMM_ONE).put(url, json=form_body(MUSTS, reifegrad=1), headers=headers)
    assert (broken.status_code, broken.json()["code"]) == (422, "offering_incomplete")
    edited = await world.as_(KOMM_ONE).put(url, json=form_body(MUSTS, title="Fahrerlaubnis online"), headers=headers)
    assert edited.status_code == 200
    assert edited.json()["version"] == 2
    assert edited.json()["history"][-1]["changed_fields"] == ["title"]
    assert world.publisher.types()[-1] == "catalog.offering.changed.v1"
    assert [item["version"] for item in (await world.search(q="Fahrerlaubnis online"))["items"]][:1] == [2]


async def test_a_suspended_offer_stays_visible_but_takes_no_interest(world: World) -> None:
    offering_id = await world.published()
    await world.do(GOVDIGITAL, offering_id, "suspend", reason="Sicherheitsvorfall")
    (item,) = (await world.search(ozg_id="10169", kind="offering"))["items"]
    assert (item["state"], item["orderable"]) == ("AUSGESETZT", False)
    other = await world.do(KOMM_ONE, offering_id, "resume")
    assert (other.status_code, other.json()["code"]) == (403, "suspended_by_other")
    assert (await world.do(GOVDIGITAL, offering_id, "resume")).json()["state"] == "VEROEFFENTLICHT"


async def test_a_withdrawn_offer_leaves_the_schaufenster_and_stays_readable_with_its_reason(world: World) -> None:
    offering_id = await world.published()
    assert (await world.search(kind="offering"))["total"] == 1
    await world.do(KOMM_ONE, offering_id, "withdraw", reason="Ende des Betriebs")
    assert (await world.search(kind="offering"))["total"] == 0
    for reader in (None, KUNDE, KOMM_ONE, GOVDIGITAL, BETREIBER):
        read = (await world.as_(reader).get(f"/v1/offerings/{offering_id}")).json()
        assert (read["state"], read["withdrawal_reason"]) == ("ZURUECKGEZOGEN", "Ende des Betriebs")
        assert (read["orderable"], read["orderable_channels"]) == (False, [])
    assert world.publisher.types()[-1] == "catalog.offering.withdrawn.v1"


async def test_what_was_never_public_stays_hidden_after_its_withdrawal(world: World) -> None:
    draft = await world.draft()
    await world.do(KOMM_ONE, draft["id"], "submit")
    await world.do(KOMM_ONE, draft["id"], "withdraw", reason="Irrtum")
    for reader in (None, KUNDE, DATAPORT, BETREIBER):
        for path in ("", "/versions", "/versions/1", "/versions/1/differences"):
            assert (await world.as_(reader).get(f"/v1/offerings/{draft['id']}{path}")).status_code == 404


async def test_every_route_is_described_with_the_forms_example(world: World) -> None:
    document = (await world.as_(None).get("/openapi.json")).json()
    assert {
        "/v1/offerings",
        "/v1/offerings/{offering_id}",
        "/v1/my/offerings",
        "/v1/reference/ozg",
        "/v1/reference/leika",
        "/v1/reference/topics",
        "/v1/reference/requirements",
        *(f"/v1/offerings/{{offering_id}}/{command}" for command in Command if command is not Command.EDIT),
    } <= set(document["paths"])
    (example,) = document["components"]["schemas"]["FormRequest"]["examples"]
    assert FormRequest.model_validate(example).title == example["title"]
    assert all(operation.get("description") for path in document["paths"].values() for operation in path.values())


async def test_the_operator_suspends_and_withdraws_what_is_public_and_sees_no_draft(world: World) -> None:
    draft = await world.draft()
    assert (await world.as_(BETREIBER).get(f"/v1/offerings/{draft['id']}")).status_code == 404
    assert (await world.do(BETREIBER, draft["id"], "withdraw", reason="Ende")).status_code == 404
    offering_id = await world.published()
    (listed,) = (await world.as_(BETREIBER).get("/v1/my/offerings")).json()["items"]
    assert (listed["id"], listed["allowed_moves"]) == (offering_id, ["suspend", "withdraw"])
    assert (await world.do(BETREIBER, offering_id, "suspend", reason="Vorfall")).json()["state"] == "AUSGESETZT"
    suspended = await world.as_(BETREIBER).get("/v1/my/offerings?view=public&state=AUSGESETZT")
    assert [it["id"] for it in suspended.json()["items"]] == [offering_id]
    assert (await world.as_(KOMM_ONE).get("/v1/my/offerings?view=public")).status_code == 403
    assert (await world.as_(BETREIBER).get("/v1/my/offerings?view=bereitsteller")).status_code == 403
    assert (await world.do(KOMM_ONE, offering_id, "resume")).json()["code"] == "suspended_by_other"
    assert (await world.do(BETREIBER, offering_id, "withdraw", reason="Vorfall")).json()["state"] == "ZURUECKGEZOGEN"


async def test_a_key_replays_the_answer_of_a_move(world: World) -> None:
    draft = await world.draft()
    await world.do(KOMM_ONE, draft["id"], "submit")
    url, headers = f"/v1/offerings/{draft['id']}/return", {"Idempotency-Key": "return-once"}
    first = await world.as_(GOVDIGITAL).post(url, json={"remarks": "Fehlt."}, headers=headers)
    again = await world.as_(GOVDIGITAL).post(url, json={"remarks": "Fehlt."}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert world.publisher.types().count("catalog.submission.returned.v1") == 1
