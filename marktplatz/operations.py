"""What operators do with topics and dead letters from the command line."""

from __future__ import annotations

import time

from rich.markup import escape
from rich.table import Column, Table

from marktplatz.console import make_console
from marktplatz.found import kafka_settings, replication
from shared.bus.admin import create_topics, verify_topics
from shared.bus.dead_letter_operations import get_dead_letter, list_dead_letters, replay_dead_letters
from shared.errors import NotFoundError
from shared.operations.turns import TURNS, Turns
from shared.process.settings import ProcessSettings
from shared.process.stores import opened
from shared.topics import DEAD_LETTERS

console = make_console()


async def apply_topics(replicas: int | None) -> None:
    """Create what is missing and bring settings in line with the registry."""
    created = await create_topics(kafka_settings(), replicas=replication(replicas))
    console.print(f"{len(created)} topics created" + (": " + ", ".join(created) if created else ""))


async def check_topics(replicas: int | None) -> int:
    """Report how the broker's topics differ from the registry; exit code 1 if they do."""
    differences = await verify_topics(kafka_settings(), replicas=replication(replicas))
    for name, found in sorted(differences.items()):
        console.print(f"{name}: " + "; ".join(f"{setting} {text}" for setting, text in found.items()))
    console.print(f"{len(differences)} topics differ from shared/topics.py")
    return 1 if differences else 0


async def print_dead_letters(group: str, limit: int) -> None:
    """Print the dead letters of a group."""
    letters = await list_dead_letters(kafka_settings(), _known(group), limit=limit)
    table = Table(Column("id", no_wrap=True), "died", Column("code", no_wrap=True), "from", "reason")
    for letter in letters:
        reason = letter.reason
        origin = f"{reason.topic}/{reason.partition}/{reason.offset}"
        table.add_row(letter.id, reason.time.isoformat(), reason.code, origin, escape(reason.text))
    console.print(table)


async def show_dead_letter(group: str, letter_id: str) -> None:
    """Print one dead letter in full."""
    letter = await get_dead_letter(kafka_settings(), _known(group), letter_id)
    console.print(letter.reason)
    for name, value in letter.headers:
        console.print(f"{escape(name)}: {escape((value or b'').decode(errors='replace'))}")
    console.print(repr(letter.value), markup=False)


async def replay(group: str, ids: list[str] | None) -> int:
    """Replay, in the turn of the group, and print what was done; exit code 1 if the broker did not acknowledge some."""
    service, _, _ = _known(group).partition(".")
    async with opened(service, ProcessSettings()) as store:
        await store.prepare([TURNS])
        async with Turns(store, time.monotonic).of(group):
            result = await replay_dead_letters(kafka_settings(), group, ids=ids)
    for letter_id, origin in result.origins.items():
        console.print(f"{letter_id} ({origin}) sent to {result.topic}, which only {group} reads")
    console.print(
        f"{len(result.sent)} sent, {result.already} had been replayed before, {len(result.not_replayable)} hold no original, "
        f"{len(result.failed)} failed"
    )
    return 1 if result.failed else 0


def _known(group: str) -> str:
    if group not in DEAD_LETTERS:
        raise NotFoundError(f"there is no consumer group {group}; there are: {', '.join(DEAD_LETTERS)}", group=group)
    return group
