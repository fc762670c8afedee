"""What a request for a step of a stored thing carries beside its body: the Idempotency-Key with the caller, and the condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from shared.aggregate.condition import Condition
from shared.http.caller import Caller
from shared.http.dependencies import IdempotencyKey, IfMatch, NeededIdempotencyKey
from shared.http.idempotency import Idempotency


@dataclass(frozen=True, slots=True)
class StepHeaders:
    """The headers of a request for a step, as the route needs them."""

    key: Idempotency
    condition: Condition | None

    @property
    def caller(self) -> Caller:
        """Who asks for the step."""
        return self.key.caller


async def step_headers(key: IdempotencyKey, condition: IfMatch) -> StepHeaders:
    """Return the headers of a step. Raises what their dependencies raise."""
    return StepHeaders(key, condition)


async def making_step_headers(key: NeededIdempotencyKey, condition: IfMatch) -> StepHeaders:
    """Return those of a step that makes something new in the thing, which a repeat must not make twice: 400 without a key."""
    return StepHeaders(key, condition)


Headers = Annotated[StepHeaders, Depends(step_headers)]
MakingHeaders = Annotated[StepHeaders, Depends(making_step_headers)]
