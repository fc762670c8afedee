"""Which Bereitstellungsvertrag a contract rests on where the first one of the offer came to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import DEAD
from services.contracts.repository import Contracts
from shared.ids import bereitstellung_id


async def standing_roots(roots: Iterable[Contract], contracts: Contracts) -> Mapping[str, str]:
    """Return, for each Bereitstellungsvertrag of these that is dead, the id of the attempt after it that is not.

    Where none is, it is left out. Raises StoreUnavailableError.
    """
    found: dict[str, str] = {}
    waiting = {root.id: (root, 2) for root in roots if root.state in DEAD}
    while waiting:
        ids = {key: bereitstellung_id(root.channel.value, root.offering_id, attempt) for key, (root, attempt) in waiting.items()}
        known = await contracts.of_ids(ids.values())
        found |= {key: each for key, each in ids.items() if each in known and known[each].state not in DEAD}
        waiting = {key: (root, attempt + 1) for key, (root, attempt) in waiting.items() if ids[key] in known and key not in found}
    return found
