"""The log of the archive in the store: it only grows, without gap, whoever appends at the same time.

A batch of entries is saved with the head, in one write under its revision; then each entry gets a document of its own, by whoever
comes first: the one who saved the head, or the next one after a crash. So an entry is in the log from the write of the head on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archive.entry import Effect, Entry
from services.contracts.archive.keys import LogKey
from services.contracts.archive.tree import Frontier, Node, Range, hashes, leaf_hash
from services.contracts.archiving.periods import HEADS, Period, periods
from shared.errors import NotFoundError
from shared.store.contention import Contention
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Query, Save, Store

ENTRIES = Collection("archive_entries", (Index("subject", ("log", "subject", "seq")), Index("key", ("key",))))
CHECKPOINTS = Collection("archive_checkpoints", (Index("size", ("log", "size")),))
KEYS = Collection("archive_keys", (Index("log", ("log", "first_size")),))
"""The public keys that have signed, by their ids, with the size of the first checkpoint of each."""
COLLECTIONS = (CHECKPOINTS, KEYS, HEADS, ENTRIES)
"""In the order in which a backup copies them: each checkpoint has its key and its entries, each head has its entries."""

BATCH = 100
"""Entries that are saved at once with the head."""
PAGE = 500


@dataclass(frozen=True, slots=True)
class Head:
    """The head as it is stored: the tree, and the entries that may not have documents of their own yet."""

    rev: int = 0
    frontier: Frontier = field(default_factory=Frontier)
    tail: tuple[Document, ...] = ()

    @classmethod
    def of(cls, document: Document) -> Head:
        """Return the head in a stored document."""
        peaks = tuple(bytes.fromhex(peak) for peak in document["peaks"])
        return cls(document["rev"], Frontier(document["size"], peaks), tuple(document["tail"]))

    def document(self, period: Period) -> Document:
        """Return it as it is stored."""
        peaks = [peak.hex() for peak in self.frontier.peaks]
        return {"_id": period.head_id, "rev": self.rev, "size": self.frontier.size, "peaks": peaks, "tail": list(self.tail)}

    def grown(self, period: Period, effects: Mapping[str, Effect]) -> Head:
        """Return the next head, with one entry more for each effect."""
        frontier, tail = self.frontier, []
        for key, effect in effects.items():
            seq = frontier.size
            raw = effect.entry(period.origin, seq)
            frontier, completed = frontier.grown(leaf_hash(raw))
            tail.append(
                {
                    "_id": period.place_id(seq),
                    "log": period.origin,
                    "seq": seq,
                    "key": key,
                    "subject": effect.subject.id,
                    "raw": raw.decode(),
                    "nodes": [node.hex() for node in completed],
                }
            )
        return Head(self.rev + 1, frontier, tuple(tail))


class ArchiveOriginError(RuntimeError):
    """The store holds the log of another name: it goes on under that name, or not at all."""

    def __init__(self, found: str, asked: str) -> None:
        super().__init__(f"the archive is the log {found}, not {asked}: set CONTRACTS_ARCHIVE_ORIGIN to the former")


class ArchiveLog:
    """The present log of a store whose first one is named ``origin``; with ``period`` the log of that period."""

    def __init__(self, store: Store, origin: str, period: Period | None = None) -> None:
        self.store = store
        self._origin = origin
        self._period = period
        self._ends: Mapping[str, int] | None = None
        self._known_whole = False

    async def period(self) -> Period:
        """Return which log of the store it is. Processes do not run while another one begins."""
        if self._period is None or self._ends is None:
            found = await periods(self.store, self._origin)
            self._ends = {it.origin: it.ended for it in found if it.ended is not None}
            self._period = self._period or found[-1]
        return self._period

    async def origin(self) -> str:
        """Return the name of the log."""
        return (await self.period()).origin

    async def all(self) -> list[ArchiveLog]:
        """Return the logs of all periods, the present one last."""
        return [ArchiveLog(self.store, self._origin, it) for it in await periods(self.store, self._origin)]

    async def named(self, name: str | None) -> ArchiveLog:
        """Return the log of this name, without one this. Raises NotFoundError."""
        if name is None:
            return self
        for log in await self.all():
            if await log.origin() == name:
                return log
        raise NotFoundError(f"This archive has no log {name}.", code="log_not_found", log=name)

    async def append(self, effects: Mapping[str, Effect]) -> int:
        """Append an entry for each effect whose key has none, in their order; return how many.

        The key says what the entry is about, so that a repeat makes no second one, in no log of the store. Raises
        StoreUnavailableError, WriteConflictError if others kept appending.
        """
        waiting = iter(effects.items())
        appended = 0
        while batch := dict(islice(waiting, BATCH)):
            appended += await self._append(batch)
        return appended

    async def absent(self, keys: Iterable[str]) -> list[str]:
        """Return those keys that have no entry yet, in their order."""
        await self._settled()
        return await self._absent(keys)

    async def frontier(self) -> Frontier:
        """Return size and peaks of the log now."""
        return (await self._settled()).frontier

    async def entries(self, first: int, end: int) -> list[Document]:
        """Return the documents of the entries of a range, as many as fit into memory; the rest begins behind the last."""
        period = await self.period()
        last = end if period.ended is None else min(end, period.ended)
        ids = [period.place_id(seq) for seq in range(first, min(last, first + PAGE))]
        found, _ = await self.store.get_portion(ENTRIES, ids, PORTION_BYTES)
        return [found[key] for key in sorted(found)]

    async def about(self, subject: str) -> list[Document]:
        """Return the entries about a subject, in their order."""
        size = (await self._settled()).frontier.size
        query = Query("subject", {"log": await self.origin(), "subject": subject}, below=size, limit=PAGE)
        return await self.store.find(ENTRIES, query)

    async def newest_about(self, subject: str) -> Document | None:
        """Return the last entry about a subject, None if there is none."""
        size = (await self._settled()).frontier.size
        query = Query("subject", {"log": await self.origin(), "subject": subject}, below=size, descending=True, limit=1)
        found = await self.store.find(ENTRIES, query)
        return found[0] if found else None

    async def counted(self, key: str) -> int:
        """Return how many entries with a key there are in all logs. What lies behind the end of a former log is no part of it."""
        await self.period()
        ends = self._ends or {}
        found = await self.store.find(ENTRIES, Query("key", {"key": key}, only=("log", "seq")))
        return sum(it["seq"] < ends.get(it["log"], it["seq"] + 1) for it in found)

    async def proof(self, ranges: Sequence[Range]) -> list[bytes]:
        """Return the hashes of ranges of leaves."""
        return hashes(ranges, await self._hashes({node for one in ranges for node in one.nodes()}))

    async def sign(self, key: LogKey) -> str:
        """Return the signed checkpoint of the log as it is now. What was signed for a size once is returned ever after.

        ``key`` has the name of the first log of the store; it signs under that of this one. Raises ValueError for another name.
        """
        period, frontier = await self.period(), await self.frontier()
        own = await self._own(key)
        note = Checkpoint(period.origin, frontier.size, frontier.root).signed(own)
        id_ = period.place_id(frontier.size)
        # Before the checkpoint, so that each one that is there can be verified.
        vkey = {"_id": own.vkey.split("+")[1], "log": period.origin, "first_size": frontier.size, "vkey": own.vkey}
        await self.store.insert_many(KEYS, [vkey])
        document = {"_id": id_, "log": period.origin, "size": frontier.size, "note": note}
        if await self.store.insert_many(CHECKPOINTS, [document]):
            return note
        signed = await self.store.get_many(CHECKPOINTS, [id_])
        return str(signed[id_]["note"])

    async def vkeys(self) -> list[str]:
        """Return the public keys that have signed for the log, as verifiers get them, in the order of their first checkpoints."""
        found = await self.store.find(KEYS, Query("log", {"log": await self.origin()}, limit=PAGE))
        return [document["vkey"] for document in found]

    async def checkpoints(self) -> list[tuple[int, str]]:
        """Return the newest checkpoints with their sizes, the largest first; at most PAGE."""
        found = await self.store.find(CHECKPOINTS, Query("size", {"log": await self.origin()}, descending=True, limit=PAGE))
        return [(document["size"], document["note"]) for document in found]

    async def newest(self) -> tuple[int, str] | None:
        """Return the newest checkpoint with its size, None if nothing was signed."""
        query = Query("size", {"log": await self.origin()}, descending=True, limit=1)
        found = await self.store.find(CHECKPOINTS, query)
        return (found[0]["size"], found[0]["note"]) if found else None

    async def checkpoint(self, size: int | None) -> str | None:
        """Return the checkpoint that was signed for a size, without one the newest; None if there is none."""
        if size is None:
            newest = await self.newest()
            return newest[1] if newest else None
        stored = await self.store.get(CHECKPOINTS, (await self.period()).place_id(size))
        return None if stored is None else str(stored["note"])

    async def _own(self, key: LogKey) -> LogKey:
        return replace(key, name=await self.origin()) if key.name == self._origin else key

    async def _append(self, batch: Mapping[str, Effect]) -> int:
        contention = Contention("the head of the archive")
        period = await self.period()
        while True:
            head = await self._settled()
            new = {key: batch[key] for key in await self._absent(batch)}
            if not new:
                return 0
            after = head.grown(period, new)
            if await self._save(after):
                await self.store.insert_many(ENTRIES, after.tail)
                return len(new)
            await contention.overtaken()

    async def _settled(self) -> Head:
        """Return the head, when every entry up to it has its document."""
        period = await self.period()
        if period.ended is not None:
            return Head(frontier=await self._frontier_of(period.ended))
        head = await self._head()
        if head.tail:
            ids = [entry["_id"] for entry in head.tail]
            found, _ = await self.store.get_portion(ENTRIES, ids, PORTION_BYTES, only=("seq",))
            if len(found) < len(ids):
                await self.store.insert_many(ENTRIES, head.tail)
        if not self._known_whole:
            await self._check_origin()
            head = await self._with_copied(head)
            self._known_whole = True
        return head

    async def _frontier_of(self, size: int) -> Frontier:
        nodes = list(Range(0, size).nodes())
        hash_of = await self._hashes(nodes)
        return Frontier(size, tuple(hash_of(node) for node in nodes))

    async def _hashes(self, nodes: Iterable[Node]) -> Callable[[Node], bytes]:
        period = await self.period()
        left = sorted({period.place_id(node.last) for node in nodes})
        known: dict[str, list[str]] = {}
        while left:
            found, left = await self.store.get_portion(ENTRIES, left, PORTION_BYTES, only=("nodes",))
            known |= {key: document["nodes"] for key, document in found.items()}

        def hash_of(node: Node) -> bytes:
            return bytes.fromhex(known[period.place_id(node.last)][node.level])

        return hash_of

    async def _check_origin(self) -> None:
        origin = await self.origin()
        for document in await self.entries(0, 1):
            name = Entry.read(document["raw"].encode()).log
            if name != origin:
                raise ArchiveOriginError(name, origin)

    async def _head(self) -> Head:
        stored = await self.store.get(HEADS, (await self.period()).head_id)
        return Head() if stored is None else Head.of(stored)

    async def _with_copied(self, head: Head) -> Head:
        """Return the head that covers every entry there is: a backup of a running system holds some that its head lacks."""
        while further := await self.entries(head.frontier.size, head.frontier.size + PAGE):
            frontier = head.frontier
            for document in further:
                frontier, _ = frontier.grown(leaf_hash(document["raw"].encode()))
            after = Head(head.rev + 1, frontier)
            head = after if await self._save(after) else await self._head()
        return head

    async def _absent(self, keys: Iterable[str]) -> list[str]:
        return [key for key in keys if not await self.counted(key)]

    async def _save(self, head: Head) -> bool:
        document = head.document(await self.period())
        if head.rev == 1:
            return bool(await self.store.insert_many(HEADS, [document]))
        return not await self.store.save_many(HEADS, [Save(document, expected_rev=head.rev - 1)])
