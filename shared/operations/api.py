"""Routes for the operator of the marketplace: how a service stands, and the dead letters of its groups.

Each service answers for its own groups: its API has rights on their dead letters and on nobody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from shared.bus.dead_letter_operations import out_of_turn
from shared.bus.dead_letters.letter import unknown_letter
from shared.errors import BusUnavailableError, ConflictError, NotFoundError
from shared.http.auth import Caller, needs
from shared.http.dependencies import IdempotencyKey
from shared.http.etag import json_reply
from shared.http.health import Health
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.values import Role
from shared.operations.decisions import DECISIONS, Action, Decision, Decisions
from shared.operations.desk import Desk, FoundLetter
from shared.operations.turns import TURNS, Turns
from shared.operations.views import ConsumerGroupView, LetterView, ReadyCheckView, ServiceView, WholeLetterView, WithReason
from shared.release import STARTED, VERSION
from shared.store.port import Store
from shared.topics import DEAD_LETTERS

Operator = Annotated[Caller, Depends(needs(Role.BETREIBER))]
Group = Annotated[str, Path(max_length=200, description="Name of the consumer group.", examples=["ordering.verdicts"])]
LetterId = Annotated[str, Path(pattern=r"^[0-9]{1,9}:[0-9]{1,18}$", description="Id of the dead letter.", examples=["0:17"])]
OPERATED: Final = (DECISIONS, TURNS)
"""What a service stores that has these routes."""
_LETTER: Final = "/groups/{group}/dead-letters/{letter_id}"


@dataclass(frozen=True, slots=True)
class OperationBackend:
    """What the routes work with. ``desk`` is None in a process that reaches no broker."""

    service: str
    desk: Desk | None
    decisions: Decisions
    turns: Turns
    clock: Callable[[], datetime]

    @classmethod
    def over(
        cls, service: str, desk: Desk | None, store: Store, clock: Callable[[], datetime], steady: Callable[[], float]
    ) -> Self:
        """Return what the routes work with over the store of the service."""
        return cls(service, desk, Decisions(store), Turns(store, steady), clock)

    def groups(self) -> tuple[str, ...]:
        """Return the names of the service's consumer groups."""
        return tuple(group for group in DEAD_LETTERS if group.startswith(f"{self.service}."))

    def at(self, group: str) -> Desk:
        """Return where the dead letters of a group are. Raises NotFoundError (``group_not_found``), BusUnavailableError."""
        if group not in self.groups():
            raise NotFoundError(f"{self.service} has no consumer group {group}.", code="group_not_found", group=group)
        if self.desk is None:
            raise BusUnavailableError("This process reaches no broker.")
        return self.desk

    async def found(self, group: str, letter_id: str) -> FoundLetter:
        """Return a dead letter. Raises NotFoundError (``group_not_found``, ``dead_letter_not_found``), BusUnavailableError."""
        found = await self.at(group).letter(group, letter_id)
        if found is None:
            raise unknown_letter(group, letter_id)
        return found

    async def states(self) -> list[ConsumerGroupView] | None:
        """Return how the groups stand, None while the broker does not answer."""
        try:
            return None if self.desk is None else [ConsumerGroupView.of(it) for it in await self.desk.groups(self.groups())]
        except BusUnavailableError:
            return None

    async def decide(self, group: str, letter_id: str, action: Action, reason: str, by: Caller, decision_id: str) -> Response:
        """Record a decision about a dead letter, carry it out, and return the letter as it is then.

        Raises NotFoundError (``group_not_found``, ``dead_letter_not_found``), ConflictError (``dead_letter_settled``,
        ``dead_letter_not_replayable``, ``too_many_settled_singly``), BusUnavailableError, WriteConflictError while others decide.
        """
        desk = self.at(group)
        async with self.turns.of(group):
            found = await self.found(group, letter_id)
            if found.settled and any(it.id == decision_id for it in await self.decisions.about(found.mark)):
                return await self.shown(found)  # a repeat of what was done, whose answer got lost
            _require_open(found, action)
            decision = Decision(decision_id, found.mark, action, by.subject, by.organisation, self.clock(), reason)
            await self.decisions.record(decision)
            if action == "replay":
                await desk.replay(group, letter_id)
            else:
                await desk.discard(group, letter_id)
        return await self.shown(replace(found, settled=True))

    async def shown(self, found: FoundLetter) -> Response:
        """Return the answer about one dead letter."""
        return json_reply(WholeLetterView.whole(found, await self.decisions.about(found.mark)))


def operation_routes(backend: OperationBackend) -> APIRouter:
    """Return the routes, all for operators only."""
    router = APIRouter(prefix=f"/v1/operations/{backend.service}", tags=["operations"])
    _reading_routes(router, backend)
    _deciding_routes(router, backend)
    return router


def _reading_routes(router: APIRouter, backend: OperationBackend) -> None:
    @router.get("", response_model=ServiceView)
    async def read_service(request: Request, _operator: Operator) -> Response:
        """Operator: how the service stands, by the process that answers and by what the broker says of its consumer groups."""
        health: Health = request.app.state.health
        checks = health.ready()
        view = ServiceView(
            service=backend.service,
            version=VERSION,
            started_at=STARTED,
            ready=all(checks.values()),
            checks=[ReadyCheckView(name=name, holds=holds) for name, holds in sorted(checks.items())],
            groups=await backend.states(),
        )
        return json_reply(view)

    @router.get("/groups/{group}/dead-letters", response_model=Page[LetterView])
    async def list_letters(
        group: Group,
        _operator: Operator,
        settled: Annotated[bool, Query(description="Also what was replayed or discarded already.")] = False,  # noqa: FBT002 - of the query
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        """Operator: the dead letters of a consumer group, the first first; each lies there for 90 days."""
        after = decode_cursor(cursor, (datetime, int, int))
        letters = await backend.at(group).letters(group)
        chosen = [it for it in letters if (settled or not it.settled) and (after is None or it.position > after)]
        return json_reply(Page.cut(chosen, limit, lambda it: it.position, LetterView.of))

    @router.get(_LETTER, response_model=WholeLetterView)
    async def read_letter(group: Group, letter_id: LetterId, _operator: Operator) -> Response:
        """Operator: one dead letter with its headers, the shape of its value, and what was decided about it.

        What its body says is not shown: it belongs to others, and can hold personal data.
        """
        return await backend.shown(await backend.found(group, letter_id))


def _deciding_routes(router: APIRouter, backend: OperationBackend) -> None:
    @router.post(f"{_LETTER}/replay", response_model=WholeLetterView)
    async def replay(group: Group, letter_id: LetterId, body: WithReason, operator: Operator, key: IdempotencyKey) -> Response:
        """Operator: send a dead letter back, byte by byte, to the group that failed and to nobody else."""
        return await key.run(
            lambda: backend.decide(group, letter_id, "replay", body.reason, operator, key.derived_id("dead_letter_decision"))
        )

    @router.post(f"{_LETTER}/discard", response_model=WholeLetterView)
    async def discard(group: Group, letter_id: LetterId, body: WithReason, operator: Operator, key: IdempotencyKey) -> Response:
        """Operator: state that nothing is to come of a dead letter; a replay of all passes over it."""
        return await key.run(
            lambda: backend.decide(group, letter_id, "discard", body.reason, operator, key.derived_id("dead_letter_decision"))
        )


def _require_open(found: FoundLetter, action: Action) -> None:
    letter = found.letter
    if found.settled:
        raise ConflictError(
            f"The dead letter {letter.id} was replayed or discarded already.", code="dead_letter_settled", letter=letter.id
        )
    if action == "replay" and not letter.replayable:
        raise ConflictError(
            f"The bytes of the dead letter {letter.id} are not here ({letter.reason.code}), so it can only be discarded.",
            code="dead_letter_not_replayable",
            letter=letter.id,
        )
    if not found.has_room:
        raise out_of_turn(letter.id)
