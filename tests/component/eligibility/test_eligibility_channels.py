"""The public rules of the channels: read without a token, by law, code and sentence, held by their entity tag."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from services.eligibility.engine.explanation import LAW
from services.eligibility.engine.rule_sets import rule_sets
from services.eligibility.records.judge import IndirectJoint, Policy
from services.eligibility.rule_book import rows_of
from services.eligibility.rule_book.api import channel_routes
from services.eligibility.sentences import words
from shared.http.app import create_app
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.memory_store import MemoryStore


def app_under(policy: Policy) -> FastAPI:
    router = channel_routes(policy)
    return create_app("eligibility", router, authenticator=FakeAuthenticator(), store=MemoryStore(), health=FixedHealth())


@pytest.fixture
def app() -> FastAPI:
    return app_under(Policy("gwb108-2016", IndirectJoint.ACCEPT, required=True))


async def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async with client(app) as nobody:
        return await nobody.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def test_everybody_reads_which_channels_there_are_and_whom_they_exclude(app: FastAPI) -> None:
    answer = await get(app, "/v1/channels")
    assert answer.status_code == 200
    found = {it["channel"]: it for it in answer.json()["items"]}
    assert {channel: it["excluded_types"] for channel, it in found.items()} == {
        "fitko": ["KOMMUNE", "KREIS"],
        "govdigital": [],
    }
    assert found["fitko"]["rule_set"] == "gwb108-2016"
    assert found["govdigital"]["labels"]["de"] == "govdigital eG"


@pytest.mark.parametrize("channel", ["fitko", "govdigital"])
async def test_a_channel_names_every_rule_with_its_law_conditions_codes_and_sentences(app: FastAPI, channel: str) -> None:
    found = (await get(app, f"/v1/channels/{channel}")).json()
    assert [rule["rule"] for rule in found["rules"]] == list(LAW)
    for rule in found["rules"]:
        assert rule["laws"][-1] == {"route": None, "law": LAW[rule["rule"]]}
        assert [code["code"] for code in rule["codes"]] == [code for code, _, _ in rows_of(rule["rule"])]
        for code in rule["codes"]:
            assert code["condition"]
            assert "{" not in code["condition"]
            assert code["sentence"] == {it: words(it)["codes"][code["code"]] for it in ("de", "en")}
            assert set(code["remedies"]) <= found["remedies"].keys()
    assert found["parameters"]["sha256"] == rule_sets()["gwb108-2016"].sha256
    assert (found["indirect_joint"], found["accreditation"]) == ("ACCEPT", "REQUIRE")


async def test_conditions_name_the_values_of_the_rule_set(app: FastAPI) -> None:
    rules = {rule["rule"]: rule for rule in (await get(app, "/v1/channels/fitko")).json()["rules"]}
    (share,) = [code for code in rules["R4"]["codes"] if code["code"] == "ACTIVITY_SHARE"]
    assert share["condition"] == "mehr als 80 % der Tätigkeit ist übertragen, jedes Jahr belegt"
    assert share["outcomes"] == ["EXEMPT"]


@pytest.mark.parametrize("path", ["/v1/channels", "/v1/channels/fitko"])
async def test_who_holds_the_rules_is_told_that_they_are_the_same(app: FastAPI, path: str) -> None:
    first = await get(app, path)
    assert first.headers["Cache-Control"].startswith("public")
    again = await get(app, path, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    other = app_under(Policy("gwb108-2016", IndirectJoint.STRICT, required=True))
    changed = await get(other, "/v1/channels/fitko", If_None_Match=(await get(app, "/v1/channels/fitko")).headers["ETag"])
    assert changed.status_code == 200


async def test_a_channel_without_rules_is_not_found(app: FastAPI) -> None:
    answer = await get(app, "/v1/channels/bremen")
    assert (answer.status_code, answer.json()["code"]) == (404, "channel_not_found")
