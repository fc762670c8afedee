"""What it costs a process to know everybody's rights: reading them, holding them, deciding by them."""

from __future__ import annotations

import gc
import json
import random
import time
import tracemalloc
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.figures import BenchError
from shared.bus.mirror.content import Content
from shared.bus.mirror.mirror import TopicMirror
from shared.clock import now
from shared.errors import ForbiddenError
from shared.http.caller import Person
from shared.messages.eligibility_rights import Membership, OrganisationRights, RightsRecorded, RoleTerm
from shared.messages.values import Channel, Function, Role
from shared.rights.projection import Rights, rights_mirror
from shared.topics import RIGHTS

ORGANISATIONS = 10_751
"""As many as there are municipalities in Germany."""
USERS = 5
BUSY_PERSON, TEN = "busy", 10
FEW = 100
DECISIONS = 100_000
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; seconds of CPU, and bytes."""

    organisations: int
    people: int
    topic_bytes: int
    reading: float
    folding: float
    memory: int
    decision: float
    decision_of_ten: float
    revocation: float
    again: float
    decoding: float
    decision_of_few: float


def measure(organisations: int = ORGANISATIONS, users: int = USERS) -> Figures:
    """Read a topic of this size, hold it, decide by it. Raises BenchError where a decision is wrong."""
    records = _records(organisations, users)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    mirror = rights_mirror()
    rights = Rights(mirror, RIGHTS.tombstone_retention)
    _read(mirror, records)
    rights.ready()
    gc.collect()
    memory = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    mirror = rights_mirror()
    rights = Rights(mirror, RIGHTS.tombstone_retention)
    reading = _timed(lambda: _read(mirror, records))
    folding = _timed(rights.ready)
    people = [Person(f"person-{number}") for number in range(organisations * users)]
    random.Random(1).shuffle(people)  # noqa: S311 - a fixed order, not a secret
    asked = [people[number % len(people)] for number in range(DECISIONS)]
    decision = _timed(lambda: [rights.caller(person, None) for person in asked]) / DECISIONS
    own = [f"{number:012d}" for number in range(TEN)]
    busy = Person(BUSY_PERSON)
    decision_of_ten = _timed(lambda: [rights.caller(busy, own[it % TEN]) for it in range(DECISIONS)]) / DECISIONS
    if sorted(rights._memberships.organisations_of(BUSY_PERSON)) != own:  # noqa: SLF001 - what the decisions rest on
        raise BenchError("one person in ten organisations is not known in all of them")
    revocation = _timed(lambda: _revoke(mirror, rights, busy, own[0]))
    _read(mirror, records)
    again = _timed(rights.ready)
    decoding = _timed(lambda: deque((json.loads(value) for _, value in records), maxlen=0))
    return Figures(
        organisations,
        organisations * users + 1,
        sum(map(_size, records)),
        reading,
        folding,
        memory,
        decision,
        decision_of_ten,
        revocation,
        again,
        decoding,
        _decision_among(records[: FEW + TEN], [Person(f"person-{number}") for number in range(FEW * users)]),
    )


def report(figures: Figures) -> None:
    """Print the figures."""
    print(f"{figures.organisations:,} organisations, {figures.people:,} people, {figures.topic_bytes / MIB:.1f} MiB on the topic")
    print(f"start-up: {figures.reading:.2f} s to take the records, {figures.folding:.2f} s to fold them")
    print(f"memory: {figures.memory / MIB:.0f} MiB, records and fold together")
    print(f"read from the beginning again, nothing new: {figures.again * 1000:.0f} ms")
    print(f"fold: {figures.folding / figures.decoding:.1f} times a bare decoding of the same JSON")
    print(f"decision among {figures.organisations:,} / among {FEW + TEN}: {figures.decision / figures.decision_of_few:.2f}")
    print(f"decision: {figures.decision * 1e6:.1f} us")
    print(f"decision on a member of {TEN} organisations: {figures.decision_of_ten * 1e6:.1f} us")
    print(f"revocation, from the record in hand to the refusal: {figures.revocation * 1e6:.0f} us")


def _decision_among(records: list[tuple[bytes, bytes]], people: list[Person]) -> float:
    """Return the seconds of a decision by the rights of a few organisations: what size adds is the difference."""
    mirror = rights_mirror()
    rights = Rights(mirror, RIGHTS.tombstone_retention)
    _read(mirror, records)
    rights.ready()
    asked = [people[number % len(people)] for number in range(DECISIONS)]
    return _timed(lambda: [rights.caller(person, None) for person in asked]) / DECISIONS


def _records(organisations: int, users: int) -> list[tuple[bytes, bytes]]:
    records: list[tuple[bytes, bytes]] = []
    for number in range(organisations):
        people = [f"person-{number * users + it}" for it in range(users)] + ([BUSY_PERSON] if number < TEN else [])
        rights = OrganisationRights(
            organisation=f"{number:012d}",
            name=f"Gemeinde mit einem langen Namen {number}",
            members=tuple(Membership(person=person, functions=tuple(Function)) for person in people),
            roles=(
                RoleTerm(role=Role.KUNDE),
                *(RoleTerm(role=Role.KUNDE, channel=channel, valid_from=now().date()) for channel in Channel),
            ),
        )
        records.append((rights.organisation.encode(), RightsRecorded(rights=rights).model_dump_json(exclude_none=True).encode()))
    return records


def _read(mirror: TopicMirror, records: list[tuple[bytes, bytes]]) -> None:
    content = Content(None, dict.fromkeys(range(RIGHTS.partitions), 0), now())
    for number, (key, value) in enumerate(records):
        partition = number % RIGHTS.partitions
        content.put(partition, content.positions[partition], key, value, RightsRecorded.TYPE, content.begun_at)
    mirror.content, mirror.confirmed_at = content, time.monotonic()


def _revoke(mirror: TopicMirror, rights: Rights, person: Person, organisation: str) -> None:
    content = mirror.content
    if content is None:
        raise BenchError("there is nothing to revoke")
    left = OrganisationRights(organisation=organisation, name="X", members=())
    value = RightsRecorded(rights=left).model_dump_json().encode()
    content.put(0, content.positions[0], organisation.encode(), value, RightsRecorded.TYPE, now())
    try:
        rights.caller(person, organisation)
    except ForbiddenError:
        return
    raise BenchError("a member who was removed is one still")


def _timed(work: Callable[[], object]) -> float:
    """Return seconds of CPU: they hardly depend on what else the machine does."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _size(record: tuple[bytes, bytes]) -> int:
    return len(record[0]) + len(record[1])
