"""Erases records about persons: what the log holds of them is a hash with a salt, and both are gone then."""

from __future__ import annotations

from collections.abc import Collection as Some
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain

from services.contracts.archive.entry import Entry
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.records import ERASURES, RECORDS, record_id
from shared.store.contention import Contention
from shared.store.port import Document, Save, Store


class Ground(StrEnum):
    """Why a record is erased."""

    REQUEST = "request"
    """The person has asked for it (Art. 17 (1) DSGVO)."""
    RETENTION = "retention"
    """The time for which it had to be kept is over."""
    UNLAWFUL = "unlawful"
    """It should never have been recorded."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An order to erase. ``roles``: which of the records about the subject, none for all of them.

    ``by`` and ``reference`` name who did it and the file of it by references, not by names of persons.
    """

    subject: str
    roles: Some[str]
    by: str
    ground: Ground
    reference: str | None
    at: datetime


async def erase(log: ArchiveLog, order: Erasure) -> int:
    """Erase the records about persons in the entries about a subject, in all logs of the store; return how many there were.

    That it was done is noted first: whoever dies in between repeats it, and what happens to the subject later records the role no
    more. Nothing is noted if no entry about the subject commits to a record. Raises StoreUnavailableError, WriteConflictError.
    """
    found: dict[str, str] = {}
    for one in await log.all():
        for document in await one.about(order.subject):
            for commitment in Entry.read(document["raw"].encode()).commitments:
                if not order.roles or commitment.role in order.roles:
                    found[record_id(document["key"], commitment.role)] = commitment.role
    if not found:
        return 0
    await _note(log.store, order, sorted(set(found.values())))
    return await log.store.delete(RECORDS, sorted(found))


async def erased_roles(store: Store, subject: str) -> frozenset[str]:
    """Return the roles whose records about a subject were erased."""
    stored = await store.get(ERASURES, subject)
    return frozenset() if stored is None else frozenset(chain.from_iterable(it["roles"] for it in stored["erased"]))


async def _note(store: Store, order: Erasure, roles: list[str]) -> None:
    note: Document = {
        "roles": roles,
        "by": order.by,
        "ground": order.ground.value,
        "reference": order.reference,
        "at": order.at,
    }
    contention = Contention("the erasures of the archive")
    while True:
        stored = await store.get(ERASURES, order.subject)
        before = [] if stored is None else stored["erased"]
        rev = 1 if stored is None else stored["rev"] + 1
        document = {"_id": order.subject, "rev": rev, "erased": [*before, note]}
        if stored is None:
            if await store.insert_many(ERASURES, [document]):
                return
        elif not await store.save_many(ERASURES, [Save(document, expected_rev=rev - 1)]):
            return
        await contention.overtaken()
