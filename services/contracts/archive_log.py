"""The log of the archive in the store: it only grows, without gap, whoever appends at the same time.

A batch of entries is saved with the head, in one write under its revision; then each entry gets a document of its own, by whoever
comes first: the one who saved the head, or the next one after a crash. So an entry is in the log from the write of the head on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archive.entry import Effect, Entry
from services.contracts.archive.keys import LogKey
from services.contracts.archive.tree import Frontier, Node, Range, hashes, leaf_hash
from shared.store.contention import Contention
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Query, Save, Store

HEADS = Collection("archive_heads")
ENTRIES = Collection("archive_entries", (Index("subject", ("subject", "seq")), Index("key", ("key",))))
CHECKPOINTS = Collection("archive_checkpoints", (Index("size", ("size",)),))
COLLECTIONS = (CHECKPOINTS, HEADS, ENTRIES)
"""In the order in which a backup copies them: there are entries for every head that was copied."""

BATCH = 100
"""Entries that are saved at once with the head."""
PAGE = 500
_HEAD = "head"


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

    def document(self) -> Document:
        """Return it as it is stored."""
        peaks = [peak.hex() for peak in self.frontier.peaks]
        return {"_id": _HEAD, "rev": self.rev, "size": self.frontier.size, "peaks": peaks, "tail": list(self.tail)}

    def grown(self, log: str, effects: Mapping[str, Effect]) -> Head:
        """Return the next head, with one entry more for each effect."""
        frontier, tail = self.frontier, []
        for key, effect in effects.items():
            raw = effect.entry(log, frontier.size)
            document = {"_id": place_id(frontier.size), "seq": frontier.size, "key": key, "subject": effect.subject.id}
            frontier, completed = frontier.grown(leaf_hash(raw))
            tail.append(document | {"raw": raw.decode(), "nodes": [node.hex() for node in completed]})
        return Head(self.rev + 1, frontier, tuple(tail))


def place_id(seq: int) -> str:
    """Return the id of the document at a place, which sorts as the place does."""
    return f"{seq:016d}"


class ArchiveOriginError(RuntimeError):
    """The store holds the log of another name: it goes on under that name, or not at all."""

    def __init__(self, found: str, asked: str) -> None:
        super().__init__(f"the archive is the log {found}, not {asked}: set CONTRACTS_ARCHIVE_ORIGIN to the former")


class ArchiveLog:
    """The log named ``origin``, in one store."""

    def __init__(self, store: Store, origin: str) -> None:
        self.store = store
        self.origin = origin
        self._known_whole = False

    async def append(self, effects: Mapping[str, Effect]) -> int:
        """Append an entry for each effect whose key has none, in their order; return how many.

        The key says what the entry is about, so that a repeat makes no second one. Raises StoreUnavailableError,
        WriteConflictError if others kept appending.
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
        ids = [place_id(seq) for seq in range(first, min(end, first + PAGE))]
        found, _ = await self.store.get_portion(ENTRIES, ids, PORTION_BYTES)
        return [found[key] for key in sorted(found)]

    async def about(self, subject: str) -> list[Document]:
        """Return the entries about a subject, in their order."""
        await self._settled()
        return await self.store.find(ENTRIES, Query("subject", {"subject": subject}, limit=PAGE))

    async def proof(self, ranges: Sequence[Range]) -> list[bytes]:
        """Return the hashes of ranges of leaves."""
        nodes = {node for one in ranges for node in one.nodes()}
        left = sorted({place_id(node.last) for node in nodes})
        known: dict[str, list[str]] = {}
        while left:
            found, left = await self.store.get_portion(ENTRIES, left, PORTION_BYTES, only=("nodes",))
            known |= {key: document["nodes"] for key, document in found.items()}

        def hash_of(node: Node) -> bytes:
            return bytes.fromhex(known[place_id(node.last)][node.level])

        return hashes(ranges, hash_of)

    async def sign(self, key: LogKey) -> str:
        """Return the signed checkpoint of the log as it is now. What was signed for a size once is returned ever after."""
        frontier = await self.frontier()
        note = Checkpoint(self.origin, frontier.size, frontier.root).signed(key)
        id_ = place_id(frontier.size)
        if await self.store.insert_many(CHECKPOINTS, [{"_id": id_, "size": frontier.size, "note": note}]):
            return note
        signed = await self.store.get_many(CHECKPOINTS, [id_])
        return str(signed[id_]["note"])

    async def checkpoints(self) -> list[tuple[int, str]]:
        """Return the newest checkpoints with their sizes, the largest first; at most PAGE."""
        found = await self.store.find(CHECKPOINTS, Query("size", descending=True, limit=PAGE))
        return [(document["size"], document["note"]) for document in found]

    async def checkpoint(self, size: int | None) -> str | None:
        """Return the checkpoint that was signed for a size, without one the newest; None if there is none."""
        if size is None:
            newest = await self.checkpoints()
            return newest[0][1] if newest else None
        stored = await self.store.get(CHECKPOINTS, place_id(size))
        return None if stored is None else str(stored["note"])

    async def _append(self, batch: Mapping[str, Effect]) -> int:
        contention = Contention("the head of the archive")
        while True:
            head = await self._settled()
            new = {key: batch[key] for key in await self._absent(batch)}
            if not new:
                return 0
            after = head.grown(self.origin, new)
            if await self._save(after):
                await self.store.insert_many(ENTRIES, after.tail)
                return len(new)
            await contention.overtaken()

    async def _settled(self) -> Head:
        """Return the head, when every entry up to it has its document."""
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

    async def _check_origin(self) -> None:
        for document in await self.entries(0, 1):
            name = Entry.read(document["raw"].encode()).log
            if name != self.origin:
                raise ArchiveOriginError(name, self.origin)

    async def _head(self) -> Head:
        stored = await self.store.get(HEADS, _HEAD)
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
        return [key for key in keys if not await self.store.find(ENTRIES, Query("key", {"key": key}, limit=1, only=("seq",)))]

    async def _save(self, head: Head) -> bool:
        if head.rev == 1:
            return bool(await self.store.insert_many(HEADS, [head.document()]))
        return not await self.store.save_many(HEADS, [Save(head.document(), expected_rev=head.rev - 1)])
