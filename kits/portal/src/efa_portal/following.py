"""One catalog topic as it is followed: resumed, applied, judged, built beside and swapped."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from efa_portal.checkpoint import Checkpoint
from efa_portal.fold import EMPTY, fold_digest
from efa_portal.health import PartitionHealth, TopicHealth, TopicState
from efa_portal.judge import WAITING, Judge
from efa_portal.record import CatalogRecord
from efa_portal.store.audit import audit
from efa_portal.store.rows import Place, View
from efa_portal.store.writer import Store, now
from efa_portal.topics import CatalogTopic

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=5)
"""A reader that has records before it for longer is behind."""
VERIFICATION_HOLDS = timedelta(minutes=45)
"""The marketplace publishes a checkpoint every 15 minutes when nothing changes: three missing ones leave the state unverified."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""Between builds that all come out different from the checkpoints."""
AUDIT = timedelta(minutes=1)
"""The stored values are audited at each comparison with a checkpoint, and after so long without one."""
LONGEST_READING = timedelta(minutes=55)
"""Records are not compacted in their first hour: who takes longer to the ends noted at the beginning may have lost some."""


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Following:
    """The state machine of a topic. It knows no broker: positions, ends and records are handed in."""

    def __init__(self, store: Store, topic: CatalogTopic, clock: Callable[[], datetime] = utc_now) -> None:
        self.store = store
        self.topic = topic
        self._clock = clock
        self._checkpoints: deque[Checkpoint] = deque(maxlen=WAITING)
        self._judge = Judge({})
        self._places: dict[int, Place] = {}
        self._ends: dict[int, int] = {}
        self._view = View(topic.name)
        self._began = clock()
        self._audited_at: datetime | None = None
        self._behind_since: datetime | None = None
        self._failures = 0
        self._build_failed = False
        self._failed_fold: str | None = None
        self._not_before: datetime | None = None
        self._shown: tuple[object, tuple[int, str, tuple[PartitionHealth, ...]]] | None = None

    def resume(self, starts: Mapping[int, int], ends: Mapping[int, int]) -> dict[int, int]:
        """Begin to read again, or for the first time. Returns the position of each partition to read from.

        Checkpoints are handed in again after it. A new generation is built where the topic no longer holds what was read, or
        another topic bears its name. A build that was cut off begins again: compaction may have gone on since.
        """
        self._checkpoints.clear()
        self._audited_at = None
        self._began = self._clock()
        self._view = self.store.view(self.topic)
        if self._view.shown is None or self._view.building is not None:
            return self.rebuild(starts, ends, "nothing is shown yet" if self._view.shown is None else "the build was cut off")
        self._places = self.store.places(self.topic, self._view.shown)
        reason = self._unreadable(starts, ends)
        if reason is not None:
            return self.rebuild(starts, ends, reason)
        self._ends = dict(ends)
        self._judge = Judge(ends, self._checkpoints)
        return self.positions

    def _unreadable(self, starts: Mapping[int, int], ends: Mapping[int, int]) -> str | None:
        """Why reading cannot go on where it stopped, or None."""
        if set(self._places) != set(ends):
            return f"the topic has {len(ends)} partitions, and {len(self._places)} were read"
        for number, place in self._places.items():
            if place.position > ends[number]:
                return (
                    f"partition {number} was read up to {place.position} and ends at {ends[number]}: the topic was created again"
                )
            if place.position < starts[number]:
                return f"partition {number} was read up to {place.position} and begins at {starts[number]}: records were deleted"
        return None

    def rebuild(self, starts: Mapping[int, int], ends: Mapping[int, int], reason: str) -> dict[int, int]:
        """Begin a new generation beside what is shown. Returns the position of each partition to read from."""
        logger.info("%s: building from the beginning: %s", self.topic.name, reason)
        self._build_failed = False
        self._began = self._clock()
        self._view = self.store.begin_build(self.topic, starts)
        self._places = self.store.places(self.topic, self._view.newest)
        self._ends = dict(ends)
        self._judge = Judge(ends, self._checkpoints)
        return self.positions

    @property
    def positions(self) -> dict[int, int]:
        """The next offset of each partition."""
        return {number: place.position for number, place in self._places.items()}

    @property
    def shown(self) -> bool:
        """Whether readers see a whole state of the topic."""
        return self._view.shown is not None

    def announce(self, checkpoint: Checkpoint) -> None:
        """Queue a checkpoint of the topic."""
        self._checkpoints.append(checkpoint)
        self._judge.announce(checkpoint)

    def apply(self, records: Sequence[CatalogRecord], positions: Mapping[int, int]) -> None:
        """Save records with the positions after them, in one transaction."""
        generation = self._generation()
        self._judge.record(self.store.apply(self.topic, records, positions, generation))
        self._places = self.store.places(self.topic, generation)

    def _generation(self) -> int:
        generation = self._view.written
        if generation is None:
            raise RuntimeError(f"{self.topic.name} is followed before it was resumed")
        return generation

    def note_ends(self, ends: Mapping[int, int]) -> None:
        """Record where the partitions end now."""
        self._ends = dict(ends)
        if self.lag == 0:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = self._clock()

    @property
    def lag(self) -> int:
        """Records up to the ends of the partitions."""
        return sum(max(0, end - self._places[number].position) for number, end in self._ends.items() if number in self._places)

    async def check(self) -> str | None:
        """Compare with the checkpoints that are due, and show a build that is whole.

        Returns why a new build is needed, or None. Raises StoreDamagedError if a stored value is not what was written.
        """
        if not self._judge.reached(self.positions) and self._clock() - self._began > LONGEST_READING:
            return "reading took so long that records may have been compacted meanwhile"
        due = self._judge.due(self.positions)
        if due or self._audited_at is None or self._clock() - self._audited_at > AUDIT:
            audited = await asyncio.to_thread(audit, self.store.path, self.topic, self._generation())
            self._audited_at = self._clock()
            for number, (checkpoint, spoken) in sorted(due.items()):
                if not self._judge.compare(number, checkpoint, audited[number].digests):
                    logger.warning("%s: partition %d differs at offset %d", self.topic.name, number, spoken.offset)
        if self._view.building is not None:
            return self._judge_build()
        if self._judge.differs:
            return "it differs from the checkpoint" if self._may_build() else None
        if due and self._judge.verified:
            self._succeed()
        return None

    def _judge_build(self) -> str | None:
        if not self._judge.reached(self.positions):
            return None
        if not self._judge.differs:
            self._show()
            if self._judge.verified:
                self._succeed()
            return None
        if not self._build_failed:
            self._note_failed_build()
        return "the build before differs from the checkpoint" if self._may_build() else None

    def _note_failed_build(self) -> None:
        """Keep a whole build that differs from being shown, unless another agrees with it: then the topic itself says so."""
        fold = fold_digest(self.store.digests(self.topic, self._generation()))
        shown = None if self._view.shown is None else fold_digest(self.store.digests(self.topic, self._view.shown))
        agreed = fold in (shown, self._failed_fold)
        self._build_failed, self._failed_fold = True, fold
        self._failures += 1
        pause = FIRST_PAUSE * 2 ** min(self._failures - 2, 10) if self._failures > 1 else timedelta(0)
        self._not_before = self._clock() + min(pause, LONGEST_PAUSE)
        logger.error("%s: a build from the beginning differs from the checkpoint", self.topic.name)
        if agreed:
            self._show()

    def _may_build(self) -> bool:
        return self._not_before is None or self._clock() >= self._not_before

    def _show(self) -> None:
        self.store.swap(self.topic)
        self._view = self.store.view(self.topic)
        logger.info("%s: %d entries are shown", self.topic.name, sum(place.live for place in self._places.values()))

    def _succeed(self) -> None:
        self._failures, self._failed_fold, self._not_before = 0, None, None
        self.store.note_verified(self.topic, now())
        self._view = self.store.view(self.topic)

    @property
    def state(self) -> TopicState:
        """How what is shown relates to the topic."""
        if self._judge.differs:
            return TopicState.DIFFERS
        if self._view.building is not None or self._view.shown is None:
            return TopicState.REBUILDING
        if self._behind_since is not None and self._clock() - self._behind_since > GRACE:
            return TopicState.BEHIND
        newest = self._judge.newest
        if not self._judge.verified or newest is None or self._clock() - newest > VERIFICATION_HOLDS:
            return TopicState.UNVERIFIED
        return TopicState.IN_STEP

    def health(self) -> TopicHealth:
        """Return the report on the topic: its state, and the fold of what readers see."""
        live, digest, partitions = self._fold_shown()
        return TopicHealth(
            topic=self.topic.name,
            state=self.state,
            lag=self.lag,
            behind_since=self._behind_since,
            live=live,
            sha256=digest,
            verified_at=None if self._view.verified_at is None else datetime.fromisoformat(self._view.verified_at),
            partitions=partitions,
        )

    def _fold_shown(self) -> tuple[int, str, tuple[PartitionHealth, ...]]:
        shown = self._view.shown
        if shown is None:
            return 0, EMPTY, ()
        places = self.store.places(self.topic, shown)
        version = (shown, tuple(place.total for place in places.values()), tuple(place.position for place in places.values()))
        if self._shown is None or self._shown[0] != version:
            folds = {number: self.store.digests(self.topic, shown, number) for number in places}
            whole = {key: digest for fold in folds.values() for key, digest in fold.items()}
            parts = (
                PartitionHealth(partition=n, offset=places[n].position, sha256=fold_digest(folds[n])) for n in sorted(places)
            )
            self._shown = (version, (len(whole), fold_digest(whole), tuple(parts)))
        return self._shown[1]
