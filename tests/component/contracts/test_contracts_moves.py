"""What an answer says that one can do with a contract is what one can do: no more and no less, person by person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import pytest

from services.contracts.domain.agreed import PassingOn
from shared.aggregate.change import Cause, Change
from tests.component.contracts.test_contracts_amending import ANNA, BERT, LAND, SACHSEN, call, judged
from tests.component.contracts.test_contracts_notice import World
from tests.component.contracts.test_contracts_passing_on import KOMMUNE, ME
from tests.component.contracts.test_contracts_succession import LAST, conclude, ending, follow

PEOPLE: Final = (LAND, KOMMUNE, ANNA, BERT, "b/DE-NW/BEREITSTELLER", "a/fitko/ANBIETER+KUNDE")
STEPS: Final[dict[str, Any]] = {
    "sign": None,
    "release": None,
    "decline": {"reason": "Überholt."},
    "accept": None,
    "give-up": {},
    "sub-contracts": {"grantee": ME},
    "notice": {"last_day": "2028-01-01"},
}
LATER: Final = "2028-01-01"
"""First day of what follows a contract; nothing is passed on before."""
Situation = Callable[[World], Awaitable[str]]


@pytest.fixture
async def worlds() -> AsyncIterator[Callable[[], Awaitable[World]]]:
    made: list[World] = []

    async def fresh() -> World:
        world = World()
        await world.prepare()
        made.append(world)
        return world

    yield fresh
    for world in made:
        await world.store.close()


async def running(_: World) -> str:
    return SACHSEN


async def kept(world: World) -> str:
    """A running contract that is passed on to nobody."""

    def decide(contract: Any) -> tuple[Any, list[Any]]:
        return contract.model_copy(update={"passing_on": PassingOn(allowed=False, act="SUB_VERTRAG")}), []

    await world.contracts.ledger.apply_one(Change(SACHSEN, decide, Cause(f"{SACHSEN}/9", "test", "test", 9)))
    return SACHSEN


async def ended(world: World) -> str:
    await ending(world, SACHSEN, LAST)
    assert (await call(world, LAND, f"/{SACHSEN}/notice", {"last_day": "2027-06-30"})).status_code == 200
    return SACHSEN


async def passed_on(world: World) -> str:
    made = await call(world, LAND, f"/{SACHSEN}/sub-contracts", {"grantee": ME})
    return str(made.json()["id"])


async def accepted(world: World) -> str:
    made = await passed_on(world)
    assert (await call(world, KOMMUNE, f"/{made}/accept")).status_code == 200
    return made


async def given_up(world: World) -> str:
    made = await passed_on(world)
    assert (await call(world, KOMMUNE, f"/{made}/give-up", {})).status_code == 200
    return made


def successor(of: str, *steps: tuple[str, str], is_judged: bool = True) -> Situation:
    """Return a contract that one side has asked for to follow another one, after further steps."""

    async def situation(world: World) -> str:
        await ending(world, SACHSEN, LAST)
        made = str((await follow(world, of, text={"charge": "ENTGELTFREI"})).json()["id"])
        if is_judged:
            await judged(world)
        for person, step in steps:
            assert (await call(world, person, f"/{made}/{step}")).status_code == 200
        return made

    return situation


async def concluded(world: World) -> str:
    made = await successor(LAND, (ANNA, "sign"), (BERT, "release"))(world)
    await conclude(world)
    return made


SITUATIONS: Final[dict[str, Situation]] = {
    "running": running,
    "kept": kept,
    "ended": ended,
    "passed on": passed_on,
    "accepted": accepted,
    "given up": given_up,
    "of the Kunde, not judged": successor(LAND, is_judged=False),
    "of the Kunde": successor(LAND),
    "of the Kunde, signed": successor(LAND, (ANNA, "sign")),
    "of the Kunde, released": successor(LAND, (ANNA, "sign"), (BERT, "release")),
    "of the Anbieter, not judged": successor(ANNA, is_judged=False),
    "of the Anbieter": successor(ANNA),
    "of the Anbieter, released": successor(ANNA, (BERT, "release")),
    "concluded": concluded,
}


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
async def test_exactly_what_is_allowed_can_be_done(worlds: Callable[[], Awaitable[World]], situation: Situation) -> None:
    world = await worlds()
    contract_id = await situation(world)
    done_by: set[tuple[str, str]] = set()
    for person in PEOPLE:
        read = await call(world, person, f"/{contract_id}", method="GET")
        allowed = read.json()["allowed_moves"] if read.status_code == 200 else []
        for step in STEPS.keys() - set(allowed):
            refused = await call(world, person, f"/{contract_id}/{step}", STEPS[step])
            # Who has done it before is answered as then, and does not do it again.
            again = refused.status_code == 200 and refused.headers["ETag"] == read.headers["ETag"]
            assert refused.status_code in {403, 404, 409} or again, f"{person} {step}: {refused.text}"
        organisation = person.split("/")[1]
        for step in allowed:
            if (organisation, step) in done_by:
                continue
            done_by.add((organisation, step))
            other = await worlds()
            body = (
                STEPS[step] | {"valid_from": LATER}
                if step == "sub-contracts" and read.json()["valid_from"] == LATER
                else STEPS[step]
            )
            done = await call(other, person, f"/{await situation(other)}/{step}", body)
            assert done.status_code in {200, 201}, f"{person} {step}: {done.text}"


async def test_who_gives_up_or_declines_an_own_offer_can_do_so_while_it_is_open(worlds: Callable[[], Awaitable[World]]) -> None:
    world = await worlds()
    contract_id = await SITUATIONS["of the Anbieter, released"](world)
    assert (await call(world, ANNA, f"/{contract_id}", method="GET")).json()["allowed_moves"] == ["decline"]
    assert (await call(world, LAND, f"/{contract_id}", method="GET")).json()["allowed_moves"] == ["accept", "give-up"]
    assert (await call(world, BERT, f"/{contract_id}/decline", STEPS["decline"])).json()["allowed_moves"] == []


async def test_a_preview_is_the_contract_that_would_be_made_and_makes_none(worlds: Callable[[], Awaitable[World]]) -> None:
    world = await worlds()
    before = {it.id for it in await world.all()}
    body = {"grantee": ME, "valid_to": "2027-12-31", "order_reference": "Az. 3"}
    seen = await call(world, LAND, f"/{SACHSEN}/sub-contracts/preview", body)
    assert seen.status_code == 200, seen.text
    preview = seen.json()
    assert {it.id for it in await world.all()} == before
    assert (preview["text"]["territory"], preview["text"]["charge"]) == (["140000000009"], "ENTGELTFREI")
    made = (await call(world, LAND, f"/{SACHSEN}/sub-contracts", body)).json()
    differ = {"id", "recorded_at"}
    assert {k: v for k, v in made.items() if k not in differ} == {k: v for k, v in preview["contract"].items() if k not in differ}
    for wrong, code in (({"grantee": ME, "territory": ["13"]}, "territory_not_granted"), ({}, "not_the_grantor")):
        refused = await call(world, LAND, f"/{SACHSEN}/sub-contracts/preview", wrong)
        assert refused.json()["code"] == code
    assert len(await world.all()) == len(before) + 1
