"""Errors by what the caller must do: never retry (Rejected) or retry later (Retryable).

Every error states a fact, carries the ids it speaks of and a stable ``code`` that clients may rely on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class MarktplatzError(Exception):
    """Base of all errors of the marketplace."""

    code: str = "error"
    status: int = 500

    def __init__(self, detail: str, *, code: str | None = None, **context: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.context: Mapping[str, object] = context


class RejectedError(MarktplatzError):
    """The request or event is refused by a rule; repeating it unchanged cannot help."""

    code = "rejected"
    status = 422


class InvalidError(RejectedError):
    """The input breaks a rule of form or content (HTTP 422)."""

    code = "invalid"
    status = 422


class ForbiddenError(RejectedError):
    """The caller's role may not do this (HTTP 403)."""

    code = "forbidden"
    status = 403


class NotFoundError(RejectedError):
    """The thing does not exist, or the caller may not see it (HTTP 404)."""

    code = "not_found"
    status = 404


class GoneError(RejectedError):
    """The thing is no more, and does not come back (HTTP 410)."""

    code = "gone"
    status = 410


class ConflictError(RejectedError):
    """The present state does not allow this (HTTP 409)."""

    code = "conflict"
    status = 409


class OutcomeUnknownError(ConflictError):
    """Whether an earlier run of the request took effect is not known any more, so it is not run again (HTTP 409)."""

    code = "outcome_unknown"


class IllegalMoveError(ConflictError):
    """The transition table has no such move from the current state (HTTP 409).

    ``context`` holds ``current_state`` and ``allowed_moves`` (names of the commands possible now).
    """

    code = "illegal_move"

    def __init__(self, command: str, current_state: str, allowed_moves: Sequence[str]) -> None:
        allowed = ", ".join(allowed_moves) or "none"
        super().__init__(
            f"'{command}' is not possible in state {current_state}. Possible now: {allowed}.",
            command=command,
            current_state=current_state,
            allowed_moves=list(allowed_moves),
        )


class AggregateTooLargeError(RejectedError):
    """The change would let an aggregate grow beyond what one document may hold (HTTP 422)."""

    code = "aggregate_too_large"


class SequenceJumpError(RejectedError):
    """An event claims a number that its source cannot have reached; to believe it would hide all later events of the source."""

    code = "sequence_jump"


class PreconditionFailedError(RejectedError):
    """The thing is not as the request's If-Match or If-None-Match asks, such as changed since it was read (HTTP 412)."""

    code = "precondition_failed"
    status = 412


class PreconditionRequiredError(RejectedError):
    """The request does not say which revision it was made for, though somebody may have changed the thing (HTTP 428)."""

    code = "if_match_missing"
    status = 428

    def __init__(self, thing: str) -> None:
        super().__init__(f"{thing} is changed with an If-Match header that holds the ETag as it was read; * names none.")


class RetryableError(MarktplatzError):
    """Something is away or busy for the moment; the same request may succeed later (HTTP 503)."""

    code = "unavailable"
    status = 503


class StoreUnavailableError(RetryableError):
    """The store did not answer or lost the connection; whether the write took effect is unknown."""

    code = "store_unavailable"


class StoreUnfitError(MarktplatzError):
    """The store server lacks something that the marketplace relies on; ``detail`` names it."""

    code = "store_unfit"


class BusUnavailableError(RetryableError):
    """The broker did not answer."""

    code = "bus_unavailable"


class OutboxFullError(RetryableError):
    """An aggregate holds too many unpublished events: the broker has been away for long."""

    code = "outbox_full"


class JournalFullError(RetryableError):
    """An aggregate holds too many changes that nobody has archived yet: who archives them has been away."""

    code = "journal_full"


class WriteConflictError(RetryableError):
    """Other writers kept winning the race for one document."""

    code = "write_conflict"
