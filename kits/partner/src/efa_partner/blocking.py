"""The same for programs without asyncio: a thread runs the event loop, and every method waits for its result."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from efa_partner.commands import Command
from efa_partner.journal import Entry
from efa_partner.partner import TIMEOUT, AsyncPartner, PartnerSettings
from efa_partner.receipt import Receipt
from efa_partner.signing import SignedEvent

_Result = TypeVar("_Result")


class Partner:
    """Use it as a context manager; its methods may be called from several threads."""

    def __init__(self, settings: PartnerSettings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="efa-partner", daemon=True)
        self._partner: AsyncPartner | None = None

    def __enter__(self) -> Self:
        """Connect. Raises BrokerError, JournalError."""
        self._thread.start()
        try:
            self._partner = self._run(self._opened())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            self._run(self._async.__aexit__(kind, error, traceback))
        finally:
            self._end()

    def sign(self, command: Command, jti: str | None = None) -> SignedEvent:
        """Return the signed event of a command, stored in the journal. As ``AsyncPartner.sign``."""

        async def sign() -> SignedEvent:
            return self._async.sign(command, jti)

        return self._run(sign())

    def send(self, event: SignedEvent | str) -> Entry:
        """Send an event of the journal. As ``AsyncPartner.send``."""
        return self._run(self._async.send(event))

    def await_receipt(self, jti: str, timeout: float = TIMEOUT) -> Receipt:
        """Return the verified receipt of an event. As ``AsyncPartner.await_receipt``."""
        return self._run(self._async.await_receipt(jti, timeout))

    def submit(self, command: Command, jti: str | None = None, timeout: float = TIMEOUT) -> Receipt:
        """Sign, send and return the receipt. As ``AsyncPartner.submit``."""
        return self._run(self._async.submit(command, jti, timeout))

    @property
    def _async(self) -> AsyncPartner:
        if self._partner is None:
            raise RuntimeError("use Partner in a with statement")
        return self._partner

    async def _opened(self) -> AsyncPartner:
        return await AsyncPartner(self._settings).__aenter__()

    def _run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
