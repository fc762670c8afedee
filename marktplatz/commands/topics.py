"""The commands for topics and their dead letters."""

from __future__ import annotations

from typing import Annotated

import typer

from marktplatz.running import run_async

topics = typer.Typer(no_args_is_help=True, help="Kafka topics as declared in shared/topics.py.")
dlq = typer.Typer(no_args_is_help=True, help="Dead letters of a consumer group.")

ReplicationFactor = Annotated[int | None, typer.Option(help="3 in production, 1 on the broker of `marktplatz up`.")]


def register(app: typer.Typer) -> None:
    """Add both groups of commands to the command line."""
    app.add_typer(topics, name="topics")
    app.add_typer(dlq, name="dlq")


@topics.command("list")
def topics_list() -> None:
    """Print every topic with key, partitions, retention, producer and consumers; in a pipe, fields are separated by tabs."""
    from marktplatz.topic_table import print_topics  # noqa: PLC0415 - see the package

    print_topics()


@topics.command("apply")
def topics_apply(replication_factor: ReplicationFactor = None) -> None:
    """Create the topics that are missing and bring settings in line with the declaration."""
    from marktplatz.operations import apply_topics  # noqa: PLC0415 - see the package

    run_async(apply_topics(replication_factor))


@topics.command("check")
def topics_check(replication_factor: ReplicationFactor = None) -> None:
    """Report how the broker's topics differ from their declaration; exit code 1 if they do."""
    from marktplatz.operations import check_topics  # noqa: PLC0415 - see the package

    run_async(check_topics(replication_factor))


@dlq.command("list")
def dlq_list(group: str, limit: int = 50) -> None:
    """List the dead letters of a group: where they came from and why they are here."""
    from marktplatz.operations import print_dead_letters  # noqa: PLC0415 - see the package

    run_async(print_dead_letters(group, limit))


@dlq.command("show")
def dlq_show(group: str, letter: Annotated[str, typer.Argument(help="Id as listed: <partition>:<offset>.")]) -> None:
    """Show one dead letter: reason, origin, headers and original bytes."""
    from marktplatz.operations import show_dead_letter  # noqa: PLC0415 - see the package

    run_async(show_dead_letter(group, letter))


@dlq.command("replay")
def dlq_replay(
    group: str,
    letter: Annotated[list[str] | None, typer.Option("--id", help="Only this one; may be repeated.")] = None,
) -> None:
    """Send dead letters back to where they came from, each once; consumers recognise what they had applied."""
    from marktplatz.operations import replay  # noqa: PLC0415 - see the package

    run_async(replay(group, letter))
