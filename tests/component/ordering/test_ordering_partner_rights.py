"""A command that arrives by event is run with the roles that its organisation has at that moment, not with those of before."""

from __future__ import annotations

from typing import Any

import pytest

from services.ordering.inbound.actions import Actions
from services.ordering.inbound.intake import RecordIntake
from shared.messages.values import Role
from shared.rights.errors import RightsUnavailableError
from tests.component.ordering.ordering_world import INTEREST, World
from tests.component.ordering.test_ordering_partner_intake import Desk, desk, said
from tests.support.builders.orders import CUSTOMER
from tests.support.partners import AUDIENCE
from tests.support.rights import ReadRights, rights_of

__all__ = ["desk"]


def going_by(desk: Desk, read: ReadRights) -> Desk:
    """Let the desk's commands go by these rights."""
    world: World = desk.world
    actions = Actions(desk.orders, desk.offerings, world.clock, read.rights)
    desk.intake = RecordIntake(actions, desk.receipts, desk.quarantine, desk.signer, world.clock, AUDIENCE)
    return desk


async def sent(desk: Desk) -> tuple[str, str | None]:
    data: dict[str, Any] = INTEREST
    return said(await desk.send("interest-declared", data))


async def test_an_organisation_in_the_role_is_served_and_from_its_end_on_refused(desk: Desk) -> None:
    read = ReadRights()
    read.put(rights_of(CUSTOMER.id, {}, [Role.KUNDE]))
    assert await sent(going_by(desk, read)) == ("accepted", None)
    read.put(rights_of(CUSTOMER.id, {}, []))
    assert await sent(desk) == ("refused", "role_missing")


async def test_an_organisation_that_nobody_has_registered_has_no_role(desk: Desk) -> None:
    assert await sent(going_by(desk, ReadRights())) == ("refused", "role_missing")


async def test_while_rights_are_too_old_records_wait(desk: Desk) -> None:
    read = ReadRights()
    read.put(rights_of(CUSTOMER.id, {}, [Role.KUNDE]))
    read.mirror.confirmed_at = -1000.0
    with pytest.raises(RightsUnavailableError):
        await sent(going_by(desk, read))
    assert desk.sent() == []
