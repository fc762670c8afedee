"""What was signed, sent and answered, in a SQLite file: a crash at any point never makes a second event of the first.

An event is stored before its bytes leave, so whoever comes again sends the same bytes under the same jti.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from efa_partner.commands import Command
from efa_partner.errors import EventIdReusedError, JournalError
from efa_partner.receipt import Receipt, Status
from efa_partner.signing import SignedEvent

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    jti TEXT PRIMARY KEY, type TEXT NOT NULL, record_key TEXT NOT NULL, fingerprint TEXT NOT NULL, jws BLOB NOT NULL,
    signed_at TEXT NOT NULL, expires_at TEXT NOT NULL, receipts_from TEXT, receipt TEXT, receipt_raw BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sends (
    jti TEXT NOT NULL REFERENCES events, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, sent_at TEXT NOT NULL,
    PRIMARY KEY (jti, partition, "offset")
) WITHOUT ROWID;
"""


class EventState(StrEnum):
    """How far an event has come."""

    SIGNED = "signed"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in the journal. ``receipts_from``: offsets of the topic of receipts from which on its receipt can lie."""

    event: SignedEvent
    signed_at: datetime
    receipts_from: Mapping[int, int] | None
    places: frozenset[tuple[int, int]]
    receipt: Receipt | None

    @property
    def state(self) -> EventState:
        """How far it has come."""
        if self.receipt is not None:
            return EventState(self.receipt.status.value)
        return EventState.SENT if self.places else EventState.SIGNED


def fingerprint(command: Command, audience: str) -> str:
    """Return what makes a command another one under the same jti."""
    content = json.dumps([audience, command.TYPE, command.data()], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()


class Journal:
    """The journal of one partner. Several processes may use the same file."""

    def __init__(self, path: Path, partner: str) -> None:
        """Open or make the file. Raises JournalError (``journal_unusable``, ``journal_foreign``)."""
        self.path = path
        with self._errors():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._database = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_SCHEMA)
            for name, value in {"version": str(_VERSION), "partner": partner}.items():
                self._database.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, value))
            facts = dict(self._database.execute("SELECT name, value FROM facts").fetchall())
        if facts["version"] != str(_VERSION) or facts["partner"] != partner:
            self.close()
            detail = (
                f"{path} is the journal of {facts['partner']} in version {facts['version']}; name another file with --journal"
            )
            raise JournalError(detail, code="journal_foreign")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def store(self, event: SignedEvent, mark: str) -> SignedEvent:
        """Store a new event and return it, or the one stored before if it has the same command under the same jti.

        Raises EventIdReusedError (``event_id_reused``) for another command.
        """
        now = _text(datetime.now(UTC))
        with self._errors():
            self._database.execute(
                "INSERT OR IGNORE INTO events (jti, type, record_key, fingerprint, jws, signed_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (event.jti, event.type, event.key, mark, event.jws, now, _text(event.expires_at)),
            )
            (stored,) = self._database.execute("SELECT fingerprint FROM events WHERE jti = ?", (event.jti,)).fetchone()
        if stored != mark:
            detail = f"the jti {event.jti} was used for another command; take a new one"
            raise EventIdReusedError(detail, code="event_id_reused")
        return self.entry(event.jti).event

    def entry(self, jti: str) -> Entry:
        """Return an event. Raises JournalError (``event_unknown_here``)."""
        found = self._entries("WHERE jti = ?", (jti,))
        if not found:
            raise JournalError(f"there is no event {jti} in {self.path}; sign it first", code="event_unknown_here")
        return found[0]

    def entries(self) -> list[Entry]:
        """Return all events in the order in which they were signed."""
        return self._entries("ORDER BY signed_at, jti")

    def unanswered(self) -> list[Entry]:
        """Return the events without a receipt, signed or sent, in the order in which they were signed."""
        return self._entries("WHERE receipt IS NULL ORDER BY signed_at, jti")

    def begin_sending(self, jti: str, receipts_from: Mapping[int, int]) -> None:
        """Record from where on the receipt can lie; the first time counts, until a quarantined event is sent again."""
        with self._errors():
            self._database.execute(
                "UPDATE events SET receipts_from = ?, receipt = NULL, receipt_raw = NULL"
                " WHERE jti = ? AND (receipts_from IS NULL OR json_extract(receipt, '$.status') = 'quarantined')",
                (json.dumps(dict(receipts_from)), jti),
            )

    def sent(self, jti: str, partition: int, offset: int) -> None:
        """Record where a record lies that the broker has acknowledged."""
        with self._errors():
            row = (jti, partition, offset, _text(datetime.now(UTC)))
            self._database.execute("INSERT OR IGNORE INTO sends VALUES (?, ?, ?, ?)", row)

    def answer(self, receipt: Receipt) -> bool:
        """Store a receipt with its event if it is the event's own and the first that decides. Returns whether it was stored."""
        jti = receipt.event.jti
        if jti is None or not (found := self._entries("WHERE jti = ?", (jti,))):
            return False
        entry = found[0]
        if receipt.code == "event_id_reused" and (receipt.event.partition, receipt.event.offset) not in entry.places:
            return False  # it answers another record, which had the jti of this event
        if entry.receipt is not None and entry.receipt.status is not Status.QUARANTINED:
            return False
        with self._errors():
            self._database.execute(
                "UPDATE events SET receipt = ?, receipt_raw = ? WHERE jti = ?",
                (receipt.model_dump_json(exclude={"raw"}), receipt.raw, jti),
            )
        return True

    def _entries(self, clause: str, parameters: tuple[str, ...] = ()) -> list[Entry]:
        columns = "jti, type, record_key, jws, expires_at, signed_at, receipts_from, receipt, receipt_raw"
        with self._errors():
            rows = self._database.execute(f"SELECT {columns} FROM events {clause}", parameters).fetchall()  # noqa: S608
            return [self._entry(row) for row in rows]

    def _entry(self, row: tuple[str, str, str, bytes, str, str, str | None, str | None, bytes | None]) -> Entry:
        jti, kind, key, jws, expires_at, signed_at, receipts_from, receipt, raw = row
        event = SignedEvent(jti, kind, key, jws, datetime.fromisoformat(expires_at))
        places = self._database.execute('SELECT partition, "offset" FROM sends WHERE jti = ?', (jti,)).fetchall()
        return Entry(
            event,
            datetime.fromisoformat(signed_at),
            None if receipts_from is None else {int(number): at for number, at in json.loads(receipts_from).items()},
            frozenset((partition, offset) for partition, offset in places),
            None if receipt is None else Receipt.model_validate(json.loads(receipt) | {"raw": raw or b""}),
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise JournalError(f"the journal {self.path} cannot be used: {error}", code="journal_unusable") from error


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")
