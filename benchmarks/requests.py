"""What the costliest request costs: hostile values in every place of the body and query of every operation."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from benchmarks.figures import BenchError
from marktplatz.assembly import BUILDERS, ServiceName
from shared.http import limits
from shared.process.runtime import tune_gc
from tests.faults.malformed.apis import CALLERS, Operation, document, operations, running
from tests.faults.malformed.values import Samples, changed, places
from tests.support.http import client

MIB = 1024 * 1024
KEEP = 5
ROOM = 4096
"""Bytes of a body of 1 MiB that are left to everything but the hostile value."""
TEXTS = {
    "letters": "x",
    "blanks": " ",
    "digits": "9",
    "umlauts, escaped": "\u00e4",
    "combining accents": "e\u0301",
    "emoji": "\U0001f600",
    "dots": "a.",
    "mail signs": "a@",
    "hyphens": "-",
    "line breaks": "\n",
    "separators": ",:[{",
}
NODES = limits.BODY_NODES - 200


@dataclass(frozen=True, slots=True)
class Cost:
    """One request: what it was, seconds of the loop, and bytes of memory at the most (0 until that is measured)."""

    label: str
    service: ServiceName
    method: str
    target: str
    content: bytes
    seconds: float
    status: int
    peak: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """An ordinary request's cost and the costliest ones."""

    requests: int
    ordinary: float
    slowest: tuple[Cost, ...]
    largest: tuple[Cost, ...]


async def measure() -> Found:
    """Send every hostile request once, and the costliest once more. Raises BenchError if an API answers 5xx."""
    costs: list[Cost] = []
    ordinary: list[float] = []
    for service in BUILDERS:
        described = document(service)
        samples = Samples(described)
        async with running(service) as app, client(app, CALLERS[0]) as http:
            tune_gc()
            for operation in operations(service, described):
                target = _filled(operation)
                plain = b"" if operation.body is None else json.dumps(samples.good(operation.body)).encode()
                await _cost(http, "ordinary", operation, target, plain)
                ordinary.append((await _cost(http, "ordinary", operation, target, plain)).seconds)
                for label, hostile_target, content in _hostile(operation, samples, target, plain):
                    costs.append(await _cost(http, label, operation, hostile_target, content))
            for place, cost in enumerate(costs):
                if cost.service is service and len(cost.content) + len(cost.target) > ROOM:
                    costs[place] = await _with_peak(http, cost)
    slowest = sorted(costs, key=lambda cost: cost.seconds, reverse=True)[:KEEP]
    largest = sorted(costs, key=lambda cost: cost.peak, reverse=True)[:KEEP]
    return Found(len(costs), sorted(ordinary)[len(ordinary) // 2], tuple(slowest), tuple(largest))


def report(found: Found) -> None:
    """Print the costliest requests, in absolute figures and beside an ordinary one."""
    print(f"{found.requests:,} requests of up to 1 MiB; an ordinary one: {found.ordinary * 1000:.1f} ms")
    print(f"{'ms':>7}{'x ordinary':>12}{'MiB':>7}  {'answer':>6}  request")
    for cost in found.slowest:
        print(_line(cost, found.ordinary))
    print("most memory")
    for cost in found.largest:
        print(_line(cost, found.ordinary))


def _line(cost: Cost, ordinary: float) -> str:
    ratio = cost.seconds / ordinary
    return f"{cost.seconds * 1000:7.1f}{ratio:12.1f}{cost.peak / MIB:7.1f}  {cost.status:>6}  {cost.label}"


async def _cost(http: httpx.AsyncClient, label: str, operation: Operation, target: str, content: bytes) -> Cost:
    started = time.thread_time()
    answer = await _send(http, operation.method, target, content, label)
    seconds = time.thread_time() - started
    return Cost(f"{operation}: {label}", operation.service, operation.method, target, content, seconds, answer.status_code)


async def _with_peak(http: httpx.AsyncClient, cost: Cost) -> Cost:
    tracemalloc.start()
    try:
        await _send(http, cost.method, cost.target, cost.content, cost.label)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return Cost(cost.label, cost.service, cost.method, cost.target, cost.content, cost.seconds, cost.status, peak)


async def _send(http: httpx.AsyncClient, method: str, target: str, content: bytes, label: str) -> httpx.Response:
    headers = {"Content-Type": "application/json"} if content else {}
    answer = await http.request(method, target, content=content, headers=headers)
    if answer.status_code >= 500:
        raise BenchError(f"{method} {target[:100]} answered {answer.status_code} to {label}: {answer.text[:300]}")
    return answer


def _filled(operation: Operation) -> str:
    target = operation.path
    for parameter in operation.parameters:
        if parameter["in"] == "path":
            schema = parameter["schema"]
            value = schema["enum"][0] if "enum" in schema else "018f3a4e-7a53-7c31-9d2b-1f6f4f1a0c11"
            target = target.replace(f"{{{parameter['name']}}}", str(value))
    return target.replace("{channel}", "fitko").replace("{role}", "KUNDE")


def _hostile(operation: Operation, samples: Samples, target: str, plain: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Give what is sent: which value stands where, the target and the body."""
    for parameter in operation.parameters:
        if parameter["in"] == "query":
            name = parameter["name"]
            for label, sign in TEXTS.items():
                text = quote(sign)
                yield f"?{name} of {label}", f"{target}?{name}={text * (8000 // len(text))}", plain
            yield f"?{name} many times", f"{target}?{'&'.join([f'{name}=x'] * (limits.QUERY_PARAMETERS - 1))}", plain
    if operation.body is None:
        return
    good = samples.good(operation.body)
    for place in ((), *places(good)):
        for label, value in _values(good, place):
            content = json.dumps(changed(good, place, value) if place else value).encode()
            if len(content) <= limits.BODY_BYTES:
                yield f"/{'/'.join(map(str, place))} = {label}", target, content


def _values(good: object, place: tuple[str | int, ...]) -> Iterator[tuple[str, Any]]:
    there: Any = good
    for step in place:
        there = there[step]
    room = MIB - ROOM
    for label, sign in TEXTS.items():
        yield f"text of {label}", sign * (room // (len(json.dumps(sign)) - 2))
    yield "list of numbers", [1] * NODES
    yield "list of empty lists", [[]] * (NODES // 2)
    yield "list of long texts", ["x" * (room // 1000 - 4)] * 1000
    yield "object of many keys", {f"k{number}": 1 for number in range(NODES // 2)}
    yield "object of long keys", {f"k{number:04}{'y' * (room // 1000 - 20)}": 1 for number in range(1000)}
    size = json.dumps(there).count(",") + json.dumps(there).count(":") + json.dumps(there).count("[") + 2
    if isinstance(there, list) and there:
        yield "list of as many good items as are read", there * (NODES // size)
    yield "list of as many good values as are read", [there] * (NODES // size)
