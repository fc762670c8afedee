"""The duty of whoever sends events of an aggregate whose full state a compacted topic holds.

Such a topic keeps the last record of a key. A sender that is overtaken repeats an old event behind a newer one and must
republish the newest state (docs/adr/0002). It may die in between, so its duty lies in the document before anything is sent:
under ``senders`` each has a token and the number of the first event that it holds. Whoever stored the document under a new
revision has stored its duty with it; the relay, which changes nothing, stores its own first and counts that under ``repeats``, so
that the revision that callers know stays. A duty ends with the clean-up. One that was left behind keeps ``pending_since`` set and
is found by the relay (``LeftBehind``).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.store.port import Document

PATIENCE = timedelta(seconds=30)
"""How long a sender may be silent: longer than any send, and than any pause that a member of a consumer group survives."""
_FORGOTTEN = 3600.0


@dataclass(frozen=True, slots=True)
class Found:
    """What a relay finds: whether it must change the document, whether to republish the newest state, and who may still send."""

    changes: bool
    restate: bool
    alive: list[Document]


class LeftBehind:
    """What a relay does about the duties of others, by what it has seen itself: no clock of theirs is asked.

    At the first sight of one it repeats everything that its owner may have sent or, where that is gone, republishes the newest
    state: from then on the topic is right, if the owner is dead. It may only be slow; so its duty stays until it has been seen
    for ``patience``, and ends with republishing the newest state a last time. What the owner does after that, alive, it
    repairs itself.
    """

    def __init__(self, clock: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic) -> None:
        self.patience = PATIENCE
        self._clock = clock
        self._monotonic = monotonic
        self._seen: dict[str, tuple[float, datetime]] = {}

    def look(self, document: Document, token: str) -> Found:
        """Return what is to be done about a document by the relay whose token this is."""
        outbox: list[Document] = document["outbox"]
        own: list[Document] = []
        alive: list[Document] = []
        over: list[Document] = []
        for sender in document.get("senders", ()):
            (own if sender["id"] == token else over if self._silent(sender["id"]) else alive).append(sender)
        new = [sender for sender in alive if not sender.get("seen")]
        # An own duty here is that of an earlier pass, which is over.
        restate = any(not _repeats(outbox, sender) for sender in (*own, *over, *new))
        changes = restate or bool(over or new) or bool(outbox and not own)
        return Found(changes, restate, [{**sender, "seen": True} for sender in alive])

    def _silent(self, token: str) -> bool:
        """Return whether the duty has been seen for long, by whichever of the own clocks reports it first."""
        oldest = next(iter(self._seen), None)
        if oldest is not None and self._age(oldest) > _FORGOTTEN:
            del self._seen[oldest]
        self._seen.setdefault(token, (self._monotonic(), self._clock()))
        return self._age(token) >= self.patience.total_seconds()

    def _age(self, token: str) -> float:
        ticks, at = self._seen[token]
        return max(self._monotonic() - ticks, (self._clock() - at).total_seconds())


def new_token() -> str:
    """Return a name for a sender that no other has."""
    return secrets.token_hex(8)


def taken(token: str, outbox: list[Document]) -> Document:
    """Return the duty of a sender that is about to send this outbox."""
    return {"id": token, "seq": outbox[0]["seq"]}


def cleaned(document: Document, sent: int, token: str | None) -> Document:
    """Return the document without the events up to the number ``sent`` and without the duty of the sender, which is done."""
    outbox = [entry for entry in document["outbox"] if entry["seq"] > sent]
    senders = [sender for sender in document.get("senders", ()) if sender["id"] != token]
    return with_senders({**document, "outbox": outbox}, senders)


def with_senders(document: Document, senders: list[Document]) -> Document:
    """Return the document with these duties. Without events and duties nothing waits in it."""
    document = {name: value for name, value in document.items() if name != "senders"}
    if senders:
        document["senders"] = senders
    if not senders and not document["outbox"]:
        document["pending_since"] = None
    return document


def _repeats(outbox: list[Document], sender: Document) -> bool:
    """Return whether sending the outbox repeats everything that the sender may have sent."""
    return bool(outbox) and bool(outbox[0]["seq"] <= sender["seq"])
