"""One trace from the order over HTTP through verdict, contract request and contract to the mail, over real processes and Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from marktplatz.demo import flow
from marktplatz.demo.cast import Cast, cast
from marktplatz.demo.people import eventually
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded
from marktplatz.loading import load_assumed_facts, load_reference_data
from shared.process.settings import ProcessSettings
from shared.topics import CONTRACT_REQUESTS, CONTRACTS, DELIVERIES, ORDERS, VERDICTS
from tests.e2e.conftest import HUSUM, Marketplace
from tests.support.reference_excerpt import write_few_municipalities
from tests.support.spans import Receiver

TRACE, CLIENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CHAIN = [
    ("notify", "send mail"),
    ("notify", "process contracts.contract.concluded.v1"),
    ("contracts-govdigital", "send contracts.contract.concluded.v1"),
    ("contracts-govdigital", "process ordering.contract-request.requested.v1"),
    ("ordering", "send ordering.contract-request.requested.v1"),
    ("ordering", "process eligibility.verdict.given.v1"),
    ("eligibility", "send eligibility.verdict.given.v1"),
    ("eligibility", "process ordering.order.placed.v1"),
    ("ordering", "send ordering.order.placed.v1"),
    ("ordering", "POST /v1/orders/{order_id}/place"),
]
SERVICES = "all-all"
"""One process holds every service of the embedded run but the contract processors."""


@dataclass(frozen=True, slots=True)
class Traced:
    """What one order left behind: the spans of its trace, and the brokers' records of it."""

    spans: dict[str, tuple[str, WireSpan]]
    tap: Tap

    def named(self, name: str) -> list[WireSpan]:
        return [span for _, span in self.spans.values() if span.name == name]


async def place_with_a_trace(people: Cast, order_id: str) -> httpx.Response:
    husum = people.husum
    headers = husum.headers() | {"traceparent": f"00-{TRACE}-{CLIENT}-01"}
    url = f"{husum.run.endpoints['ordering']}/v1/orders/{order_id}/place"
    return await husum.client.post(url, json={"accepts_agb": True}, headers=headers)


@pytest.fixture(scope="module")
async def traced(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traced]:
    """Place one order in a marketplace that tells its spans, and wait until the mail about its contract is told."""
    var: Path = tmp_path_factory.mktemp("traced")
    settings = ProcessSettings(var=var)
    with Receiver().listening() as receiver:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        async with Embedded(settings, environment) as run, httpx.AsyncClient(timeout=30) as client:
            data = write_few_municipalities(var / "data")
            await load_reference_data(ProcessSettings(var=var, data=data), lambda _kind, _done, _total: None)
            await load_assumed_facts(settings)
            people, tap = cast(run, client), Tap(run.bootstrap)
            checklist = await people.komm_one.get("catalog", "/v1/reference/requirements")
            await flow.register(people.husum, people.govdigital, "KUNDE", HUSUM)
            await people.husum.put("notify", "/v1/contacts/me", {"name": "Kai Muster", "email": "kai.muster@husum.example"})
            place = Marketplace(run, people, tap, checklist, "")
            order_id = await place.ready_to_order("Verfolgt")
            assert (await place_with_a_trace(people, order_id)).is_success
            await flow.reaches(people.husum, order_id, "VERTRAG_GESCHLOSSEN")

            async def all_reported() -> dict[str, tuple[str, WireSpan]] | None:
                ours = {span.span_id.hex(): (service, span) for service, span in receiver.spans if span.trace_id.hex() == TRACE}
                reported = {span.name for _, span in ours.values()}
                mails = [span for _, span in ours.values() if span.name == "send mail" and ending(ours, span) == CHAIN[1][1]]
                return ours if mails and {name for _, name in CHAIN} <= reported else None

            yield Traced(await eventually("the whole trace is told", all_reported), tap)


def ending(spans: dict[str, tuple[str, WireSpan]], span: WireSpan) -> str | None:
    """Return the name of a span's parent."""
    parent = spans.get(span.parent_span_id.hex())
    return None if parent is None else parent[1].name


async def test_one_trace_leads_from_the_mail_back_to_the_order(traced: Traced) -> None:
    (span,) = [span for span in traced.named("send mail") if ending(traced.spans, span) == CHAIN[1][1]]
    walked = [(traced.spans[span.span_id.hex()][0], span.name)]
    while (above := traced.spans.get(span.parent_span_id.hex())) is not None:
        service, span = above
        walked.append((service, span.name))
    names = [(service if service.startswith("contracts-") else SERVICES, name) for service, name in CHAIN]
    assert walked == names
    assert span.parent_span_id.hex() == CLIENT


async def test_the_ids_in_the_headers_of_events_are_those_of_spans(traced: Traced) -> None:
    sent = {span_id: span.name for span_id, (_, span) in traced.spans.items() if span.name.startswith("send ")}
    for topic in (ORDERS, VERDICTS, *CONTRACT_REQUESTS.values(), CONTRACTS, DELIVERIES):
        for record in await traced.tap.records(topic.name):
            headers = {name: value.decode() for name, value in record.headers}
            _, trace, span_id, _ = headers["traceparent"].split("-")
            if trace == TRACE:
                assert sent[span_id] == f"send {headers['ce_type']}"


async def test_a_span_ends_after_it_began_and_begins_after_its_parent(traced: Traced) -> None:
    for _, span in traced.spans.values():
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        above = traced.spans.get(span.parent_span_id.hex())
        if above is not None and not span.name.startswith("send "):
            assert above[1].start_time_unix_nano <= span.start_time_unix_nano + 1_000_000


async def test_no_span_holds_what_belongs_to_a_person(traced: Traced) -> None:
    everything = "\n".join(str(span) for _, span in traced.spans.values())
    assert "order" in everything
    for secret in ("Muster", "husum.example", "Bearer", "digitales.husum"):
        assert secret not in everything
