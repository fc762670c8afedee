"""Sends the e-mails that are due: claims them for a time, sends them over few connections, records what came of each.

Two workers never send one mail at the same time: the revision gives each claim to one of them, and a worker starts no mail
that could outlast its claim. A claim of another is over when it has stood for a lease by the own steady clock, whatever the
time of day is here or there. If a process dies between the server's acceptance and the mark, the mail is sent once more
after that, with the same Message-ID.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from jinja2 import TemplateError

from services.notify import handlers
from services.notify.domain.contact import Contact
from services.notify.domain.notification import Invited, Notification
from services.notify.headers import UnsafeHeaderError
from services.notify.mail import Composer, Mail
from services.notify.metrics import OUTCOMES, OVERDUE
from services.notify.nudge import Nudge
from services.notify.replies import Delayed, Outcome, Refused, Sent
from services.notify.repository import Claim, Contacts, Notifications
from services.notify.settings import MARGIN, Settings
from services.notify.smtp import SmtpConnection, SmtpTransport
from shared.aggregate.change import Change
from shared.errors import ConflictError, RejectedError
from shared.invitation_keys import InvitationKeyMissingError, InvitationKeys
from shared.messages.notify import DeliveryChannel
from shared.tracing.spans import Kind, recorded_span

UNWANTED = "email_not_wanted"
ABSENT = "contact_absent"
UNRENDERABLE = "text_failed"
UNSAFE = "header_unsafe"
EXPIRED = "invitation_expired"
_EMAIL = DeliveryChannel.EMAIL.value
_DOUBLINGS = 30
_ENDING_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Job:
    claim: Claim
    mail: Mail


class Mailer:
    """The sender of one worker process. Without a transport it sends nothing and only measures how long mail has waited."""

    def __init__(
        self,
        notifications: Notifications,
        contacts: Contacts,
        composer: Composer,
        transport: SmtpTransport | None,
        settings: Settings,
        clock: Callable[[], datetime],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.notifications = notifications
        self.contacts = contacts
        self.composer = composer
        self.transport = transport
        self.settings = settings
        self.clock = clock
        self.jitter = jitter
        self.keys = InvitationKeys(settings.invitation_keys)
        self.nudge = Nudge()
        self._blocked_since: datetime | None = None

    async def run(self) -> None:
        """Wait for a nudge, at most ``poll`` long, then send what is due."""
        await self.nudge.wait(self.settings.poll)
        await self.send_due()

    async def send_due(self) -> None:
        """Send until nothing is due or the server takes nothing. Raises StoreUnavailableError; claims then end by themselves."""
        if not await self._due() or self.transport is None:
            return
        while await self._batch(self.transport) and self._blocked_since is None:
            await self._due()
        await self._due()

    async def _due(self) -> bool:
        """Return whether a mail is due, and set the metric of how long: also of those put off because the server takes none."""
        at = self.clock()
        since = await self.notifications.due_since(at)
        if self._blocked_since is not None and not await self.notifications.waiting():
            self._blocked_since = None
        OVERDUE.set(max([0.0, *((at - begin).total_seconds() for begin in (since, self._blocked_since) if begin is not None)]))
        return since is not None

    async def _batch(self, transport: SmtpTransport) -> int:
        loop = asyncio.get_running_loop()
        ends = loop.time() + (self.settings.lease - MARGIN).total_seconds()
        at = self.clock()
        claims = await self.notifications.claim(at, at + self.settings.lease, self.settings.batch)
        jobs = deque(await self._jobs(claims, at))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.settings.smtp_connections, len(jobs))):
                    group.create_task(self._work(transport, jobs, ends))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        finally:
            for job in jobs:
                await self._release(job.claim)
        return len(claims)

    async def _jobs(self, claims: list[Claim], at: datetime) -> list[_Job]:
        """Return what is to be sent. The address is read now: a contact erased or changed since the event counts."""
        books = await self.contacts.books(sorted({claim.notification.organisation for claim in claims}))
        jobs: list[_Job] = []
        for claim in claims:
            notification = claim.notification
            book = books.get(notification.organisation)
            contact = book.find(notification.person or "") if book else None
            if notification.attempts > self.settings.max_attempts:
                await self._end(
                    handlers.failed(notification.id, claim.number, notification.code or "smtp_unreachable", at), "failed"
                )
            elif notification.invited is not None:
                jobs += await self._invitation_job(claim, notification.invited, at)
            elif book is None or contact is None or not any(contact.wants(item.event_type) for item in notification.items):
                code = UNWANTED if contact else ABSENT
                await self._end(handlers.dropped(notification.id, code, at), "dropped")
            elif isinstance(mail := self._compose(claim, contact, book.name, at), Mail):
                jobs.append(_Job(claim, mail))
            else:
                await self._mark(claim, mail)
        return jobs

    async def _invitation_job(self, claim: Claim, invited: Invited, at: datetime) -> list[_Job]:
        """Return the mail of an invitation, none for one that cannot be accepted any more."""
        notification = claim.notification
        open_until = notification.parameters.open_until
        if open_until is not None and open_until <= at:
            await self._end(handlers.dropped(notification.id, EXPIRED, at), "dropped")
            return []
        try:
            key = self.keys.get(invited.key)
        except InvitationKeyMissingError as error:
            log.warning(error.code, notification=notification.id, key=invited.key)
            await self._mark(claim, Delayed(error.code))
            return []
        mail = self._composed(claim, lambda: self.composer.compose_invitation(notification, invited, key, at))
        if isinstance(mail, Mail):
            return [_Job(claim, mail)]
        await self._mark(claim, mail)
        return []

    def _compose(self, claim: Claim, contact: Contact, organisation: str, at: datetime) -> Mail | Delayed | Refused:
        return self._composed(claim, lambda: self.composer.compose(claim.notification, contact, organisation, at))

    def _composed(self, claim: Claim, compose: Callable[[], Mail]) -> Mail | Delayed | Refused:
        try:
            return compose()
        except UnsafeHeaderError:
            log.exception("header_unsafe", notification=claim.notification.id, template=claim.notification.template)
            return Refused(UNSAFE)
        except (TemplateError, KeyError, ValueError):
            # A text that cannot be made is mended by the next release; until then the mail waits, and the others go on.
            log.exception("text_failed", notification=claim.notification.id, template=claim.notification.template)
            return Delayed(UNRENDERABLE)

    async def _work(self, transport: SmtpTransport, jobs: deque[_Job], ends: float) -> None:
        """Send from the common queue over one connection, until it is empty or a mail could outlast the claim."""
        loop = asyncio.get_running_loop()
        longest = (self.settings.smtp_connect_timeout + self.settings.smtp_send_timeout).total_seconds()
        async with transport.connection() as connection:
            while jobs and loop.time() + longest < ends:
                job = jobs.popleft()
                outcome = await _to_its_end(self._send(connection, job))
                if not (isinstance(outcome, Delayed) and outcome.unreachable):
                    self._blocked_since = None
                else:
                    self._blocked_since = self._blocked_since or self.clock()
                    # The others would only wait for the same server: they come back later, each at its own time.
                    while jobs:
                        await self._mark(jobs.popleft().claim, outcome)

    async def _send(self, connection: SmtpConnection, job: _Job) -> Outcome:
        parent = job.claim.notification.traceparent
        with recorded_span("send mail", Kind.CLIENT, "notify", parent, {"notification.id": job.claim.notification.id}) as work:
            outcome = await connection.send(job.mail)
            work.error = None if isinstance(outcome, Sent) else outcome.code
            await self._mark(job.claim, outcome)
        return outcome

    async def _mark(self, claim: Claim, outcome: Outcome) -> None:
        at = self.clock()
        notification = claim.notification
        match outcome:
            case Sent():
                await self._end(handlers.delivered(notification.id, claim.number, at), "delivered")
            case Refused(code=code):
                await self._end(handlers.failed(notification.id, claim.number, code, at), "failed")
            case Delayed(code=code) if notification.attempts >= self.settings.max_attempts:
                await self._end(handlers.failed(notification.id, claim.number, code, at), "failed")
            case Delayed(code=code):
                pause = self._pause(notification.attempts)
                OUTCOMES.labels(_EMAIL, "delayed").inc()
                await self._give_back(claim, lambda n: n.postpone(claim.number, code, at, pause))

    async def _release(self, claim: Claim) -> None:
        await self._give_back(claim, lambda notification: notification.release(claim.number, self.clock()))

    async def _give_back(self, claim: Claim, change: Callable[[Notification], None]) -> None:
        try:
            await self.notifications.give_back(claim.notification.id, change)
        except ConflictError as error:
            self._lost(claim.notification.id, error)

    async def _end(self, change: Change[Notification], outcome: str) -> None:
        (result,) = await self.notifications.ledger.apply([change])
        if result.error is not None:
            self._lost(result.id, result.error)
        else:
            OUTCOMES.labels(_EMAIL, outcome).inc()

    def _lost(self, notification_id: str, error: RejectedError) -> None:
        """Another worker took it after the claim ended, or it was dropped: what they wrote stands."""
        OUTCOMES.labels(_EMAIL, "claim_lost").inc()
        log.warning("claim_lost", notification=notification_id, code=error.code)

    def _pause(self, attempts: int) -> timedelta:
        """Return how long to wait before the next try: doubling, capped, and spread over its second half."""
        longest = min(self.settings.retry_first * (1 << min(attempts - 1, _DOUBLINGS)), self.settings.retry_longest)
        return longest * (0.5 + self.jitter() / 2)


async def _to_its_end(sending: Coroutine[Any, Any, Outcome]) -> Outcome:
    """On shutdown, finish the mail in flight, so that it is not sent twice."""
    task = asyncio.create_task(sending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_ENDING_SECONDS)
        task.cancel()
        await asyncio.wait({task})
        raise
