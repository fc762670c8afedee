"""``marktplatz drill``: plays a whole restore in empty stores on an empty broker, and reports durations and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from marktplatz.recovery.admin import administration
from marktplatz.recovery.catch_up import CaughtUp, catch_up
from marktplatz.recovery.dump.files import Manifest
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.restore import Restored, examine, put_back
from marktplatz.recovery.errors import BrokerUnfitError
from marktplatz.recovery.rebuild import broker
from marktplatz.recovery.rebuild.rebuild import PATIENCE, Rebuilt, rebuild
from marktplatz.recovery.reconcile.differences import Difference, Kind
from marktplatz.recovery.reconcile.report import Report, reconcile
from marktplatz.recovery.reconcile.topics import records_held
from marktplatz.recovery.stores import Stores
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.errors import MarktplatzError

REMAINS = frozenset({Kind.NUMBER_PROMISED})
"""Right after a restore: the number of a contract that is gone stays reserved for it."""


@dataclass(slots=True)
class Step:
    """One step of the drill: its duration, and its result in a sentence."""

    name: str
    seconds: float = 0.0
    result: str = ""


@dataclass(slots=True)
class Drill:
    """A drill with all that is known of it so far, also when a step has failed."""

    folder: Path
    began_at: datetime
    keys: Keys = field(default_factory=Keys)
    steps: list[Step] = field(default_factory=list)
    manifest: Manifest | None = None
    restored: Restored | None = None
    rebuilt: Rebuilt | None = None
    caught_up: CaughtUp | None = None
    report: Report | None = None
    failure: MarktplatzError | None = None

    @property
    def age(self) -> timedelta | None:
        """Age of the backup at the beginning: the largest possible loss of data. None if it could not be read."""
        return None if self.manifest is None else self.began_at - self.manifest.started_at

    @property
    def unresolved(self) -> list[Difference]:
        """Differences that must not remain after a restore."""
        return [] if self.report is None else [it for it in self.report.differences if it.kind not in REMAINS]

    @property
    def passed(self) -> bool:
        """Whether every step was done and nothing is left but what must remain."""
        return (
            self.failure is None
            and self.restored is not None
            and not self.restored.differ
            and self.caught_up is not None
            and self.caught_up.complete
            and self.report is not None
            and not self.report.dead_letters
            and not self.unresolved
        )

    async def play(
        self,
        stores: Stores,
        kafka: KafkaSettings,
        publisher: KafkaPublisher,
        *,
        create: bool,
        replicas: int,
        patience: timedelta,
    ) -> None:
        """Check, restore, rebuild, work off, reconcile. ``publisher`` is the stores' one; ``patience`` bounds the working off.

        Nothing is written unless the backup is in order and stores and topics are empty. Raises DamagedBackupError,
        StoreNotEmptyError, BrokerUnfitError, InUseError and whatever else the steps raise; the last step is the one that failed.
        """
        with self._step("check") as step:
            self.manifest = await examine(stores, self.folder, self.keys)
            await require_empty(kafka, create=create)
            step.result = f"{len(self.manifest.files)} files as they were written; stores and topics are empty"
        with self._step("restore") as step:
            self.restored = await put_back(stores, self.folder, self.keys, self.manifest, now())
            step.result = f"{self.restored.added} documents added, {self.restored.equal} were there"
        with self._step("rebuild") as step:
            self.rebuilt = await rebuild(stores, kafka, recreate=False, create=create, replicas=replicas)
            republished = sum(self.rebuilt.republished.values())
            published = self.rebuilt.published
            step.result = f"{self.rebuilt.aggregates} aggregates, {republished} republished, {published} sent from outboxes"
        with self._step("work") as step:
            self.caught_up = await catch_up(stores, kafka, publisher, patience)
            stopped = ", ".join(f"{group} stopped: {reason}" for group, reason in self.caught_up.stopped.items())
            late = f"not at rest after {patience.total_seconds():.0f} seconds"
            step.result = "nothing left to read or to send" if self.caught_up.complete else stopped or late
        with self._step("reconcile") as step:
            self.report = await reconcile(stores, kafka, timedelta(0))
            step.result = f"{len(self.report.differences)} differences, {len(self.unresolved)} of them must not remain"

    @contextmanager
    def _step(self, name: str) -> Iterator[Step]:
        step = Step(name)
        self.steps.append(step)
        began = monotonic()
        try:
            yield step
        except MarktplatzError as error:
            step.result = error.code
            raise
        finally:
            step.seconds = round(monotonic() - began, 3)

    def document(self) -> dict[str, Any]:
        """Return the drill as plain JSON values; ages and durations in seconds."""
        manifest, restored, rebuilt, failure = self.manifest, self.restored, self.rebuilt, self.failure
        return {
            "passed": self.passed,
            "began_at": self.began_at.isoformat(),
            "seconds": round(sum(step.seconds for step in self.steps), 3),
            "failure": failure and {"code": failure.code, "detail": failure.detail},
            "backup": manifest
            and {
                "name": self.folder.resolve().name,
                "product": manifest.product,
                "started_at": manifest.started_at.isoformat(),
                "finished_at": manifest.finished_at.isoformat(),
                "age_seconds": None if self.age is None else self.age.total_seconds(),
                "documents": {f"{file.service}.{file.collection}": file.documents for file in manifest.files},
            },
            "steps": [asdict(step) for step in self.steps],
            "restored": restored and asdict(restored),
            "places_restored": rebuilt and rebuilt.places,
            "participations_restored": rebuilt and rebuilt.participations,
            "numbers_promised": rebuilt and {contract: asdict(number) for contract, number in rebuilt.promised.items()},
            "stopped_groups": dict(self.caught_up.stopped) if self.caught_up else {},
            "unresolved": len(self.unresolved),
            "reconciliation": self.report and self.report.document(),
        }


async def require_empty(kafka: KafkaSettings, *, create: bool) -> None:
    """Return if no topic holds a record and no group has members; without ``create`` every topic must be there.

    Raises BrokerUnfitError, InUseError, BusUnavailableError.
    """
    held = await records_held(kafka)
    if full := [f"{name} ({count})" for name, count in held.items() if count]:
        raise BrokerUnfitError(f"these topics hold records: {', '.join(full)}. A drill needs a broker without any")
    if not create and (missing := [name for name, count in held.items() if count is None]):
        raise BrokerUnfitError(f"these topics are missing: {', '.join(missing)}. Apply them first, or leave out --no-create")
    async with administration(kafka) as admin:
        await broker.require_idle(admin, PATIENCE)
