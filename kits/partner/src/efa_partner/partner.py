"""A partner system at the marketplace: sign, send, await the receipt; each step may be repeated after any crash."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka.structs import ConsumerRecord

from efa_partner import receipt as receipts
from efa_partner import signing
from efa_partner.broker import ReceiptReader, Sender
from efa_partner.commands import PARTNER_ID, Command
from efa_partner.connection import Connection
from efa_partner.errors import JournalError, PartnerError, ReceiptMissingError, SettingsError
from efa_partner.journal import Entry, Journal, fingerprint
from efa_partner.jwks import Jwks
from efa_partner.keys import SigningKey
from efa_partner.receipt import Receipt
from efa_partner.signing import LIFETIME, Envelope, SignedEvent

logger = logging.getLogger(__name__)

AUDIENCE = "efa-marktplatz"
TIMEOUT = 120.0
"""Seconds that a receipt has, unless stated otherwise."""
_ENDS_GOOD_FOR = 30.0


@dataclass(frozen=True, slots=True)
class PartnerSettings:
    """Who the partner is. ``audience``: name of the marketplace, as its operator gives it. ``lifetime``: seconds of an event."""

    connection: Connection
    partner: str
    key: SigningKey
    journal: Path
    jwks: Jwks
    audience: str = AUDIENCE
    lifetime: int = LIFETIME

    def __post_init__(self) -> None:
        """Raise SettingsError (``partner_id_invalid``) for what is no partner id."""
        if re.fullmatch(PARTNER_ID, self.partner) is None:
            raise SettingsError(f"{self.partner!r} is no partner id: {PARTNER_ID}", code="partner_id_invalid")


def sign_and_store(settings: PartnerSettings, journal: Journal, command: Command, jti: str | None = None) -> SignedEvent:
    """Return the signed event of a command, stored before it is returned.

    With the jti of an event that is in the journal: the same bytes again. Raises EventIdReusedError if that was another
    command, SettingsError, JournalError.
    """
    envelope = Envelope.new(settings.partner, settings.audience, jti, datetime.now(UTC), settings.lifetime)
    event = signing.sign(settings.key, command, envelope)
    return journal.store(event, fingerprint(command, settings.audience))


class AsyncPartner:
    """Use it as an asynchronous context manager; one object serves many tasks at the same time."""

    def __init__(self, settings: PartnerSettings) -> None:
        self.settings = settings
        self.journal = Journal(settings.journal, settings.partner)
        self._sender = Sender(settings.connection, settings.partner)
        self._reader = ReceiptReader(settings.connection, settings.partner)
        self._waiting: dict[str, set[asyncio.Future[Receipt]]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._ends: tuple[float, dict[int, int]] | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises BrokerError."""
        try:
            await self._sender.start()
            await self._reader.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._close()

    def sign(self, command: Command, jti: str | None = None) -> SignedEvent:
        """Return the signed event of a command, stored in the journal; the same bytes again for the same jti and command.

        Give a ``jti`` that follows from your own record (file number and step), and no crash makes a second event.
        Raises EventIdReusedError, SettingsError, JournalError.
        """
        return sign_and_store(self.settings, self.journal, command, jti)

    async def send(self, event: SignedEvent | str) -> Entry:
        """Send an event of the journal, by itself or by its jti; sent again it is the same bytes. Raises BrokerError."""
        entry = self.journal.entry(event if isinstance(event, str) else event.jti)
        self.journal.begin_sending(entry.event.jti, await self._receipts_from())
        partition, offset = await self._sender.send(entry.event.jws, entry.event.key.encode())
        self.journal.sent(entry.event.jti, partition, offset)
        return self.journal.entry(entry.event.jti)

    async def await_receipt(self, jti: str, timeout: float = TIMEOUT) -> Receipt:  # noqa: ASYNC109 - it is part of what the error says
        """Return the verified receipt of an event that was sent, now or by an earlier process.

        Raises ReceiptMissingError (``receipt_missing``) after ``timeout`` seconds: nothing is lost, await it again.
        Raises ReceiptUntrustedError, JwksError, BrokerError.
        """
        entry = self.journal.entry(jti)
        if entry.receipt is not None:
            return entry.receipt
        if entry.receipts_from is None:
            raise JournalError(f"the event {jti} was signed but never sent; send it first", code="event_unsent")
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(jti, set()).add(future)
        self._reader.cover(entry.receipts_from)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        try:
            return await asyncio.wait_for(future, timeout)
        except TimeoutError as error:
            detail = f"no receipt for {jti} within {timeout:g} s; nothing is lost: await it again, or send the same event again"
            raise ReceiptMissingError(detail, code="receipt_missing") from error
        finally:
            self._waiting[jti].discard(future)
            if not self._waiting[jti]:
                del self._waiting[jti]

    async def submit(self, command: Command, jti: str | None = None, timeout: float = TIMEOUT) -> Receipt:  # noqa: ASYNC109 - as above
        """Sign, send and return the receipt. Raises what the three raise."""
        event = self.sign(command, jti)
        await self.send(event)
        return await self.await_receipt(event.jti, timeout)

    async def receipts(self, *, whole: bool = False, follow: bool = False) -> AsyncIterator[Receipt]:
        """Yield verified receipts: all that the topic holds (``whole``), and those to come (``follow``).

        Each that answers an event of the journal is stored there. Raises ReceiptUntrustedError, JwksError, BrokerError.
        """
        if whole:
            self._reader.rewind()
        ends = await self._reader.ends()
        while follow or any(at < ends[number] for number, at in (await self._reader.positions()).items()):
            for record in await self._reader.poll(1.0):
                yield await self._take(record)

    async def _receipts_from(self) -> dict[int, int]:
        """Return offsets that lie before whatever answers a record that is sent now."""
        if self._ends is None or time.monotonic() - self._ends[0] > _ENDS_GOOD_FOR:
            self._ends = time.monotonic(), await self._reader.ends()
        return self._ends[1]

    async def _read(self) -> None:
        """Hand receipts to those who wait, as long as there are any."""
        try:
            while self._waiting:
                for record in await self._reader.poll(0.5):
                    await self._hand_out(record)
        except PartnerError as error:
            self._fail(error, *self._waiting)

    async def _hand_out(self, record: ConsumerRecord) -> None:
        try:
            receipt = await self._take(record)
        except PartnerError as error:
            key = (record.key or b"").decode("ascii", "replace")
            logger.warning("record %s-%s on the topic of receipts: %s", record.partition, record.offset, error)
            self._fail(error, key)
            return
        jti = receipt.event.jti
        stored = None if jti is None or jti not in self._waiting else self.journal.entry(jti).receipt
        if jti is not None and stored is not None:
            for future in self._waiting.get(jti, ()):
                if not future.done():
                    future.set_result(stored)

    async def _take(self, record: ConsumerRecord) -> Receipt:
        key = await asyncio.to_thread(self.settings.jwks.key, receipts.key_id(record.value))
        receipt = receipts.verified(record.value, key, self.settings.partner)
        self.journal.answer(receipt)
        return receipt

    def _fail(self, error: PartnerError, *jtis: str) -> None:
        for jti in jtis:
            for future in self._waiting.get(jti, ()):
                if not future.done():
                    future.set_exception(error)

    async def _close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        await self._sender.stop()
        await self._reader.stop()
        self.journal.close()
