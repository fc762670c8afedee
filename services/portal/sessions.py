"""Who is logged in: sessions in the store, of which a browser holds nothing but a random value."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.portal.apis.client import Access
from services.portal.language import Language
from services.portal.sealing import Seal
from shared.store.port import Collection, Document, Index, Query, Save, Store

SESSIONS = Collection("portal_sessions", (Index("end", ("ends_at",)), Index("provider_session", ("sid",))))
PENDING = Collection("portal_logins", (Index("end", ("ends_at",)),))
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=10)
LOGIN_TIME = timedelta(minutes=10)
HELD_TIME = timedelta(minutes=30)
"""How long what was filled in waits for whoever has to log in again."""
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a session was used last: each note is a write."""
_PORTION = 200
_PERSON = "person"
_TO_COOKIE, _FROM_COOKIE = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the identity provider gave for a session. ``until``: when the access token ends."""

    access: str = field(repr=False)
    identity: str = field(repr=False)
    refresh: str | None = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is logged in, with the organisation that they act for where their token states one.

    ``secret`` is what the browser holds; the store knows its hash only. ``sid`` is the session at the identity provider.
    ``language``: of the page that is read now; it is not stored.
    """

    secret: str = field(repr=False)
    person: str
    name: str
    organisation: str | None
    organisation_name: str | None
    roles: frozenset[str]
    sid: str | None
    tokens: Tokens
    began_at: datetime
    ends_at: datetime
    rev: int = 1
    language: Language | None = None

    @property
    def access(self) -> Access:
        """As whom the person calls the services."""
        return Access(self.tokens.access, self.organisation, self.language)

    @property
    def id(self) -> str:
        """The key of its document."""
        return key_of(self.secret)

    def works_as(self, role: str) -> bool:
        """Return whether the organisation may have a role: tokens need not state any, and then the services know."""
        return not self.roles or role in self.roles


@dataclass(frozen=True, slots=True)
class Pending:
    """A login that has begun: what the answer of the identity provider is held against, and where the person wanted to go."""

    state: str
    nonce: str
    verifier: str
    following: str


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody had filled in when their login was over: kept for them alone, and for the page of that form."""

    person: str
    path: str
    values: Mapping[str, Sequence[str]] = field(repr=False)


def new_secret() -> str:
    """Return a random value of 256 bits for a cookie."""
    return secrets.token_urlsafe(32)


def key_of(secret: str) -> str:
    """Return the key under which the store knows what a browser holds: who reads the store can log in with nothing of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _held_key(secret: str) -> str:
    return key_of(f"held {secret}")


class Sessions:
    """Sessions, begun logins, and what was filled in by somebody who has to log in again."""

    def __init__(self, store: Store, seal: Seal, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._seal = seal
        self._clock = clock

    async def begin(self, session: Session) -> None:
        """Store a new session; it ends when it was idle for half an hour, and after ten hours."""
        await self._store.insert_many(SESSIONS, [self._document(session)])

    def new_end(self, began_at: datetime) -> datetime:
        """Return when a session ends that is used now."""
        return min(self._clock() + IDLE, began_at + LONGEST)

    async def find(self, secret: str) -> Session | None:
        """Return the session of what a browser holds, and note that it is used; None if there is none or it has ended."""
        document = await self._store.get(SESSIONS, key_of(secret))
        if document is None or document["ends_at"] <= self._clock():
            return None
        session = self._session(secret, document)
        if session is None:
            return None
        end = self.new_end(session.began_at)
        if end - session.ends_at < NOTED_EVERY:
            return session
        return await self.change(replace(session, ends_at=end)) or session

    async def change(self, session: Session) -> Session | None:
        """Store a changed session. Returns it as it is stored then, None if another request has changed or ended it before."""
        changed = replace(session, rev=session.rev + 1)
        conflicts = await self._store.save_many(SESSIONS, [Save(self._document(changed), session.rev)])
        return None if conflicts else changed

    async def end(self, secret: str) -> None:
        """End a session."""
        await self._store.delete(SESSIONS, [key_of(secret)])

    async def end_all_of(self, sid: str) -> int:
        """End the sessions of a session at the identity provider, and return how many there were."""
        found = await self._store.find(SESSIONS, Query("provider_session", {"sid": sid}, limit=_PORTION))
        return await self._store.delete(SESSIONS, [document["_id"] for document in found])

    async def begin_login(self, secret: str, pending: Pending) -> None:
        """Store a begun login for the browser that holds ``secret``."""
        key = key_of(secret)
        document = {
            "_id": key,
            "rev": 1,
            "state": key_of(pending.state),
            "nonce": pending.nonce,
            "verifier": self._seal.seal(pending.verifier, key),
            "following": pending.following,
            "ends_at": self._clock() + LOGIN_TIME,
        }
        await self._store.insert_many(PENDING, [document])

    async def take_login(self, secret: str, state: str) -> Pending | None:
        """Return the begun login of a browser if it is of this state, and forget it: each can be ended once."""
        key = key_of(secret)
        document = await self._store.get(PENDING, key)
        if document is None or await self._store.delete(PENDING, [key]) != 1:
            return None
        verifier = self._seal.open(document["verifier"], key)
        if (
            verifier is None
            or document["ends_at"] <= self._clock()
            or not secrets.compare_digest(document["state"], key_of(state))
        ):
            return None
        return Pending(state, document["nonce"], verifier, document["following"])

    async def hold(self, secret: str, held: Held) -> None:
        """Store what was filled in for the browser that holds ``secret``."""
        key = _held_key(secret)
        content = json.dumps({"person": held.person, "path": held.path, "values": {k: list(v) for k, v in held.values.items()}})
        document = {"_id": key, "rev": 1, "held": self._seal.seal(content, key), "ends_at": self._clock() + HELD_TIME}
        await self._store.insert_many(PENDING, [document])

    async def held(self, secret: str) -> Held | None:
        """Return what is kept for a browser, None if it is nothing any more."""
        key = _held_key(secret)
        document = await self._store.get(PENDING, key)
        if document is None or document["ends_at"] <= self._clock():
            return None
        content = self._seal.open(document["held"], key)
        return None if content is None else Held(**json.loads(content))

    async def let_go(self, secret: str) -> None:
        """Forget what is kept for a browser."""
        await self._store.delete(PENDING, [_held_key(secret)])

    def mark(self, person: str) -> str:
        """Return who a browser belongs to for as long as a session lasts at most, for a cookie: only this portal can read it."""
        content = f"{(self._clock() + LONGEST).isoformat()} {person}"
        return self._seal.seal(content, _PERSON).translate(_TO_COOKIE).rstrip("=")

    def marked(self, mark: str) -> str | None:
        """Return who a browser belongs to, None if that is not to be read, or no more: a browser may keep a cookie longer."""
        content = self._seal.open(mark.translate(_FROM_COOKIE) + "=" * (-len(mark) % 4), _PERSON)
        until, _, person = (content or "").partition(" ")
        return person if until and datetime.fromisoformat(until) > self._clock() else None

    async def purge(self) -> None:
        """Delete what has ended."""
        for collection in (SESSIONS, PENDING):
            found = await self._store.find(collection, Query("end", below=self._clock(), limit=_PORTION, only=("rev",)))
            if found:
                await self._store.delete(collection, [document["_id"] for document in found])

    def _document(self, session: Session) -> Document:
        key, tokens = session.id, session.tokens
        return {
            "_id": key,
            "rev": session.rev,
            "person": session.person,
            "name": session.name,
            "organisation": session.organisation,
            "organisation_name": session.organisation_name,
            "roles": sorted(session.roles),
            "sid": session.sid,
            "began_at": session.began_at,
            "ends_at": session.ends_at,
            "access": self._seal.seal(tokens.access, key),
            "identity": self._seal.seal(tokens.identity, key),
            "refresh": None if tokens.refresh is None else self._seal.seal(tokens.refresh, key),
            "until": tokens.until,
        }

    def _session(self, secret: str, document: dict[str, Any]) -> Session | None:
        key = document["_id"]
        opened = {name: self._seal.open(document[name], key) for name in ("access", "identity") if document[name] is not None}
        access, identity = opened["access"], opened["identity"]
        if access is None or identity is None:
            return None  # its key is gone: who it belongs to logs in again
        refresh = None if document["refresh"] is None else self._seal.open(document["refresh"], key)
        return Session(
            secret=secret,
            person=document["person"],
            name=document["name"],
            organisation=document["organisation"],
            organisation_name=document["organisation_name"],
            roles=frozenset(document["roles"]),
            sid=document["sid"],
            tokens=Tokens(access, identity, refresh, document["until"]),
            began_at=document["began_at"],
            ends_at=document["ends_at"],
            rev=document["rev"],
        )
