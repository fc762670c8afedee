"""Verdicts of record: given with all that was used, read again without the facts, replayed to the byte."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from services.eligibility.records.api import RecordBackend, record_routes
from services.eligibility.records.assessment import assessment_of
from services.eligibility.records.judge import IndirectJoint, Policy, Question, judge
from services.eligibility.records.record import Because, Occasion, Records, record_of
from services.eligibility.records.sentences import reader_for, tree
from services.eligibility.repository import RECORDS
from services.eligibility.settings import Settings
from shared.errors import InvalidError
from shared.http import idempotency
from shared.http.app import create_app
from shared.messages.values import Channel, Verdict
from shared.store.sqlite.store import SqliteStore
from tests.component.eligibility.conftest import World
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.known_facts import TestedFacts

HUSUM = "010540056056"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POLICY = Policy("gwb108-2016", IndirectJoint.ACCEPT, required=False)
QUESTION = Question(HUSUM, "komm_one", "govdigital", date(2026, 3, 2))
ANNA = f"anna/{HUSUM}/KUNDE"
GERD = "gerd/govdigital/ANBIETER"
STRANGERS = ("karla/komm_one/BEREITSTELLER", "fred/fitko/ANBIETER", "sven/DE-SN/KUNDE")
BODY = {"provider": "komm_one", "channel": "govdigital", "as_of": "2026-03-02"}


class Api:
    """The routes over facts that the test records."""

    def __init__(self, facts: TestedFacts, store: SqliteStore) -> None:
        self.facts = facts
        self.store = store
        self.now = AT
        router = record_routes(RecordBackend(facts, Records(store), POLICY, lambda: self.now))
        self.app = create_app(
            "eligibility", router, authenticator=FakeAuthenticator(), store=store, health=FixedHealth(), clock=lambda: self.now
        )

    async def call(self, method: str, path: str, token: str | None = ANNA, body: object = None) -> httpx.Response:
        """Send one request with this token."""
        async with client(self.app, token) as caller:
            return await caller.request(method, f"/v1/verdict-records{path}", json=body)

    async def give(self, **fields: Any) -> dict[str, Any]:
        """Let Husum ask for a verdict that must be given."""
        answer = await self.call("POST", "", body={**BODY, **fields})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """The facts of the golden case of Husum, ITVSH, Dataport and govdigital."""
    store = SqliteStore(None)
    await store.prepare((RECORDS, idempotency.COLLECTION))
    yield Api(TestedFacts.of_case("g13"), store)
    await store.close()


async def test_a_verdict_is_stored_with_the_facts_and_documents_used(api: Api) -> None:
    given = await api.give()
    assert (given["verdict"], given["because"], given["rule_set"], given["engine_version"]) == (
        "EXEMPT",
        "REQUEST",
        "gwb108-2016",
        "1",
    )
    assert given["known_at"] == "2026-01-01T00:00:00Z" == given["answer"]["request"]["known_at"]
    facts = {fact["id"]: fact for fact in given["facts"]}
    assert facts["rel-itvsh-dataport"]["rev"] == 1
    assert facts["rel-itvsh-dataport"]["from"] == "itvsh"
    assert {"ev-rel-itvsh-dataport", "ev-act-govdigital-2025"} <= {document["id"] for document in given["evidence"]}
    (indirect,) = [it for it in given["sentences"] if it["code"] == "INDIRECT_JOINT_ACCEPTED"]
    assert indirect["text"]["de"].startswith("Husum, Stadt kontrolliert govdigital eG mittelbar")
    assert indirect["text"]["en"] != indirect["text"]["de"]


async def test_a_replay_is_identical_whatever_is_recorded_later(api: Api) -> None:
    given = await api.give()
    withdrawn = {**api.facts.fact("rel-itvsh-dataport"), "rev": 2, "withdrawn": True}
    api.facts.record("2026-03-02T09:00:01Z", withdrawn)
    replay = (await api.call("GET", f"/{given['id']}/replay")).json()
    assert (replay["identical"], replay["hash"]) == (True, given["hash"])
    assert replay["core"] == {key: given["answer"][key] for key in replay["core"]}
    after = await api.give()
    assert (after["verdict"], after["id"] == given["id"]) == ("NOT_EXEMPT", False)
    stored = (await api.call("GET", f"/{given['id']}")).json()
    assert stored == given, "what was given stays as it was given"


async def test_a_replay_notices_facts_that_are_not_those_of_then(api: Api) -> None:
    given = await api.give()
    api.facts.facts.remove(api.facts.fact("rel-itvsh-dataport"))
    replay = (await api.call("GET", f"/{given['id']}/replay")).json()
    assert (replay["identical"], replay["hash"] == given["hash"]) == (False, False)


async def test_the_history_of_a_question_is_read_newest_first(api: Api) -> None:
    first = await api.give()
    api.facts.record("2026-03-02T09:00:01Z", {**api.facts.fact("rel-itvsh-dataport"), "rev": 2, "withdrawn": True})
    api.now = AT.replace(hour=10)
    second = await api.give()
    listed = (await api.call("GET", "?provider=komm_one&channel=govdigital&limit=1")).json()
    assert [item["id"] for item in listed["items"]] == [second["id"]]
    rest = (await api.call("GET", f"?provider=komm_one&channel=govdigital&limit=1&cursor={listed['next']}")).json()
    assert [(item["id"], item["verdict"]) for item in rest["items"]] == [(first["id"], "EXEMPT")]
    assert (await api.call("GET", "?provider=komm_one")).json()["code"] == "question_missing"


async def test_the_same_question_on_the_same_facts_is_one_verdict(api: Api) -> None:
    assert (await api.give())["id"] == (await api.give())["id"]
    assert len((await api.call("GET", "?provider=komm_one&channel=govdigital")).json()["items"]) == 1


async def test_kunde_and_anbieter_read_it_and_nobody_else(api: Api) -> None:
    given = await api.give()
    history = f"?customer={HUSUM}&provider=komm_one&channel=govdigital"
    assert (await api.call("GET", f"/{given['id']}", GERD)).status_code == 200
    assert len((await api.call("GET", history, GERD)).json()["items"]) == 1
    for token in STRANGERS:
        for path in (f"/{given['id']}", f"/{given['id']}/replay"):
            hidden = await api.call("GET", path, token)
            assert (hidden.status_code, hidden.json()["code"]) == (404, "record_not_found")
        assert (await api.call("GET", history, token)).json()["items"] == []
    assert (await api.call("GET", f"/{given['id']}", None)).status_code == 401


async def test_an_anbieter_asks_about_others_for_its_own_channel_only(api: Api) -> None:
    asked = {**BODY, "customer": HUSUM}
    assert (await api.call("POST", "", GERD, asked)).status_code == 201
    for token, status in (("fred/fitko/ANBIETER", 403), ("sven/DE-SN/KUNDE", 403)):
        assert (await api.call("POST", "", token, asked)).status_code == status


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"provider": "nowhere"}, 404, "body_not_found"),
        ({"as_of": "2010-01-01"}, 422, "RULE_SET_NOT_IN_FORCE"),
        ({"bundlers": [{"org": HUSUM}]}, 422, "CHAIN_INVALID"),
        ({"channel": "fitko"}, 404, "body_not_found"),
        ({"channel": "none"}, 422, "invalid"),
    ],
)
async def test_what_the_engine_refuses_has_no_verdict(api: Api, fields: dict[str, Any], status: int, code: str) -> None:
    answer = await api.call("POST", "", body={**BODY, **fields})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await api.store.scan(RECORDS) == []


def test_a_draft_is_no_rule_set_of_record() -> None:
    with pytest.raises(InvalidError) as refused:
        _ = Policy("gwb108-2027-draft", IndirectJoint.ACCEPT, required=True).rules
    assert refused.value.code == "rule_set_draft"
    with pytest.raises(InvalidError) as unknown:
        _ = Settings(_env_file=None, rule_set="gwb108-1900").policy()
    assert unknown.value.code == "rule_set_unknown"


def test_an_answer_travels_as_an_assessment_that_older_readers_understand() -> None:
    facts = TestedFacts.of_case("g13")
    answer = judge(facts, POLICY, QUESTION, AT)
    found = assessment_of(answer, QUESTION, (Channel.GOVDIGITAL,), None)
    assert (found.verdict, found.hash, found.changes_on) == (Verdict.EXEMPT, answer.hash, date(2027, 7, 1))
    assert found.decisive.verdict is Verdict.EXEMPT
    assert [(leg.leg, leg.verdict) for leg in found.legs or ()] == [("L1", Verdict.EXEMPT), ("L2", Verdict.EXEMPT)]
    facts.record("2026-03-02T09:00:01Z", {**facts.fact("rel-komm_one-govdigital"), "rev": 2, "evidence": []})
    lacking = assessment_of(judge(facts, POLICY, QUESTION, AT), QUESTION, (), None)
    assert (lacking.verdict, lacking.decisive.code, lacking.decisive.remedy_code) == (
        Verdict.NO_EVIDENCE,
        "EVIDENCE_MISSING",
        "PROVIDE_EVIDENCE",
    )
    assert lacking.findings[0] == lacking.decisive
    assert lacking.decisive.remedy is not None
    assert lacking.decisive.law == "§ 108 Abs. 3 Satz 1 Alt. 1, Satz 2 GWB"


def test_the_explanation_is_a_tree_that_names_law_fact_document_and_remedy() -> None:
    facts = TestedFacts.of_case("g13")
    facts.record("2026-03-02T09:00:01Z", {**facts.fact("rel-komm_one-govdigital"), "rev": 2, "evidence": []})
    document = record_of(judge(facts, POLICY, QUESTION, AT), QUESTION, Occasion(Because.REQUEST, by="anna"), AT)
    text = tree(json.loads(document["answer"]), reader_for(document["facts"], "de")).splitlines()
    assert text[0].startswith("NO_EVIDENCE  2026-03-02, gwb108-2016")
    assert text[2] == "├─ L1 NO_EVIDENCE: govdigital eG -> Komm.ONE, route INVERSE"
    assert any("R6 NO_EVIDENCE EVIDENCE_MISSING (§ 108 Abs. 3 Satz 1 Alt. 1, Satz 2 GWB)" in line for line in text)
    assert any("> " in line and "Nachweis" in line for line in text)
    assert any("[rel-itvsh-dataport]" in line for line in text)
    assert text[-1].startswith("   "), "the last leg closes the tree"


async def test_the_service_gives_verdicts_on_the_facts_of_its_store(world: World) -> None:
    before = await world.call("POST", "/verdict-records", ANNA, BODY)
    assert (before.status_code, before.json()["verdict"]) == (201, "NOT_EXEMPT")
    assert "NO_RELATION" in {sentence["code"] for sentence in before.json()["sentences"]}
    assert before.json()["answer"]["request"]["policy"] == {"indirect_joint": "ACCEPT", "accreditation": "REQUIRE"}
    await world.accredit_husum()
    after = await world.call("POST", "/verdict-records", ANNA, BODY)
    assert after.json()["verdict"] == "NO_EVIDENCE", "the relation is examined, the Bereitsteller has no accreditation"
    assert "ACCREDITATION_MISSING" in {sentence["code"] for sentence in after.json()["sentences"]}
    for given in (before, after):
        replay = (await world.call("GET", f"/verdict-records/{given.json()['id']}/replay", ANNA)).json()
        assert (replay["identical"], replay["hash"]) == (True, given.json()["hash"])
    await world.store.delete(RECORDS, [given.json()["id"] for given in (before, after)])
