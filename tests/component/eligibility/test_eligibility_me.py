"""Whoever calls reads for whom they act, with which functions, and who else has which."""

from __future__ import annotations

from services.eligibility.members_api import MeView
from shared.http.caller import Caller
from shared.messages.values import Function, Role
from tests.component.eligibility.conftest import ANNA, HUSUM, KOMM_ONE, World
from tests.component.eligibility.test_eligibility_invitations import BERT_ELSEWHERE, accept, invite


async def test_a_member_reads_their_organisation_and_who_of_it_has_which_functions(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    await accept(world, BERT_ELSEWHERE, (await invite(world, ANNA, "BEARBEITUNG"))["secret"])
    answer = await world.call("GET", "/me", ANNA)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["person"], found["organisation"]["id"], found["roles"]) == ("anna", HUSUM, ["KUNDE"])
    every = [it.value for it in Function]
    assert found["functions"] == every
    assert {it["person"]: it["functions"] for it in found["members"]} == {"anna": every, "bert": ["BEARBEITUNG"]}


async def test_nobody_reads_members_of_another_organisation_or_anything_without_a_token(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    found = (await world.call("GET", "/me", KOMM_ONE)).json()
    assert found["members"] == [], "theirs is not registered"
    assert (await world.call("GET", "/me", None)).status_code == 401


def test_functions_come_in_their_order_and_no_others() -> None:
    caller = Caller(
        "bert", HUSUM, "Husum, Stadt", frozenset({Role.KUNDE}), frozenset({Function.VERWALTUNG, Function.BEARBEITUNG})
    )
    shown = MeView.of(caller, None)
    assert (shown.functions, shown.members) == ([Function.BEARBEITUNG, Function.VERWALTUNG], [])
