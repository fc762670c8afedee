"""Sends the deliveries that are due: claims them for a time, posts them, records each attempt.

At least once: if a process dies between the receiver's answer and the mark, the delivery is sent again with the same
``webhook-id``. A receiver that does not answer holds up nobody else: the other deliveries to it wait without an attempt.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from services.notify.domain.webhook import GONE, INACTIVE, PAUSES, Attempt, Delivery, Webhook, WebhookBook
from services.notify.metrics import WEBHOOK_OUTCOMES, WEBHOOK_OVERDUE
from services.notify.nudge import Nudge
from services.notify.settings import MARGIN, Settings
from services.notify.webhooks.client import WebhookClient
from services.notify.webhooks.repository import Deliveries, DeliveryClaim, Webhooks
from services.notify.webhooks.signing import WebhookKeyMissingError, WebhookKeys, signed_headers
from shared.errors import NotFoundError
from shared.tracing.spans import Kind, recorded_span

FAILING = "webhook_failing"
SwitchedOff = Callable[[str, Webhook, str, datetime], Awaitable[None]]

log = structlog.get_logger()


class WebhookSender:
    """The sender of one worker process. ``switched_off`` is told of each webhook that it switches off, before that is stored."""

    def __init__(
        self,
        webhooks: Webhooks,
        deliveries: Deliveries,
        client: WebhookClient,
        settings: Settings,
        clock: Callable[[], datetime],
        switched_off: SwitchedOff,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.webhooks = webhooks
        self.deliveries = deliveries
        self.client = client
        self.settings = settings
        self.clock = clock
        self.keys = WebhookKeys(settings.webhook_keys)
        self._switched_off = switched_off
        self._jitter = jitter
        self.nudge = Nudge()

    async def run(self) -> None:
        """Wait for a nudge, at most ``poll`` long, then send what is due."""
        await self.nudge.wait(self.settings.poll)
        await self.send_due()

    async def send_due(self) -> None:
        """Send until nothing is due. Raises StoreUnavailableError, WebhookKeyMissingError; claims then end by themselves."""
        while await self._due():
            await self._batch()

    async def _due(self) -> bool:
        at = self.clock()
        since = await self.deliveries.due_since(at)
        WEBHOOK_OVERDUE.set(0.0 if since is None else max(0.0, (at - since).total_seconds()))
        return since is not None

    async def _batch(self) -> None:
        at = self.clock()
        self.keys.first()  # without keys nothing can be signed: leave what is due where it is
        ends = asyncio.get_running_loop().time() + (self.settings.lease - MARGIN).total_seconds()
        claims = await self.deliveries.claim(at, at + self.settings.lease, self.settings.batch)
        queues: dict[str, deque[DeliveryClaim]] = {}
        for claim in claims:
            queues.setdefault(claim.delivery.webhook, deque()).append(claim)
        waiting = deque(queues.values())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.settings.webhook_connections, len(waiting))):
                    group.create_task(self._work(waiting, ends))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def _work(self, waiting: deque[deque[DeliveryClaim]], ends: float) -> None:
        """Send to one webhook after the other, in order: none has more than one connection of a worker."""
        loop = asyncio.get_running_loop()
        longest = self.settings.webhook_timeout.total_seconds()
        while waiting:
            queue = waiting.popleft()
            while queue:
                claim = queue.popleft()
                if loop.time() + longest >= ends:
                    await self._release(claim, self.clock())
                elif not await self._send(claim):
                    # The receiver takes nothing now: the others wait, and one of them is the next to find out.
                    back = self.clock() + PAUSES[min(claim.delivery.tries, 1)]
                    while queue:
                        await self._release(queue.popleft(), back)

    async def _send(self, claim: DeliveryClaim) -> bool:
        """Make one attempt; return False if the receiver took nothing."""
        delivery, at = claim.delivery, self.clock()
        book = await self.webhooks.book(delivery.organisation, delivery.organisation)
        webhook = book.find(delivery.webhook)
        if webhook is None or webhook.active_since is None:
            await self._give_up(claim, INACTIVE, at)
            return True
        attributes = {"webhook.delivery": delivery.id}
        with recorded_span("call webhook", Kind.CLIENT, "notify", delivery.traceparent, attributes) as work:
            attempt = await self._attempt(delivery, webhook, at)
            work.error = attempt.code
            await self._record(claim, attempt)
        await self._judge(book, webhook, attempt)
        return attempt.code is None

    async def _attempt(self, delivery: Delivery, webhook: Webhook, at: datetime) -> Attempt:
        content = delivery.content.encode()
        try:
            signing = [self.keys.secret_of(webhook.id, secret) for secret in webhook.signing(at)]
        except WebhookKeyMissingError as error:
            log.warning(error.code, webhook=webhook.id)
            return Attempt(at=at, code=error.code, latency_ms=0)
        return await self.client.post(webhook.url, signed_headers(delivery.id, at, content, signing), content, at)

    async def _record(self, claim: DeliveryClaim, attempt: Attempt) -> None:
        jitter = self._jitter()
        try:
            delivery, held = await self.deliveries.change(
                claim.delivery.id, claim.delivery.webhook, lambda it: it.record(claim.number, attempt, jitter)
            )
        except NotFoundError:
            return
        outcome = "claim_lost" if not held else "delivered" if attempt.code is None else delivery.state.value.lower()
        WEBHOOK_OUTCOMES.labels({"pending": "delayed"}.get(outcome, outcome)).inc()

    async def _judge(self, book: WebhookBook, webhook: Webhook, attempt: Attempt) -> None:
        """Note since when a webhook fails, and switch it off once that has lasted."""
        at, since = attempt.at, webhook.failing_since or attempt.at
        if attempt.code is None:
            if webhook.failing_since is not None:
                await self._change(book, webhook, lambda it: it.model_copy(update={"failing_since": None}))
        elif attempt.code == GONE or at - since >= self.settings.webhook_disable_after:
            code = GONE if attempt.code == GONE else FAILING
            # First: whoever finds it switched off has been told.
            await self._switched_off(book.id, webhook, code, at)
            await self._change(book, webhook, lambda it: it.switched_off(code, at))
            WEBHOOK_OUTCOMES.labels("switched_off").inc()
            log.warning("webhook_switched_off", organisation=book.id, webhook=webhook.id, code=code)
        elif webhook.failing_since is None:
            await self._change(book, webhook, lambda it: it.model_copy(update={"failing_since": since}))

    async def _change(self, book: WebhookBook, webhook: Webhook, decide: Callable[[Webhook], Webhook]) -> None:
        """Change a webhook unless somebody else has since: what a person did counts more."""

        def unless_changed(present: WebhookBook) -> None:
            found = present.find(webhook.id)
            if found is not None and found.rev == webhook.rev:
                present.change(webhook.id, decide)

        await self.webhooks.change(book.id, book.name, unless_changed)

    async def _release(self, claim: DeliveryClaim, at: datetime) -> None:
        with contextlib.suppress(NotFoundError):
            await self.deliveries.change(claim.delivery.id, claim.delivery.webhook, lambda it: it.release(claim.number, at))

    async def _give_up(self, claim: DeliveryClaim, code: str, at: datetime) -> None:
        with contextlib.suppress(NotFoundError):
            await self.deliveries.change(claim.delivery.id, claim.delivery.webhook, lambda it: it.give_up(claim.number, code, at))
        WEBHOOK_OUTCOMES.labels("failed").inc()
