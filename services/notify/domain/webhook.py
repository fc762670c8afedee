"""A webhook of an organisation, and one delivery to it. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from shared.aggregate.base import Aggregate
from shared.aggregate.condition import Condition
from shared.errors import ConflictError, NotFoundError
from shared.ids import derived_id
from shared.messages.base import Value
from shared.messages.values import Code, EntityId, Line, OrganisationId, Time

MOST_WEBHOOKS = 20
MOST_SECRETS = 3
SHOWN_ATTEMPTS = 50
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""Pauses between the attempts at one delivery: ten attempts in a little over three days, as the specification recommends."""
INACTIVE = "webhook_inactive"
GONE = "webhook_gone"
UNREACHABLE = "webhook_unreachable"


class DeliveryState(StrEnum):
    """States of a delivery. PENDING: due, or between two attempts."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class Secret(Value):
    """Which secret signs, until when: a generation under one of the marketplace's keys. It is computed, not stored.

    ``request``: id of the request that asked for it under an Idempotency-Key, by which a repeat is known.
    """

    key: Line
    generation: int
    until: Time | None = None
    request: Line | None = None


class Webhook(Value):
    """Where an organisation wants to be called about what. ``active_since``: events from then on; None once switched off.

    ``failing_since``: the first of the attempts that have failed since the last success.
    """

    id: EntityId
    url: str
    event_types: tuple[str, ...]
    secrets: tuple[Secret, ...]
    created_at: Time
    changed_at: Time
    active_since: Time | None
    failing_since: Time | None = None
    switched_off_code: Code | None = None
    rev: int = 1

    def wants(self, event_type: str, at: datetime) -> bool:
        """Return whether an event that happened then is delivered."""
        return self.active_since is not None and self.active_since <= at and event_type in self.event_types

    def signing(self, at: datetime) -> Sequence[Secret]:
        """Return the secrets that sign now, the newest first."""
        return [secret for secret in self.secrets if secret.until is None or at < secret.until]

    def has_secret_of(self, request: str) -> bool:
        """Return whether a request has got one of its secrets."""
        return any(secret.request == request for secret in self.secrets)

    def rotated(self, key: str, at: datetime, overlap: timedelta, request: str | None = None) -> Webhook:
        """Return it with a new secret; those before sign along until the overlap is over. At most three sign at once."""
        newest = self.secrets[0]
        earlier = [newest.model_copy(update={"until": at + overlap}), *self.signing(at)[1:]][: MOST_SECRETS - 1]
        return self._next(at, secrets=(Secret(key=key, generation=newest.generation + 1, request=request), *earlier))

    def changed(self, url: str, event_types: Sequence[str], at: datetime, *, active: bool) -> Webhook:
        """Return it with another address, other kinds, switched on or off. Switched on, it begins with events from now on."""
        since = (self.active_since or at) if active else None
        kinds = tuple(sorted(set(event_types)))
        if (url, kinds, since) == (self.url, self.event_types, self.active_since):
            return self
        failing = self.failing_since if self.active_since is not None and url == self.url else None
        return self._next(at, url=url, event_types=kinds, active_since=since, failing_since=failing, switched_off_code=None)

    def switched_off(self, code: str, at: datetime) -> Webhook:
        """Return it switched off by the marketplace."""
        return self._next(at, active_since=None, failing_since=None, switched_off_code=code)

    def _next(self, at: datetime, **changes: object) -> Webhook:
        return self.model_copy(update={**changes, "changed_at": at, "rev": self.rev + 1})


class WebhookBook(Aggregate):
    """The webhooks of one organisation (``id``); ``name`` is the organisation's."""

    name: Line
    webhooks: tuple[Webhook, ...] = ()

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook. Raises NotFoundError."""
        found = self.find(webhook_id)
        if found is None:
            raise NotFoundError(f"There is no webhook {webhook_id}.", code="webhook_not_found", id=webhook_id)
        return found

    def find(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or None."""
        return next((webhook for webhook in self.webhooks if webhook.id == webhook_id), None)

    def add(self, webhook: Webhook) -> Webhook:
        """Enter a new webhook; one that is entered already stays as it is. Raises ConflictError (``too_many_webhooks``)."""
        if (entered := self.find(webhook.id)) is not None:
            return entered
        if len(self.webhooks) >= MOST_WEBHOOKS:
            raise ConflictError(
                f"{self.id} has {MOST_WEBHOOKS} webhooks already.", code="too_many_webhooks", organisation=self.id
            )
        self.webhooks = (*self.webhooks, webhook)
        return webhook

    def change(self, webhook_id: str, decide: Callable[[Webhook], Webhook], condition: Condition | None = None) -> Webhook:
        """Replace a webhook by what ``decide`` makes of it. Raises NotFoundError, PreconditionFailedError."""
        present = self.get(webhook_id)
        if condition is not None:
            condition.require("The webhook", present.rev)
        changed = decide(present)
        self.webhooks = tuple(changed if it.id == webhook_id else it for it in self.webhooks)
        return changed

    def remove(self, webhook_id: str, condition: Condition) -> None:
        """Remove a webhook. Raises NotFoundError, PreconditionFailedError."""
        condition.require("The webhook", self.get(webhook_id).rev)
        self.webhooks = tuple(it for it in self.webhooks if it.id != webhook_id)


class Attempt(Value):
    """One try to deliver: when, what the receiver answered (None: nothing), why it does not count, how long it took."""

    at: Time
    status: int | None = None
    code: Code | None = None
    latency_ms: int


class Delivery(Aggregate):
    """One event for one webhook; its id is the ``webhook-id``, the same for every attempt. ``content`` is sent byte by byte.

    ``attempts`` are the newest ones, ``tries`` counts those since it was queued. It says no more than the inbox does.
    """

    webhook: EntityId
    organisation: OrganisationId
    event_id: EntityId
    event_type: str
    content: str
    created_at: Time
    state: DeliveryState = DeliveryState.PENDING
    next_attempt_at: Time | None
    claims: int = 0
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    ended_at: Time | None = None
    traceparent: str | None = None

    @staticmethod
    def id_of(event_id: str, webhook_id: str) -> str:
        """Return the id of the one delivery that there can be of an event to a webhook."""
        return derived_id("webhook delivery", event_id, webhook_id)

    def claim(self, until: datetime) -> int:
        """Claim it for one attempt until ``until``, and return the number of the claim."""
        self.claims += 1
        self.next_attempt_at = until
        return self.claims

    def release(self, claim: int, at: datetime) -> bool:
        """Give a claim back without an attempt, to be due at ``at``; return whether it was still held."""
        if not self._holds(claim):
            return False
        self.next_attempt_at = at
        return True

    def record(self, claim: int, attempt: Attempt, jitter: float) -> bool:
        """Record what came of an attempt; return whether the claim was still held. ``jitter`` from 0 to 1 spreads the pause."""
        if not self._holds(claim):
            return False
        self.tries += 1
        self.attempts = (*self.attempts, attempt)[-SHOWN_ATTEMPTS:]
        ended = attempt.at + timedelta(milliseconds=attempt.latency_ms)
        if attempt.code is None:
            self._end(DeliveryState.DELIVERED, ended)
        elif attempt.code == GONE or self.tries > len(PAUSES):
            self._end(DeliveryState.FAILED, ended)
        else:
            self.next_attempt_at = ended + PAUSES[self.tries - 1] * (1 + jitter / 5)
        return True

    def give_up(self, claim: int, code: str, at: datetime) -> bool:
        """End it without an attempt: its webhook is switched off or gone. Return whether the claim was still held."""
        if not self._holds(claim):
            return False
        self.attempts = (*self.attempts, Attempt(at=at, code=code, latency_ms=0))[-SHOWN_ATTEMPTS:]
        self._end(DeliveryState.FAILED, at)
        return True

    def resend(self, at: datetime) -> None:
        """Queue it again from ``at`` on, delivered or not, with as many tries as a new one. What is claimed is sent anyhow."""
        self.state = DeliveryState.PENDING
        self.next_attempt_at, self.ended_at, self.tries = at, None, 0

    def _holds(self, claim: int) -> bool:
        return self.claims == claim and self.state is DeliveryState.PENDING

    def _end(self, state: DeliveryState, at: datetime) -> None:
        self.state, self.next_attempt_at, self.ended_at = state, None, at
