"""What the partner kit makes for the registry is taken there: the public key, and the request for the next one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from efa_partner import keys
from efa_partner.keys import Algorithm
from efa_partner.registration import registration, rotation_request
from tests.component.ordering.ordering_world import World
from tests.component.ordering.test_ordering_partners_api import OPERATOR, RUNS_IT, registered


@pytest.mark.parametrize("new_kind", list(Algorithm))
@pytest.mark.parametrize("old_kind", list(Algorithm))
async def test_a_key_of_any_kind_is_registered_and_replaced_by_one_of_any_kind(
    world: World, old_kind: Algorithm, new_kind: Algorithm
) -> None:
    world.now = datetime.now(UTC)
    await registered(world)
    old, new = keys.generate(old_kind), keys.generate(new_kind, "the-next")
    added = await world.post("/v1/partners/nord/keys", OPERATOR, {"jwk": registration(old)})
    assert added.status_code == 200, added.text
    answer = await world.post("/v1/partners/nord/key-rotations", RUNS_IT, rotation_request("nord", "efa-marktplatz", old, new))
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["keys"]
    assert (first["kid"], second["kid"], second["valid_until"]) == (old.kid, "the-next", None)
    assert first["valid_until"] is not None
