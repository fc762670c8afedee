"""Yearly statements: who takes part by contracts, what is stored, corrections, who sees what, jobs that go on after a crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.contracts.app import STATED, processor
from services.contracts.archive.entry import Entry
from services.contracts.archiving.log import ENTRIES
from services.contracts.pricing.statement import statement
from services.contracts.repository import Contracts
from services.contracts.statements.jobs import JOBS
from services.contracts.statements.statement import SHARES
from shared.aggregate.change import Cause, Change
from shared.canonical_json import canonical, digest
from shared.errors import StoreUnavailableError
from shared.ids import contract_id, derived_id
from shared.messages.contracts import Leg
from shared.messages.values import Channel, DistributionKey, Party
from shared.store.port import Collection, Document, Save
from tests.support.contract_costs import (
    FITKO_TOKEN,
    GOVDIGITAL_TOKEN,
    HEIDE,
    HEIDE_TOKEN,
    HUSUM,
    HUSUM_TOKEN,
    KIEL,
    OFFERING,
    POPULATION,
    PROVIDER_TOKEN,
    CostWorld,
    item,
)
from tests.support.contract_requests import order_id, price

SHARED = price(36_500_00, key=DistributionKey.EINWOHNER)
USED = item(key={"type": "NUTZUNG"}, amount_cents=1_000_000)
JANUARY = datetime(2026, 1, 1, 9, tzinfo=UTC)
MARCH = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
async def world() -> AsyncIterator[CostWorld]:
    made = CostWorld()
    await made.prepare()
    made.now = JANUARY
    await made.publish(SHARED, published_at=JANUARY)
    await made.contract("a", HUSUM)
    await made.contract("b", HEIDE, at=datetime(2026, 7, 2, 9, tzinfo=UTC))
    made.now = MARCH
    yield made
    await made.store.close()


async def run(world: CostWorld, channel: Channel = Channel.GOVDIGITAL) -> None:
    (work,) = (it for it in processor(channel)(world.resources).periodic if it.name.endswith(".statements"))
    await work.run()


async def start(world: CostWorld, key: str = "1", token: str = GOVDIGITAL_TOKEN, **body: Any) -> dict[str, Any]:
    answer = await world.post("/v1/statement-jobs", {"year": 2026, **body}, token, key)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def made(world: CostWorld, key: str = "1", **body: Any) -> dict[str, Any]:
    job = await start(world, key, **body)
    await run(world)
    found: dict[str, Any] = (await world.get(f"/v1/statement-jobs/{job['id']}", GOVDIGITAL_TOKEN)).json()
    assert found["state"] == "DONE"
    return found


async def whole(world: CostWorld, id_: str, of: str = "") -> dict[str, Any]:
    answer = await world.get(f"/v1/statements/{id_}{of}", GOVDIGITAL_TOKEN)
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    assert canonical(found) == answer.content
    return found


async def test_a_year_is_shared_out_among_the_contracts_by_their_days(world: CostWorld) -> None:
    job = await made(world)
    (outcome,) = job["outcomes"]
    found = await whole(world, outcome["statement_id"])
    assert [row["payer"] for row in found["payers"]] == [HEIDE.id, HUSUM.id]
    assert (found["spec"], found["contract_cents"]) == ("cost-statement/1", 36_500_00)
    both = POPULATION[HUSUM.id] + POPULATION[HEIDE.id]
    assert found["payers"][0]["contract_cents"] == round(18_300_00 * POPULATION[HEIDE.id] / both)
    assert [(part["from"], part["active"]) for part in found["items"][0]["slices"]] == [
        ("2026-01-01", [HUSUM.id]),
        ("2026-07-02", [HEIDE.id, HUSUM.id]),
    ]


async def test_the_stored_input_gives_the_same_bytes_again(world: CostWorld) -> None:
    (outcome,) = (await made(world))["outcomes"]
    found, given = await whole(world, outcome["statement_id"]), await whole(world, outcome["statement_id"], "/input")
    assert canonical(statement(given)) == canonical(found)
    assert found["hash"] == digest({name: value for name, value in found.items() if name != "hash"})


async def test_what_is_stated_already_is_not_stated_again(world: CostWorld) -> None:
    first = await made(world, "1")
    world.later(days=40)
    await world.terminate("b", HEIDE, date(2027, 12, 31), seq=5)
    await world.report("a", HUSUM, "2027-01", 7, seq=5)
    again = await made(world, "2")
    assert again["outcomes"] == [first["outcomes"][0] | {"unchanged": True}]


async def test_a_corrected_report_makes_a_second_statement_beside_the_first(world: CostWorld) -> None:
    answer = await world.post(
        f"/v1/offers/{OFFERING}/cost-information",
        {"channel": "govdigital", "effective_from": "2027-04-01", "items": [USED]},
    )
    assert answer.status_code == 201
    world.now = datetime(2028, 1, 10, 9, tzinfo=UTC)
    for number in range(1, 13):
        await world.report("a", HUSUM, f"2027-{number:02d}", 100, seq=number)
        await world.report("b", HEIDE, f"2027-{number:02d}", 100, seq=number)
    world.later(days=1)
    first = (await made(world, "1", year=2027))["outcomes"][0]["statement_id"]
    world.later(days=1)
    await world.report("a", HUSUM, "2027-12", 400, seq=20)
    world.later(days=1)
    second = (await made(world, "2", year=2027))["outcomes"][0]["statement_id"]
    before, after = await whole(world, first), await whole(world, second)
    assert after["correction"]["previous_hash"] == before["hash"]
    differences = {row["payer"]: row["contract_cents"] for row in after["correction"]["payers"]}
    assert differences[HUSUM.id] == -differences[HEIDE.id] > 0
    given = await whole(world, second, "/input")
    previously = (await whole(world, first, "/input"))["known_at"]
    assert canonical(statement(given | {"previous_known_at": previously})) == canonical(after)


async def test_what_cannot_be_stated_is_named_and_the_job_goes_on(world: CostWorld) -> None:
    answer = await world.post(
        f"/v1/offers/{OFFERING}/cost-information", {"channel": "govdigital", "effective_from": "2027-03-02", "items": [USED]}
    )
    assert answer.status_code == 201
    world.now = datetime(2028, 1, 10, 9, tzinfo=UTC)
    (outcome,) = (await made(world, year=2027))["outcomes"]
    assert {name: outcome[name] for name in ("statement_id", "code", "rule", "participant")} == {
        "statement_id": None,
        "code": "costs_not_statable",
        "rule": "USES_REPORT_MISSING",
        "participant": HEIDE.id,
    }


async def test_a_contract_shows_what_its_grantee_owes_to_its_parties_only(world: CostWorld) -> None:
    (outcome,) = (await made(world))["outcomes"]
    path = f"/v1/contracts/{contract_id(Channel.GOVDIGITAL, order_id('b'))}/statements"
    (yearly,) = (await world.get(path, HEIDE_TOKEN)).json()["items"]
    result = await whole(world, outcome["statement_id"])
    assert yearly["contract_cents"] == result["payers"][0]["contract_cents"] == sum(line["cents"] for line in yearly["lines"])
    assert (yearly["hash"], yearly["contract_number"], yearly["financed"]) == (result["hash"], "GD/2026/00002", [])
    assert yearly["lines"][0]["window"] == {"from": "2026-01-01", "to": "2026-12-31"}
    for token in (PROVIDER_TOKEN, GOVDIGITAL_TOKEN):
        assert (await world.get(path, token)).json()["items"] == [yearly]
    for token in (HUSUM_TOKEN, FITKO_TOKEN):
        assert (await world.get(path, token)).status_code == 404


async def test_who_passes_a_use_on_reads_nothing_of_what_the_body_owes_by_a_contract_of_its_own(world: CostWorld) -> None:
    await made(world)
    contracts, own = Contracts(world.resources), contract_id(Channel.GOVDIGITAL, order_id("b"))
    passed_on = {"id": derived_id("sub", own), "leg": Leg.SUB_NACHNUTZUNG, "order_id": None, "number": "SUB", "sequence": None}
    below = (await contracts.of_ids([own]))[own].model_copy(
        update=passed_on | {"grantor": Party(id="DE-SH", name="Schleswig-Holstein")}
    )
    await contracts.ledger.apply_one(Change(below.id, lambda _: (below, []), Cause(below.id, "test", "test", 1)))
    for token in ("u1/DE-SH/KUNDE", HEIDE_TOKEN):
        answer = await world.get(f"/v1/contracts/{below.id}/statements", token)
        assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_a_financed_cost_is_shown_and_not_invoiced(world: CostWorld) -> None:
    land = item(key={"type": "KOENIGSTEIN", "table": "KS2019"}, funding="EFA_FINANZIERT", valid_from="2027-01-01")
    body = {"channel": "govdigital", "effective_from": "2027-03-02", "items": [land]}
    assert (await world.post(f"/v1/offers/{OFFERING}/cost-information", body)).status_code == 201
    await world.terminate("a", HUSUM, date(2026, 12, 31), seq=9)
    await world.terminate("b", HEIDE, date(2026, 12, 31), seq=9)
    await world.contract("c", HEIDE.model_copy(update={"id": "DE-SH", "name": "Schleswig-Holstein"}), at=MARCH)
    world.now = datetime(2028, 1, 10, 9, tzinfo=UTC)
    await made(world, year=2027)
    path = f"/v1/contracts/{contract_id(Channel.GOVDIGITAL, order_id('c'))}/statements"
    (yearly,) = (await world.get(path, "u1/DE-SH/KUNDE")).json()["items"]
    assert (yearly["lines"][0]["item"], yearly["financed"][0]["item"]) == ("001", "betrieb")
    (bund,) = (await world.get("/v1/statements", "u1/DE/KUNDE")).json()["items"]
    assert (bund["contract_cents"], bund["budget_cents"]) == (0, round(10_000_000 * 305 / 365 / 4))


async def listed(world: CostWorld, token: str, query: str = "") -> list[tuple[str | None, int]]:
    answer = await world.get(f"/v1/statements{query}", token)
    assert answer.status_code == 200
    return [(it["payer"], it["contract_cents"]) for it in answer.json()["items"]]


async def test_each_side_lists_its_statements(world: CostWorld) -> None:
    (outcome,) = (await made(world))["outcomes"]
    assert await listed(world, GOVDIGITAL_TOKEN) == [(None, 36_500_00)]
    assert await listed(world, PROVIDER_TOKEN, "?side=BEREITSTELLER") == [(None, 36_500_00)]
    ((payer, _),) = await listed(world, HUSUM_TOKEN)
    assert payer == HUSUM.id
    for token in (FITKO_TOKEN, f"u9/{KIEL.id}/KUNDE"):
        assert await listed(world, token) == []
    statement_path = f"/v1/statements/{outcome['statement_id']}"
    assert (await world.get(f"{statement_path}/share", HUSUM_TOKEN)).json()["organisation"] == HUSUM.id
    for of in ("", "/input"):
        assert (await world.get(f"{statement_path}{of}", PROVIDER_TOKEN)).status_code == 200
        for token in (HUSUM_TOKEN, FITKO_TOKEN):
            assert (await world.get(f"{statement_path}{of}", token)).status_code == 404


async def test_jobs_are_those_of_the_channel(world: CostWorld) -> None:
    job = await start(world)
    assert (await world.get(f"/v1/statement-jobs/{job['id']}", FITKO_TOKEN)).status_code == 404
    assert (await world.get("/v1/statement-jobs", FITKO_TOKEN)).json()["items"] == []
    assert (await world.get("/v1/statement-jobs", HUSUM_TOKEN)).status_code == 403
    assert (await world.post("/v1/statement-jobs", {"year": 2027}, GOVDIGITAL_TOKEN, "2")).json()["code"] == "year_not_over"
    await run(world, Channel.FITKO)
    assert (await world.get(f"/v1/statement-jobs/{job['id']}", GOVDIGITAL_TOKEN)).json()["state"] == "QUEUED"


async def test_a_statement_is_archived_with_the_hashes_of_its_documents(world: CostWorld) -> None:
    (outcome,) = (await made(world))["outcomes"]
    await made(world, "2")
    entries = [Entry.read(document["raw"].encode()) for document in await world.store.scan(ENTRIES)]
    (entry,) = (it for it in entries if it.subject.kind == "statement")
    result, given = await whole(world, outcome["statement_id"]), await whole(world, outcome["statement_id"], "/input")
    assert {it.name: it.sha256 for it in entry.documents} == {"statement.json": digest(result), "input.json": digest(given)}
    assert (entry.subject.id, entry.subject.version) == (outcome["statement_id"], 1)


class FailingStore:
    """Lets the n-th write of a store fail, before or after it took effect."""

    def __init__(self, world: CostWorld, place: int, *, done: bool) -> None:
        self._insert, self._save = world.store.insert_many, world.store.save_many
        self._left, self._done = place, done
        world.store.insert_many = self.insert_many  # type: ignore[method-assign]
        world.store.save_many = self.save_many  # type: ignore[method-assign]

    @property
    def failed(self) -> bool:
        return self._left < 0

    def _due(self) -> bool:
        self._left -= 1
        return self._left == -1

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        due = self._due()
        if due and not self._done:
            raise StoreUnavailableError("before")
        found = await self._insert(collection, documents)
        if due:
            raise StoreUnavailableError("after")
        return found

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        due = self._due()
        if due and not self._done:
            raise StoreUnavailableError("before")
        found = await self._save(collection, saves)
        if due:
            raise StoreUnavailableError("after")
        return found


async def contents(world: CostWorld) -> dict[str, list[Document]]:
    kept = {collection.name: await world.store.scan(collection) for collection in STATED if collection is not JOBS}
    kept["archive"] = [it for it in await world.store.scan(ENTRIES) if it["key"].startswith("statement:")]
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("done", [False, True])
async def test_a_job_goes_on_after_a_crash_at_any_write_with_the_same_result(world: CostWorld, done: bool) -> None:  # noqa: FBT001
    other = CostWorld()
    for place in range(100):
        await other.prepare()
        for collection in (*processor(Channel.GOVDIGITAL)(world.resources).collections,):
            if documents := await world.store.scan(collection):
                await other.store.insert_many(collection, documents)
        other.now = MARCH
        job = await start(other)
        failing = FailingStore(other, place, done=done)
        try:
            await run(other)
        except StoreUnavailableError:
            other.steady.seconds += 1
            (work,) = (it for it in processor(Channel.GOVDIGITAL)(other.resources).periodic if it.name.endswith(".statements"))
            await work.run()
            other.steady.seconds += 61
            await work.run()
        state = (await other.get(f"/v1/statement-jobs/{job['id']}", GOVDIGITAL_TOKEN)).json()
        assert state["state"] == "DONE", place
        found = await contents(other)
        await other.store.close()
        if not failing.failed:
            assert place > 8
            return
        assert [len(found[name]) for name in ("statements", "statement_shares", "statement_contents", "archive")] == [1, 2, 2, 1]
        other = CostWorld()
    pytest.fail("the job never ended")


async def test_a_job_at_work_is_left_alone_until_its_process_is_silent(world: CostWorld) -> None:
    job = await start(world)
    document = await world.store.get(JOBS, job["id"])
    assert document is not None
    await world.store.save_many(JOBS, [Save({**document, "rev": 2, "state": "RUNNING", "holder": "another"}, expected_rev=1)])
    service = processor(Channel.GOVDIGITAL)(world.resources)
    (work,) = (it for it in service.periodic if it.name.endswith(".statements"))
    for seconds, state in ((0, "RUNNING"), (59, "RUNNING"), (2, "DONE")):
        world.steady.seconds += seconds
        await work.run()
        assert (await world.get(f"/v1/statement-jobs/{job['id']}", GOVDIGITAL_TOKEN)).json()["state"] == state


async def test_a_stopped_process_leaves_its_job_to_the_next_one_at_once(
    world: CostWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await start(world)
    reached = asyncio.Event()

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.sleep(3600)

    insert = world.store.insert_many
    monkeypatch.setattr(
        world.store,
        "insert_many",
        lambda collection, documents: hang() if collection is SHARES else insert(collection, documents),
    )
    task = asyncio.create_task(run(world))
    await asyncio.wait_for(reached.wait(), timedelta(seconds=10).total_seconds())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    await run(world)
    assert (await world.get(f"/v1/statement-jobs/{job['id']}", GOVDIGITAL_TOKEN)).json()["state"] == "DONE"
    assert len(await world.store.scan(SHARES)) == 2
