"""A small API over the kit: things that are made once, listed by pages and changed under their revision."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from fastapi import Query as Parameter
from pydantic import BaseModel
from starlette.responses import Response

from shared.aggregate.condition import Condition
from shared.errors import (
    ConflictError,
    IllegalMoveError,
    InvalidError,
    NotFoundError,
    OutboxFullError,
    StoreUnavailableError,
    StoreUnfitError,
)
from shared.http import idempotency
from shared.http.app import create_app
from shared.http.auth import Authenticator, Caller, needs, optional_caller
from shared.http.dependencies import IdempotencyKey, NeededIdempotencyKey
from shared.http.etag import condition_of, json_reply
from shared.http.paging import Limit, Page, decode_cursor, encode_cursor
from shared.messages.values import Line, Role
from shared.store.opening import open_store
from shared.store.port import Collection, Index, Query, Store
from tests.support.http import FakeAuthenticator, FixedHealth

THINGS = Collection("things", (Index("made", ("organisation", "made_at")),))
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def forward(self, by: timedelta) -> None:
        self.time += by


class NewThing(BaseModel):
    """What a thing is made of."""

    name: Line
    count: int = 1
    parts: list[Line] = []


class Thing(BaseModel):
    """A thing as it is shown."""

    id: str
    name: str
    run: int = 0


ERRORS: dict[str, Exception] = {
    "illegal_move": IllegalMoveError("place", "INTERESSE_BEKUNDET", ["withdraw"]),
    "not_found": NotFoundError("No order 17.", id="17"),
    "invalid": InvalidError("Too many.", code="too_many", status="hidden", largest=3, kinds={"b", "a"}),
    "store_away": StoreUnavailableError("mongodb-0.internal:27017 refused"),
    "outbox_full": OutboxFullError("17 holds 500 events.", waiting=500),
    "unfit": StoreUnfitError("mongodb-0.internal lacks sessions"),
    "crash": RuntimeError("password=geheim"),
}


class Probe:
    """The API with its state: ``runs`` counts how often the operation ran, ``started`` can be waited for; ``gate`` holds it; ``fails`` breaks it once each."""

    def __init__(self, store: Store, authenticator: Authenticator | None = None) -> None:
        self.store = store
        self.clock = Clock()
        self.health = FixedHealth(store=True, broker=True)
        self.runs = 0
        self.started = asyncio.Semaphore(0)
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails: list[Exception] = []
        self.padding = ""
        self.app: FastAPI = create_app(
            "Probe API",
            self._router(),
            authenticator=authenticator or FakeAuthenticator(),
            store=store,
            health=self.health,
            clock=self.clock,
        )

    def _router(self) -> APIRouter:
        router = APIRouter(prefix="/v1")

        @router.post("/things", status_code=201, response_model=Thing)
        @router.post("/shelves/{shelf}/things", status_code=201, response_model=Thing)
        async def make(
            thing: NewThing,
            caller: Annotated[Caller, Depends(needs(Role.KUNDE))],
            key: NeededIdempotencyKey,
            _dry: Annotated[int, Parameter(alias="dry", include_in_schema=False)] = 0,
        ) -> Response:
            return await key.run(lambda: self._make(thing, caller, key.derived_id("thing")))

        @router.post("/notes", response_model=Thing)
        async def note(thing: NewThing, key: IdempotencyKey) -> Response:
            return await key.run(lambda: self._make(thing, key.caller, key.derived_id("note")))

        @router.get("/things")
        async def things(
            caller: Annotated[Caller, Depends(needs(Role.KUNDE))], cursor: str | None = None, limit: Limit = 50
        ) -> Page[Thing]:
            after = decode_cursor(cursor, (datetime, str))
            query = Query("made", {"organisation": caller.organisation}, after=after, limit=limit + 1)
            found = await self.store.find(THINGS, query)
            last = found[limit - 1] if len(found) > limit else None
            items = [Thing(id=document["_id"], name=document["name"]) for document in found[:limit]]
            return Page(items=items, next=encode_cursor((last["made_at"], last["_id"])) if last else None)

        @router.put("/things/{thing_id}")
        async def change(thing_id: str, condition: Annotated[Condition | None, Depends(condition_of)]) -> Response:
            rev = condition.revision if condition else None
            return json_reply(Thing(id=thing_id, name=str(rev)), rev=(rev or 0) + 1, location=f"/v1/things/{thing_id}")

        @router.get("/me")
        async def me(
            caller: Annotated[Caller | None, Depends(optional_caller)],
            _name: Annotated[str | None, Parameter(alias="name")] = None,
        ) -> dict[str, str | None]:
            return {"subject": caller.subject if caller else None}

        @router.get("/errors/{name}")
        async def error(name: str) -> None:
            raise ERRORS[name]

        return router

    async def _make(self, thing: NewThing, caller: Caller, thing_id: str) -> Response:
        self.runs += 1
        run = self.runs
        self.started.release()
        await self.gate.wait()
        if self.fails:
            raise self.fails.pop(0)
        if thing.name == "belegt":
            raise ConflictError("The name is taken.", code="name_taken", name=thing.name)
        document = {"_id": thing_id, "organisation": caller.organisation, "made_at": self.clock(), "name": thing.name}
        await self.store.insert_many(THINGS, [document])
        return json_reply(
            Thing(id=thing_id, name=thing.name + self.padding, run=run),
            rev=1,
            status=201,
            location=f"/v1/things/{thing_id}",
        )

    async def things(self) -> list[str]:
        """Return the ids of all things of the organisation ``heide``."""
        return [document["_id"] for document in await self.store.find(THINGS, Query("made", {"organisation": "heide"}))]


async def open_probe(authenticator: Authenticator | None = None) -> Probe:
    """Return the API over a fresh store in memory."""
    store = open_store("sqlite:///:memory:")
    await store.prepare([THINGS, idempotency.COLLECTION])
    return Probe(store, authenticator)
