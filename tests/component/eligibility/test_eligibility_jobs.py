"""Jobs of the pre-check over HTTP: the matrix of a day and what-if, resumed after a crash, cancelled, bounded."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.eligibility.domain.offering import OfferedService
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.fact_store.audience import Audience
from services.eligibility.fact_store.entry import Draft, Origin, Record
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.statements import Author, withdraw_fact
from services.eligibility.jobs.api import JobBackend, job_routes
from services.eligibility.jobs.runner import Runner
from services.eligibility.jobs.store import MOST_ATTEMPTS, Bounds, Jobs
from services.eligibility.recheck.watched import Phase, Watched
from services.eligibility.records.judge import IndirectJoint, Policy
from services.eligibility.repository import JOB_PARTS, JOBS, OFFERED, VERDICTS, WATCHED
from shared.aggregate import record
from shared.http.app import create_app
from shared.ids import contract_id
from shared.messages.eligibility import Stage
from shared.messages.values import Channel, OfferingState, Party
from shared.store.lease import Lease
from shared.store.port import Document
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.known_facts import TestedFacts
from tests.support.memory_store import MemoryStore

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HUSUM = "010540056056"
OPERATOR = "olga/marktplatz/BETREIBER"
GERD = "gerd/govdigital/ANBIETER"
FRED = "fred/fitko/ANBIETER"
OUTSIDERS = (f"anna/{HUSUM}/KUNDE", "karla/komm_one/BEREITSTELLER", "uwe/govdigital/KUNDE", "carl/dataport/ANBIETER")
MATRIX: dict[str, Any] = {"kind": "MATRIX", "day": "2026-03-02"}
LEAVES: dict[str, Any] = {"kind": "WHAT_IF", "day": "2026-04-01", "end_fact": "rel-dataport-govdigital"}
SACHSEN_LEAVES: dict[str, Any] = {"kind": "WHAT_IF", "day": "2026-04-01", "end_fact": "rel-DE-SN-fitko"}
LEASE = timedelta(minutes=1)


class KilledError(BaseException):
    """The process is no more."""


def order(name: str, customer: str, provider: str, channel: Channel, stage: Stage) -> Document:
    parties = {"customer": {"id": customer}, "provider": {"id": provider}}
    return {"_id": name, **parties, "channel": channel, "checks": [{"stage": stage}]}


ORDERS = [
    order("order-1", HUSUM, "komm_one", Channel.GOVDIGITAL, Stage.BESTELLUNG),
    order("order-2", HUSUM, "komm_one", Channel.GOVDIGITAL, Stage.INTERESSE),
    order("order-3", "DE-SN", "DE-NW", Channel.FITKO, Stage.BESTELLUNG),
    order("order-4", "DE-BY", "DE-NW", Channel.FITKO, Stage.BESTELLUNG),
    order("order-5", "unknown", "komm_one", Channel.GOVDIGITAL, Stage.BESTELLUNG),
]


def offer(name: str, provider: str, *channels: Channel, state: OfferingState = OfferingState.VEROEFFENTLICHT) -> Document:
    party = Party(id=provider, name=provider)
    service = OfferedService(id=name, version=1, state=state, title=name, provider=party, channels=channels)
    return record.Record(name, rev=1, state=service).document()


OFFERS = [
    offer("offer-1", "komm_one", Channel.GOVDIGITAL),
    offer("offer-2", "DE-NW", *Channel),
    offer("offer-3", "dataport", Channel.GOVDIGITAL),
    offer("offer-4", "komm_one", Channel.GOVDIGITAL, state=OfferingState.ZURUECKGEZOGEN),
    offer("offer-5", "nobody", Channel.GOVDIGITAL),
]


class Process:
    """One process of the cluster on the common store: API and worker, with a steady clock of its own."""

    def __init__(self, documents: dict[str, dict[str, Document]], bounds: Bounds, part: int = 2) -> None:
        self.now = AT
        self.passed = 0.0
        self.dies_after: int | None = None
        self.dies_after_inserts: int | None = None
        self.operations = 0
        self.inserted = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.store = MemoryStore(self._pause, documents)
        self.facts = Facts(self.store, lambda: self.now)
        self.jobs = Jobs(self.store, bounds, lambda: self.now, Lease(LEASE, lambda: self.passed))
        self.runner = Runner(self.jobs, self.facts, part)
        policy = Policy("gwb108-2016", IndirectJoint.ACCEPT, required=False)
        router = job_routes(JobBackend(self.jobs, self.facts, policy, lambda: self.now))
        self.app = create_app(
            "eligibility",
            router,
            authenticator=FakeAuthenticator(),
            store=self.store,
            health=FixedHealth(),
            clock=lambda: self.now,
            even_step=timedelta(),
        )

    async def _pause(self, operation: str) -> None:
        self.operations += 1
        if operation == "insert.after":
            self.inserted.set()
            await self.goes_on.wait()
            if self.dies_after_inserts is not None:
                self.dies_after_inserts -= 1
                if not self.dies_after_inserts:
                    raise KilledError
        if self.dies_after is not None and self.operations > self.dies_after:
            raise KilledError

    async def call(
        self, method: str, path: str = "", token: str | None = OPERATOR, body: object = None, **headers: str
    ) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        async with client(self.app, token) as caller:
            return await caller.request(method, f"/v1/precheck-jobs{path}", json=body, headers=names)

    async def ask(self, body: dict[str, Any], token: str = OPERATOR) -> str:
        answer = await self.call("POST", "", token, body)
        assert answer.status_code == 201, answer.text
        assert answer.headers["Location"] == f"/v1/precheck-jobs/{answer.json()['id']}"
        found: str = answer.json()["id"]
        return found

    async def job(self, job_id: str, token: str = OPERATOR) -> dict[str, Any]:
        answer = await self.call("GET", f"/{job_id}", token)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def result(self, job_id: str, token: str = OPERATOR) -> list[dict[str, Any]]:
        answer = await self.call("GET", f"/{job_id}/result", token)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        return [json.loads(line) for line in answer.text.splitlines()]

    async def orders(self, job_id: str, token: str = OPERATOR) -> list[dict[str, Any]]:
        answer = await self.call("GET", f"/{job_id}/orders", token)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def stored(self, collection: str) -> list[Document]:
        return list(self.store.documents.get(collection, {}).values())


class Cluster:
    """Processes on one store that holds the facts of two cases, one at each Anbieter."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Document]] = {}
        self.bounds = Bounds(most=3, term=timedelta(days=30))

    def process(self, part: int = 2) -> Process:
        return Process(self.documents, self.bounds, part)


@pytest.fixture
async def cluster() -> Cluster:
    cluster = Cluster()
    process = cluster.process()
    cases = [TestedFacts.of_case(name) for name in ("g15", "g28")]
    facts = [Record({"rev": 1, **it}) for case in cases for it in case.facts]
    documents = [Record({"rev": 1, **it}) for case in cases for it in case.evidence]
    await process.facts.record(lambda _: Draft(Origin.REFERENCE, "from two cases", facts, documents))
    await process.store.insert_many(VERDICTS, ORDERS)
    await process.store.insert_many(OFFERED, OFFERS)
    return cluster


@pytest.fixture
def process(cluster: Cluster) -> Process:
    return cluster.process()


async def test_every_cell_of_a_matrix_is_the_verdict_of_its_single_order(process: Process) -> None:
    job_id = await process.ask(MATRIX)
    assert (await process.job(job_id))["state"] == "QUEUED"
    await process.runner.run()
    job = await process.job(job_id)
    assert (job["state"], job["channels"], job["code"]) == ("DONE", ["fitko", "govdigital"], None)
    assert job["progress"] == {"customers": 5, "customers_total": 5, "orders": 0}
    head, *rows = await process.result(job_id)
    assert [it["offering"] for it in head["offerings"]] == ["offer-1", "offer-2", "offer-3"]
    assert head["left_out"] == ["offer-5"]
    assert len(rows) == 5 * 2
    world = await process.facts.world()
    for row in rows:
        for offering, letter in zip(head["offerings"], row["verdicts"], strict=True):
            request = {
                "kind": "ORDER",
                "as_of": "2026-03-02",
                "rule_set": "gwb108-2016",
                "policy": {"indirect_joint": "ACCEPT", "accreditation": "IGNORE"},
                "channel": {"fitko": "FITKO", "govdigital": "govdigital"}[row["channel"]],
                "provider": offering["provider"],
                "customer": row["customer"],
            }
            assert head["letters"][letter] == evaluate(world, request).verdict.name, (row, offering)
    assert {row["verdicts"][0] for row in rows if row["customer"] == HUSUM and row["channel"] == "govdigital"} == {"E"}


async def test_a_matrix_as_csv_has_a_column_per_offering(process: Process) -> None:
    job_id = await process.ask({**MATRIX, "types": ["KOMMUNE"], "channels": ["govdigital"], "offerings": "PROVIDERS"})
    await process.runner.run()
    answer = await process.call("GET", f"/{job_id}/result", Accept="text/csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    names, *rows = csv.reader(io.StringIO(answer.text))
    ndjson = await process.result(job_id)
    assert names == ["customer", "channel", *(it["offering"] for it in ndjson[0]["offerings"])]
    assert rows == [[HUSUM, "govdigital", *ndjson[1]["verdicts"]]]
    refused = await process.call("GET", f"/{job_id}/result", Accept="image/png")
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")


async def test_what_if_names_who_loses_what(process: Process) -> None:
    job_id = await process.ask(LEAVES)
    await process.runner.run()
    head, *changes = await process.result(job_id)
    assert (head["format"], head["end_fact"]) == ("precheck-what-if/1", "rel-dataport-govdigital")
    lost = {"customer": HUSUM, "channel": "govdigital", "before": "EXEMPT", "after": "NOT_EXEMPT", "offerings": ["offer-1"]}
    assert lost in changes
    assert all(change["channel"] == "govdigital" for change in changes)
    answer = await process.call("GET", f"/{job_id}/result", Accept="text/csv")
    names, *rows = csv.reader(io.StringIO(answer.text))
    assert names == ["customer", "channel", "offering", "before", "after"]
    cells = [
        [it["customer"], it["channel"], offering, it["before"], it["after"]] for it in changes for offering in it["offerings"]
    ]
    assert rows == cells


@pytest.mark.parametrize(
    ("asked", "concerned"),
    [
        (LEAVES, {"order-1": contract_id("govdigital", "order-1"), "order-2": None}),
        (SACHSEN_LEAVES, {"order-3": contract_id("fitko", "order-3")}),
    ],
)
async def test_what_if_names_the_orders_and_contracts_of_every_channel(
    process: Process, asked: dict[str, Any], concerned: dict[str, str | None]
) -> None:
    job_id = await process.ask(asked)
    await process.runner.run()
    orders = await process.orders(job_id)
    assert {it["order_id"]: it["contract_id"] for it in orders} == concerned
    assert {(it["before"], it["after"]) for it in orders} == {("EXEMPT", "NOT_EXEMPT")}
    job = await process.job(job_id)
    assert (job["orders_touched"], job["progress"]["orders"]) == (len(concerned), len(ORDERS))


async def test_what_if_passes_over_orders_that_have_ended(process: Process) -> None:
    ended = Watched(
        id=str(ORDERS[0]["_id"]),
        phase=Phase.ENDED,
        open=None,
        new=None,
        customer=HUSUM,
        provider="komm_one",
        channel="govdigital",
    )
    job_id = await process.ask(LEAVES)
    await process.runner.run()
    before = {it["order_id"] for it in await process.orders(job_id)}
    assert ended.id in before
    await process.store.insert_many(WATCHED, [ended.document()])
    job_id = await process.ask(LEAVES)
    await process.runner.run()
    assert {it["order_id"] for it in await process.orders(job_id)} == before - {ended.id}


async def test_what_if_names_the_contract_that_a_vorgang_runs_under(process: Process) -> None:
    running = Watched(
        id="order-1",
        phase=Phase.RUNNING,
        customer=HUSUM,
        provider="komm_one",
        channel="govdigital",
        contract_id="another-contract",
    )
    await process.store.insert_many(WATCHED, [running.document()])
    job_id = await process.ask(LEAVES)
    await process.runner.run()
    assert {it["order_id"]: it["contract_id"] for it in await process.orders(job_id)}["order-1"] == "another-contract"


async def test_orders_come_in_pages(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.eligibility.jobs.runner.ORDERS", 2)
    await process.store.insert_many(
        VERDICTS, [order(f"order-1{n}", HUSUM, "komm_one", Channel.GOVDIGITAL, Stage.INTERESSE) for n in range(5)]
    )
    job_id = await process.ask(LEAVES)
    await process.runner.run()
    found: list[str] = []
    path = f"/{job_id}/orders?limit=3"
    while path:
        page = (await process.call("GET", path)).json()
        found += [it["order_id"] for it in page["items"]]
        path = f"/{job_id}/orders?limit=3&cursor={page['next']}" if page["next"] else ""
    assert found == ["order-1", *(f"order-1{n}" for n in range(5)), "order-2"]


async def test_an_anbieter_asks_for_its_own_channel_and_sees_no_orders_of_another(process: Process) -> None:
    refused = await process.call("POST", "", GERD, {**MATRIX, "channels": ["govdigital", "fitko"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "other_channel")
    job_id = await process.ask(SACHSEN_LEAVES, GERD)
    await process.runner.run()
    job = await process.job(job_id, GERD)
    assert (job["channels"], job["state"], job["orders_touched"]) == (["govdigital"], "DONE", 0)
    assert await process.orders(job_id, GERD) == []
    head, *_ = await process.result(job_id, GERD)
    assert head["channels"] == ["govdigital"]


async def test_a_job_is_nobody_elses(process: Process) -> None:
    job_id = await process.ask(LEAVES, GERD)
    await process.runner.run()
    for method, path in [
        ("GET", ""),
        ("GET", "/result"),
        ("GET", "/orders"),
        ("POST", "/cancel"),
        ("DELETE", ""),
    ]:
        for token in (FRED, OPERATOR):
            answer = await process.call(method, f"/{job_id}{path}", token)
            assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found"), (method, path, token)
        for token in OUTSIDERS:
            assert (await process.call(method, f"/{job_id}{path}", token)).status_code == 403, (method, path, token)
    assert [it["id"] for it in (await process.call("GET", "", GERD)).json()["items"]] == [job_id]
    assert (await process.call("GET", "", FRED)).json()["items"] == []
    for token in OUTSIDERS:
        assert (await process.call("POST", "", token, MATRIX)).status_code == 403


async def test_jobs_are_listed_newest_first_in_pages(process: Process) -> None:
    ids = []
    for number in range(3):
        process.now = AT + timedelta(minutes=number)
        ids.append(await process.ask(MATRIX))
    page = (await process.call("GET", "?limit=2")).json()
    assert [it["id"] for it in page["items"]] == [ids[2], ids[1]]
    rest = (await process.call("GET", f"?limit=2&cursor={page['next']}")).json()
    assert ([it["id"] for it in rest["items"]], rest["next"]) == ([ids[0]], None)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "WHAT_IF", "day": "2026-04-01", "end_fact": "nothing"}, 404, "fact_not_found"),
        ({"kind": "WHAT_IF", "day": "2026-04-01"}, 422, "invalid"),
        ({**MATRIX, "end_fact": "rel-DE-SN-fitko"}, 422, "invalid"),
        ({"kind": "MATRIX", "day": "1999-01-01"}, 422, "RULE_SET_NOT_IN_FORCE"),
        ({**MATRIX, "rule_set": "x"}, 422, "UNKNOWN_RULE_SET"),
        ({**MATRIX, "types": ["COMPANY"]}, 422, "invalid"),
    ],
)
async def test_what_cannot_be_computed_is_refused_at_once(process: Process, body: object, status: int, code: str) -> None:
    answer = await process.call("POST", "", OPERATOR, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert process.stored("precheck_jobs") == []


async def test_a_fact_that_is_not_for_the_caller_is_as_one_that_does_not_exist(process: Process) -> None:
    stated = {"id": "own", "kind": "declaration", "org": HUSUM, "subject": "NO_PRIVATE_CAPITAL", "evidence": []}
    content = {"rev": 1, "valid_from": None, "valid_to": None, **stated}
    await process.facts.record(lambda _: Draft(Origin.PERSON, "stated", [Record(content)], organisation=HUSUM, by="anna"))
    asked = {**LEAVES, "end_fact": "own"}
    hidden = await process.call("POST", "", GERD, asked)
    absent = await process.call("POST", "", GERD, {**LEAVES, "end_fact": "nothing"})
    assert hidden.json()["code"] == absent.json()["code"] == "fact_not_found"
    assert (await process.call("POST", "", OPERATOR, asked)).status_code == 201


async def test_a_repeat_with_its_key_is_the_same_job_and_brings_no_deleted_one_back(process: Process) -> None:
    first = await process.call("POST", "", OPERATOR, MATRIX, Idempotency_Key="one")
    again = await process.call("POST", "", OPERATOR, MATRIX, Idempotency_Key="one")
    assert first.json() == again.json()
    await process.runner.run()
    assert (await process.call("DELETE", f"/{first.json()['id']}")).status_code == 204
    await process.call("POST", "", OPERATOR, MATRIX, Idempotency_Key="one")
    assert process.stored("precheck_jobs") == []


async def outcome(process: Process, job_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    assert (await process.job(job_id))["state"] == "DONE"
    head, *rows = await process.result(job_id)
    del head["job"], head["known_at"]
    return [head, *rows], await process.orders(job_id)


@pytest.mark.slow
async def test_a_job_goes_on_wherever_its_process_was_killed(cluster: Cluster) -> None:
    whole = cluster.process()
    undisturbed = await whole.ask(LEAVES)
    begun = whole.operations
    await whole.runner.run()
    operations = whole.operations - begun
    expected = await outcome(whole, undisturbed)
    await whole.call("DELETE", f"/{undisturbed}")
    for survived in range(1, operations):
        first, second = cluster.process(), cluster.process()
        job_id = await first.ask(LEAVES)
        first.dies_after = first.operations + survived
        with pytest.raises(KilledError):
            await first.runner.run()
        await second.runner.run()
        second.passed += LEASE.total_seconds()
        await second.runner.run()
        assert await outcome(second, job_id) == expected, survived
        assert (await second.call("DELETE", f"/{job_id}")).status_code == 204
        assert second.stored("precheck_job_parts") == []


async def test_what_is_recorded_meanwhile_does_not_change_a_job_that_has_begun(cluster: Cluster) -> None:
    first, second = cluster.process(part=1), cluster.process(part=1)
    undisturbed = await first.ask(LEAVES)
    await first.runner.run()
    expected = await outcome(first, undisturbed)
    job_id = await first.ask(LEAVES)
    first.dies_after_inserts = 3
    with pytest.raises(KilledError):
        await first.runner.run()
    assert (await second.job(job_id))["progress"]["customers"] == 1
    second.now = AT + timedelta(minutes=5)
    operator = Author(Audience("marktplatz", operator=True), "olga", "ended")
    await second.facts.record(withdraw_fact("rel-komm_one-govdigital", operator, None))
    await second.runner.run()
    second.passed += LEASE.total_seconds()
    await second.runner.run()
    assert await outcome(second, job_id) == expected
    later = await second.ask(LEAVES)
    await second.runner.run()
    assert await outcome(second, later) != expected


async def test_a_job_is_run_once_in_a_cluster(cluster: Cluster) -> None:
    processes = [cluster.process(part=1) for _ in range(3)]
    job_id = await processes[0].ask(MATRIX)
    before = [process.operations for process in processes]
    await asyncio.gather(*(process.runner.run() for process in processes))
    job = cluster.documents["precheck_jobs"][job_id]
    assert job["state"] == "DONE"
    # One save to take it up, one to begin, one for the head, one per customer, one at the end: nobody else wrote.
    assert job["rev"] == 1 + 3 + 5 + 1
    idle = [process.operations - start < 10 for process, start in zip(processes, before, strict=True)]
    assert idle.count(True) == 2


async def test_another_process_waits_for_the_lease_while_the_holder_lives(cluster: Cluster) -> None:
    first, second = cluster.process(), cluster.process()
    await first.ask(MATRIX)
    claimed = await first.jobs.claim()
    assert claimed is not None
    assert await second.jobs.claim() is None
    second.passed += LEASE.total_seconds() - 1
    assert await second.jobs.claim() is None
    claimed = await first.jobs.save(claimed)  # a sign of life
    second.passed += 2
    assert await second.jobs.claim() is None
    second.passed += LEASE.total_seconds()
    assert await second.jobs.claim() is not None


async def test_a_process_that_ends_hands_its_job_on_at_once(cluster: Cluster) -> None:
    first, second = cluster.process(part=1), cluster.process(part=1)
    job_id = await first.ask(MATRIX)
    first.inserted.clear()
    first.goes_on.clear()
    task = asyncio.create_task(first.runner.run())
    await first.inserted.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await second.job(job_id))["state"] == "RUNNING"
    await second.runner.run()
    assert (await second.job(job_id))["state"] == "DONE"


async def test_a_cancelled_job_ends_and_leaves_no_result(cluster: Cluster) -> None:
    worker, api = cluster.process(part=1), cluster.process()
    job_id = await api.ask(LEAVES)
    worker.goes_on.clear()
    task = asyncio.create_task(worker.runner.run())
    await worker.inserted.wait()
    answer = await api.call("POST", f"/{job_id}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "CANCELLED")
    worker.goes_on.set()
    await task
    assert api.stored("precheck_job_parts") == []
    refused = await api.call("GET", f"/{job_id}/result")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_not_done")
    assert (await api.call("POST", f"/{job_id}/cancel")).json()["state"] == "CANCELLED"
    await worker.runner.run()
    assert (await api.job(job_id))["state"] == "CANCELLED"


async def test_a_job_that_is_done_is_not_cancelled_and_one_that_runs_not_deleted(process: Process) -> None:
    job_id = await process.ask(MATRIX)
    refused = await process.call("DELETE", f"/{job_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_running")
    await process.runner.run()
    refused = await process.call("POST", f"/{job_id}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_ended")
    no_what_if = await process.call("GET", f"/{job_id}/orders")
    assert (no_what_if.status_code, no_what_if.json()["code"]) == (409, "job_without_orders")
    assert (await process.call("DELETE", f"/{job_id}")).status_code == 204
    assert (process.stored("precheck_jobs"), process.stored("precheck_job_parts")) == ([], [])
    assert (await process.call("GET", f"/{job_id}")).status_code == 404


async def test_what_the_engine_refuses_ends_a_job_with_its_code(process: Process) -> None:
    job_id = await process.ask(LEAVES)
    operator = Author(Audience("marktplatz", operator=True), "olga", "ended")
    await process.facts.record(withdraw_fact("rel-dataport-govdigital", operator, None))
    await process.runner.run()
    job = await process.job(job_id)
    assert (job["state"], job["code"]) == ("FAILED", "UNKNOWN_FACT")
    assert process.stored("precheck_job_parts") == []


async def test_a_job_that_kills_every_process_is_given_up(cluster: Cluster) -> None:
    job_id = await cluster.process().ask(MATRIX)
    for _ in range(MOST_ATTEMPTS):
        process = cluster.process()
        assert await process.jobs.claim() is None or process.operations
        process.passed += LEASE.total_seconds()
        process.dies_after = process.operations + 6
        with pytest.raises(KilledError):
            await process.runner.run()
    last = cluster.process()
    await last.runner.run()
    last.passed += LEASE.total_seconds()
    await last.runner.run()
    job = await last.job(job_id)
    assert (job["state"], job["code"]) == ("FAILED", "job_gave_up")


async def test_the_oldest_ended_job_makes_room_and_waiting_ones_do_not(process: Process) -> None:
    ids = []
    for number in range(4):
        process.now = AT + timedelta(minutes=number)
        ids.append(await process.ask(MATRIX))
        await process.runner.run()
    listed = [it["id"] for it in (await process.call("GET")).json()["items"]]
    assert listed == [ids[3], ids[2], ids[1]]
    assert {part["job"] for part in process.stored("precheck_job_parts")} == set(listed)
    for _ in range(3):
        await process.ask(MATRIX, GERD)
    refused = await process.call("POST", "", GERD, MATRIX)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_jobs")


async def test_an_ended_job_is_deleted_when_its_time_is_up(process: Process) -> None:
    done = await process.ask(MATRIX)
    process.now += timedelta(minutes=1)
    waiting = await process.ask(LEAVES)
    await process.runner.run()
    assert await process.jobs.delete_expired() == 0
    process.now += timedelta(days=31)
    assert await process.jobs.delete_expired() == 1
    assert [it["_id"] for it in process.stored("precheck_jobs")] == [waiting]
    assert (await process.call("GET", f"/{done}")).status_code == 404
    assert process.stored("precheck_job_parts") == []


async def test_what_a_later_version_has_stored_beside_stays(process: Process) -> None:
    job_id = await process.ask(MATRIX)
    process.store.documents[JOBS.name][job_id] |= {"priority": 7}
    await process.runner.run()
    assert process.store.documents[JOBS.name][job_id]["priority"] == 7
    assert process.store.documents[JOB_PARTS.name]
