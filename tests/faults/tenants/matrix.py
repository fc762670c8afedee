"""Judges the running APIs by the table: each function returns what is wrong, nothing if all is well."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.aggregate.record import RecordType
from shared.messages.contracts import Leg
from tests.faults.tenants.scene import CALLERS, PUBLIC, Caller, Scene, Thing, absent, sees
from tests.faults.tenants.table import REVISED, Reach, Row

FRESH = frozenset({"x-correlation-id", "traceparent"})
"""Headers that are new in every answer."""
KEYED = "keyed"
VARIANTS: dict[str, dict[str, str]] = {
    "plain": {},
    KEYED: {"Idempotency-Key": "*"},
    "for revision 1": {"If-Match": '"1"', "Idempotency-Key": "*"},
    "for any revision": {"If-Match": "*"},
    "for none": {"If-None-Match": "*", "Idempotency-Key": "*"},
    "for what no revision is": {"If-Match": 'W/"x"'},
}
REVISION_ONE = {"If-Match": '"1"'}
UNKNOWN_FIELD = {"no_such_field": 1}
_keys = itertools.count(1)

LISTED = {
    "ordering GET /v1/orders": (Thing.EARLY_ORDER, Thing.ORDER),
    "contracts GET /v1/contracts": (Thing.CONTRACT,),
    "notify GET /v1/contacts": (Thing.CONTACT,),
    "eligibility GET /v1/precheck-jobs": (Thing.JOB,),
    "ordering GET /v1/partners": (Thing.PARTNER_WHOLE,),
}
"""Lists that hold, for each caller, exactly those of these things that they see."""
RECORDED: tuple[tuple[str, dict[str, str]], ...] = (
    ("catalog GET /v1/my/offerings", {}),
    ("catalog GET /v1/my/offerings", {"Accept": "text/csv"}),
    ("eligibility GET /v1/accreditations", {}),
    ("eligibility GET /v1/accreditations", {"Accept": "text/csv"}),
    ("ordering GET /v1/orders", {"Accept": "text/csv"}),
    ("contracts GET /v1/contracts", {"Accept": "text/csv"}),
    ("contracts GET /v1/accessions", {"Accept": "text/csv"}),
    ("notify GET /v1/inbox", {}),
)
"""Lists, and the tables of them, that show only what the caller may see."""
SILENT = frozenset(
    {
        "ordering POST /v1/orders",
        "ordering GET /v1/orders/counts/{offering_id}",
        "contracts POST /v1/offers/{offering_id}/cost-information",
        "contracts GET /v1/offers/{offering_id}/cost-information",
        "contracts GET /v1/offers/{offering_id}/cost-information/{version}",
        "contracts GET /v1/offers/{offering_id}/costs",
        "contracts GET /v1/offers/{offering_id}/licence",
        "notify DELETE /v1/contacts/{contact_id}",
        "eligibility PUT /v1/organisations/{organisation_id}/vollmacht",
        "catalog PUT /v1/offerings/{offering_id}/documents/{digest}",
        "catalog GET /v1/offerings/{offering_id}/documents/{digest}",
        "eligibility PUT /v1/evidence/{document_id}/content",
        "eligibility GET /v1/evidence/{document_id}/content",
    }
)
"""Operations that tell nobody whether there is such a thing: ordering and contracts know no drafts, gone is gone, and content needs a file."""


async def send(scene: Scene, row: Row, token: str | None, thing_id: str, **headers: str) -> httpx.Response:
    """Send a row's request about the thing of this id, each with a key of its own."""
    request, body = row.request(thing_id, scene.parts)
    needed = {"If-Match": await scene.tag(*request[::2])} if row.operation in REVISED else {}
    return await scene.ask(token, request, body, {"Idempotency-Key": f"key-{next(_keys)}"} | needed | headers)


def thing_of(scene: Scene, row: Row) -> str:
    """Return the id of the thing that a row is about."""
    return "" if row.thing is None else scene.ids[row.thing]


async def wrong_statuses(scene: Scene, row: Row) -> list[str]:
    """Return which callers get another status than the table says."""
    found = []
    for caller, expected in zip(CALLERS, row.expected, strict=True):
        answer = await send(scene, row, scene.tokens.of(caller), thing_of(scene, row))
        await scene.restore()
        if answer.status_code != expected:
            found.append(f"{row}: {caller.name} gets {answer.status_code}, not {expected}: {answer.text[:200]}")
    return found


async def wrong_without_token(scene: Scene, row: Row) -> list[str]:
    """Return what a caller without a valid token gets other than a refusal, or than what the table makes public."""
    kunde = next(caller for caller in CALLERS if caller.name == "kunde")
    own, tokens = thing_of(scene, row), scene.tokens
    bad = {
        "no token at all": "no-token-at-all",
        "expired": tokens.of(kunde, timedelta(hours=-1)),
        "another audience": tokens.for_another_audience(kunde),
    }
    found = []
    for name, token in bad.items():
        answer = await send(scene, row, token, own)
        if row.reach is Reach.PUBLIC:
            right = answer.status_code == 200
        else:
            right = answer.status_code == 401 and answer.json()["code"] in ("token_invalid", "token_expired")
        if not right:
            found.append(f"{row}: {name}: {answer.status_code} {answer.text[:200]}")
    answer = await send(scene, row, None, own)
    if row.reach is Reach.TOKEN:
        right = answer.status_code == 401 and answer.json()["code"] == "token_missing"
    else:
        right = answer.status_code == (200 if row.thing is None else 404)
    return found if right else [*found, f"{row}: nobody: {answer.status_code} {answer.text[:200]}"]


async def differences(scene: Scene, row: Row) -> list[str]:
    """Return where an answer about what a caller may not see differs from that about what does not exist.

    Compared are status, body and headers, after the two ids are made alike, and what the store was asked for; HEAD beside GET.
    Each caller is tried with a key and with one of the other variants in turn, so that every row meets all of them.
    """
    if row.thing is None:
        return []
    found = []
    in_turn = itertools.cycle(sorted(VARIANTS.keys() - {KEYED}))
    for caller in _blind(row):
        for variant, body in ((KEYED, None), (KEYED, UNKNOWN_FIELD), (next(in_turn), None)):
            hidden, nothing = [
                await _traced(scene, row, caller, id_, variant, body) for id_ in (scene.ids[row.thing], absent(row.thing))
            ]
            if hidden != nothing:
                found.append(f"{row}: {caller.name if caller else 'nobody'}, {variant}: {hidden} and {nothing}")
    return found


async def tells_apart(scene: Scene, row: Row) -> bool:
    """Return whether somebody who may see the thing of a row gets another answer than for nothing."""
    assert row.thing is not None
    for caller in (caller for caller in CALLERS if sees(caller, row.thing)):
        there, not_there = [
            await _traced(scene, row, caller, id_, KEYED, None) for id_ in (scene.ids[row.thing], absent(row.thing))
        ]
        await scene.restore()
        if there[0] != not_there[0]:
            return True
    return False


async def reported_by_repeats(scene: Scene, row: Row) -> list[str]:
    """Return where a key that was used for something hidden answers otherwise than one used for nothing."""
    if row.thing is None or " GET " in row.operation:
        return []
    found = []
    for caller in _blind(row):
        seen = []
        for id_ in (scene.ids[row.thing], absent(row.thing)):
            key = {"Idempotency-Key": f"again-{next(_keys)}"}
            token = scene.tokens.of(caller) if caller else None
            first, again = [await send(scene, row, token, id_, **key) for _ in range(2)]
            request, _ = row.request(id_, scene.parts)
            other = await scene.ask(token, request, UNKNOWN_FIELD, key)
            seen.append([_shown(answer, id_) for answer in (first, again, other)])
        if seen[0] != seen[1]:
            found.append(f"{row}: {caller.name if caller else 'nobody'}: {seen[0]} and {seen[1]}")
    return found


async def read_for_strangers(scene: Scene, row: Row) -> list[str]:
    """Return which callers make an API read something hidden into a state, which takes time that tells of it."""
    if row.thing is None:
        return []
    found, hidden, read = [], scene.ids[row.thing], []
    state_of = RecordType.state_of

    def noted(records: RecordType[Any], document: dict[str, Any]) -> Any:
        read.append(document["_id"])
        return state_of(records, document)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecordType, "state_of", noted)
        for caller in _blind(row):
            read.clear()
            await send(scene, row, scene.tokens.of(caller) if caller else None, hidden)
            if hidden in read:
                found.append(f"{row}: {caller.name if caller else 'nobody'} has {row.thing} read")
    return found


async def wrong_lists(scene: Scene, caller: Caller) -> list[str]:
    """Return where a list holds something that the caller may not see, or lacks what is theirs."""
    found = []
    for operation, things in LISTED.items():
        answer = await _list(scene, caller, operation)
        expected = {scene.ids[thing] for thing in things if sees(caller, thing)}
        items = answer.json()["items"] if answer.status_code == 200 else []
        roots = {item["id"] for item in items if item.get("leg") == Leg.BEREITSTELLUNG}
        if roots and (not sees(caller, Thing.CONTRACT) or sees(caller, Thing.OWN)):
            found.append(f"{operation}: {caller.name} finds a Bereitstellungsvertrag")
        if answer.status_code == 200 and {item["id"] for item in items} - roots != expected:
            found.append(f"{operation}: {caller.name} finds {answer.text[:300]}")
    counted = (await _list(scene, caller, "ordering GET /v1/orders/counts")).json()["count"]
    if counted != (own := sum(sees(caller, thing) for thing in LISTED["ordering GET /v1/orders"])):
        found.append(f"ordering GET /v1/orders/counts: {caller.name} counts {counted}, not {own}")
    for operation, headers in RECORDED:
        answer = await _list(scene, caller, operation, headers)
        # A Vorgang, and a contract, names its Kunde to whoever may see it.
        parties = {Thing.ORGANISATION} if operation.startswith(("ordering", "contracts")) else set()
        unnamed = {Thing.REGISTER, Thing.OWN, Thing.ELSEWHERE} | parties
        names = {thing: scene.ids[thing] for thing in Thing if thing not in unnamed}
        recorded = {thing for thing in names if not (_reported(caller, thing) if "inbox" in operation else sees(caller, thing))}
        found += [f"{operation}: {caller.name} finds a {thing}" for thing in recorded if names[thing] in answer.text]
    public = await scene.ask(scene.tokens.of(caller), ("catalog", "GET", PUBLIC), None, {})
    if public.text != scene.public_before:
        found.append(f"the Schaufenster shows {caller.name} what is not public: {public.text[:300]}")
    return found


def _reported(caller: Caller, thing: Thing) -> bool:
    """Return whether the caller's organisation may know of a thing: its inbox is that of all its people."""
    return any(sees(other, thing) for other in CALLERS if other.organisation == caller.organisation)


async def _list(scene: Scene, caller: Caller, operation: str, headers: dict[str, str] | None = None) -> httpx.Response:
    service, method, path = operation.split(" ")
    return await scene.ask(scene.tokens.of(caller), (service, method, path), None, headers or {})


def _blind(row: Row) -> Iterator[Caller | None]:
    """Yield the callers that may not know of a row's thing; nobody (None) where no token is needed."""
    assert row.thing is not None
    yield from (caller for caller in CALLERS if not sees(caller, row.thing))
    if row.reach is not Reach.TOKEN:
        yield None


async def _traced(
    scene: Scene, row: Row, caller: Caller | None, id_: str, variant: str, body: object
) -> tuple[Any, list[tuple[str, str, str]]]:
    request, own = row.request(id_, scene.parts)
    headers = {
        name: value.replace("*", f"key-{next(_keys)}") if name == "Idempotency-Key" else value
        for name, value in ((REVISION_ONE if row.operation in REVISED else {}) | VARIANTS[variant]).items()
    }
    for store in scene.stores.values():
        store.asked.clear()
    token = scene.tokens.of(caller) if caller else None
    answer = await scene.ask(token, request, own if body is None else body, headers)
    shown = [_shown(answer, id_)]
    if request[1] == "GET":
        shown.append(_shown(await scene.ask(token, (request[0], "HEAD", request[2]), None, headers), id_))
    asked = [it for store in scene.stores.values() for it in store.asked]
    # A request that takes long raises its mark meanwhile: how often depends on the machine.
    return shown, [it for it in asked if it[:2] != ("save", "idempotency")]


def _shown(answer: httpx.Response, id_: str) -> dict[str, Any]:
    """Return all that a client sees of an answer, the id made anonymous."""
    headers = {name: value.replace(id_, "<id>") for name, value in answer.headers.items() if name not in FRESH}
    return {
        "status": answer.status_code,
        "body": answer.text.replace(id_, "<id>"),
        "headers": dict(sorted(headers.items())),
        "correlation is the id": answer.headers["x-correlation-id"] == id_,
    }
