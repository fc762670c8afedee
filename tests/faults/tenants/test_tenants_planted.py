"""The matrix finds guards that are taken away: each plant is one bug, in one place of the product."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.responses import Response

from services.catalog import repository as catalog
from services.contracts import repository as contracts
from services.contracts.narrowing import Viewer as ContractViewer
from services.eligibility import repository as eligibility
from services.notify.repository import NOTIFICATIONS, Notifications
from services.ordering import repository as ordering
from shared.http import idempotency
from shared.http.auth import Caller
from shared.http.problem import RefusedRequestError
from shared.messages.values import Channel
from tests.faults.tenants import matrix
from tests.faults.tenants.scene import CALLERS, Scene
from tests.faults.tenants.table import ROWS

pytestmark = pytest.mark.slow

Judge = Callable[[Scene, Any], Awaitable[list[str]]]
Plant = Callable[[Scene, pytest.MonkeyPatch], None]


def steps_without_looking_at_the_party(_: Scene, patch: pytest.MonkeyPatch) -> None:
    async def require_part(*_: object) -> None:
        return

    patch.setattr(ordering.Orders, "require_part", require_part)


def parties_looked_at_after_reading(_: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ordering, "has_part", lambda *_: True)


def verdicts_before_the_interest_is_forwarded(_: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(eligibility, "shown_to_provider", lambda *_: True)


def contracts_for_everybody(_: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ContractViewer, "sees", lambda *_: True)


def drafts_for_everybody(_: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(catalog, "_visible", lambda *_: True)


def inboxes_for_everybody(_: Scene, patch: pytest.MonkeyPatch) -> None:
    read = Notifications.read

    async def anybodys(self: Notifications, organisation: str, notification_id: str, at: Any) -> Any:
        found = await self.store.get_many(NOTIFICATIONS, [notification_id])
        owner = found[notification_id]["inbox_of"] if found else organisation
        return await read(self, owner, notification_id, at)

    patch.setattr(Notifications, "read", anybodys)


def lists_of_the_whole_channel(_: Scene, patch: pytest.MonkeyPatch) -> None:
    page = contracts.Contracts.page

    async def wide(self: contracts.Contracts, viewer: ContractViewer, *rest: Any) -> Any:
        return await page(self, ContractViewer(viewer.organisation, Channel.GOVDIGITAL), *rest)

    patch.setattr(contracts.Contracts, "page", wide)


def a_header_of_what_is_hidden(_: Scene, patch: pytest.MonkeyPatch) -> None:
    get = eligibility.Organisations.get

    async def notification_plan(self: eligibility.Organisations, organisation_id: str, viewer: eligibility.Viewer) -> Any:
        if not await self.ledger.is_visible(organisation_id, viewer.sees_organisation) and await self.ledger.is_visible(
            organisation_id, lambda _: True
        ):
            reported = f"No organisation {organisation_id} is registered."
            raise RefusedRequestError(reported, status=404, code="organisation_not_found", headers={"ETag": '"7"'})
        await self.ledger.is_visible(organisation_id, lambda _: True)
        return await get(self, organisation_id, viewer)

    patch.setattr(eligibility.Organisations, "get", notification_plan)


def one_more_look_at_what_is_hidden(_: Scene, patch: pytest.MonkeyPatch) -> None:
    get = eligibility.Verdicts.get

    async def slow(self: eligibility.Verdicts, order_id: str, viewer: eligibility.Viewer) -> Any:
        document = await self.ledger.store.get(eligibility.VERDICTS, order_id)
        if document is not None:
            await self.ledger.store.get(eligibility.ORGANISATIONS, document["customer"]["id"])
        return await get(self, order_id, viewer)

    patch.setattr(eligibility.Verdicts, "get", slow)


def roles_not_asked_for(_: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Caller, "require", lambda *_: None)


def tokens_of_any_time_and_audience(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(scene.tokens.authenticator._times, "validate", lambda *_: None)


def refusals_of_what_is_hidden_are_remembered(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    release = idempotency._Run._release

    async def remembering(self: idempotency._Run) -> None:
        if any(thing_id in self.path for thing_id in scene.ids.values()):
            await self._keep(Response("{}", 404))
        else:
            await release(self)

    patch.setattr(idempotency._Run, "_release", remembering)


PLANTS: list[tuple[Plant, Judge, str]] = [
    (steps_without_looking_at_the_party, matrix.read_for_strangers, "ordering POST /v1/orders/{order_id}/place ORDER"),
    (parties_looked_at_after_reading, matrix.read_for_strangers, "ordering GET /v1/orders/{order_id} EARLY_ORDER"),
    (verdicts_before_the_interest_is_forwarded, matrix.wrong_statuses, "eligibility GET /v1/verdicts/{order_id} EARLY_VERDICT"),
    (verdicts_before_the_interest_is_forwarded, matrix.differences, "eligibility GET /v1/verdicts/{order_id} EARLY_VERDICT"),
    (contracts_for_everybody, matrix.wrong_statuses, "contracts GET /v1/contracts/{contract_id} CONTRACT"),
    (contracts_for_everybody, matrix.differences, "contracts GET /v1/contracts ORDER"),
    (drafts_for_everybody, matrix.differences, "catalog GET /v1/offerings/{offering_id} DRAFT"),
    (inboxes_for_everybody, matrix.differences, "notify POST /v1/inbox/{notification_id}/read NOTIFICATION"),
    (a_header_of_what_is_hidden, matrix.differences, "eligibility GET /v1/organisations/{organisation_id} ORGANISATION"),
    (one_more_look_at_what_is_hidden, matrix.differences, "eligibility GET /v1/verdicts/{order_id} EARLY_VERDICT"),
    (roles_not_asked_for, matrix.wrong_statuses, "catalog POST /v1/offerings"),
    (tokens_of_any_time_and_audience, matrix.wrong_without_token, "ordering GET /v1/orders"),
    (refusals_of_what_is_hidden_are_remembered, matrix.reported_by_repeats, "ordering POST /v1/orders/{order_id}/end ORDER"),
]


@pytest.mark.parametrize(
    ("plant", "judge", "row"), PLANTS, ids=[f"{plant.__name__}-{judge.__name__}" for plant, judge, _ in PLANTS]
)
async def test_a_planted_bug_is_found(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, plant: Plant, judge: Judge, row: str
) -> None:
    (judged,) = [one for one in ROWS if str(one) == row]
    plant(scene, monkeypatch)
    found = await judge(scene, judged)
    monkeypatch.undo()
    await scene.restore()
    assert found
    assert await judge(scene, judged) == []


async def test_a_list_that_is_too_wide_is_found(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    lists_of_the_whole_channel(scene, monkeypatch)
    assert [caller.name for caller in CALLERS if await matrix.wrong_lists(scene, caller)]
