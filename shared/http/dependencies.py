"""What routes take as parameters, one name per dependency: ``caller: CurrentCaller``, ``condition: IfMatch`` and so on.

A service adds names of its own only for the roles that it asks for (``Annotated[Caller, Depends(needs(Role.KUNDE))]``).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from shared.aggregate.condition import Condition
from shared.http.auth import Caller, Person, authenticated, identified, needs, optional_caller
from shared.http.etag import condition_of, needed_condition_of
from shared.http.idempotency import Idempotency, idempotency_of, needed_idempotency_of, person_idempotency_of
from shared.messages.values import Role

CurrentCaller = Annotated[Caller, Depends(authenticated)]
"""Who calls; 401 without a valid token."""

CurrentPerson = Annotated[Person, Depends(identified)]
"""Who the token says calls, who need not act for any organisation yet; 401 without a valid token."""

OptionalCaller = Annotated[Caller | None, Depends(optional_caller)]
"""Who calls a public read, None without a token."""

AnbieterCaller = Annotated[Caller, Depends(needs(Role.ANBIETER))]
"""Staff of an Anbieter; 403 for everybody else."""

IfMatch = Annotated[Condition | None, Depends(condition_of)]
"""The condition that the If-Match or If-None-Match header sets, None without one (RFC 9110, 13.1)."""

PersonIdempotencyKey = Annotated[Idempotency, Depends(person_idempotency_of)]
"""The same for an operation that takes a ``CurrentPerson``."""

IdempotencyKey = Annotated[Idempotency, Depends(idempotency_of)]
"""Runs the operation once per Idempotency-Key; brings the caller along."""

NeededIdempotencyKey = Annotated[Idempotency, Depends(needed_idempotency_of)]
"""The same for an operation that makes something new: 400 without a key."""

NeededIfMatch = Annotated[Condition, Depends(needed_condition_of)]
"""The revision that a change replaces; 428 without one, since somebody else may have changed the thing meanwhile."""
