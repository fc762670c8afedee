"""What the sub-commands do."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path

from efa_portal.catalog import Catalog
from efa_portal.connection import Connection, ConnectionSettingsError, Security
from efa_portal.errors import BrokerError
from efa_portal.follower import Follower, FollowSettings
from efa_portal.health import TopicState, check_portal_id, overall
from efa_portal.states import KnownService, Offer
from efa_portal.status import describe
from efa_portal.verification import verify


class Exit(IntEnum):
    """Exit codes. They are part of what this package promises."""

    WELL = 0
    DIFFERS = 1
    USAGE = 2
    NO_STORE = 3
    BROKER = 4
    NOT_IN_STEP = 5
    IN_USE = 6


def follow(options: argparse.Namespace) -> Exit:
    """Follow until a signal ends it, or with ``--once`` until everything is in step. Raises PortalError."""
    connection = Connection(
        bootstrap=options.bootstrap,
        security=Security(options.security),
        ca=_path(options.ca),
        cert=_path(options.cert),
        key=_path(options.key),
        username=options.username,
        password_file=_path(options.password_file),
    )
    settings = FollowSettings(connection, options.store, _portal(connection, options.portal), once=options.once)
    _configure_logs(verbose=options.verbose)
    return asyncio.run(_follow(settings, options.timeout if options.once else None))


def _path(value: Path | str | None) -> Path | None:
    return None if value is None else Path(value)


def _portal(connection: Connection, given: str | None) -> str | None:
    principal = connection.principal
    if principal is not None and given not in (None, principal):
        raise ConnectionSettingsError(f"the portal is '{principal}' by its credentials: leave --portal out")
    found = principal or given
    return None if found is None else check_portal_id(found)


def _configure_logs(*, verbose: bool) -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.INFO if verbose else logging.CRITICAL)


async def _follow(settings: FollowSettings, timeout: float | None) -> Exit:  # noqa: ASYNC109 - ends the follower gently
    follower = Follower(settings)
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def end() -> None:
        asked.set()
        follower.end()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    timer = None if timeout is None else loop.call_later(timeout, follower.end)
    await follower.run()
    if timer is not None:
        timer.cancel()
    if asked.is_set() or not settings.once:
        return Exit.WELL
    return _outcome(follower)


def _outcome(follower: Follower) -> Exit:
    if not follower.states:
        raise BrokerError(f"nothing could be read in time: {follower.trouble or 'the broker did not answer'}")
    state = overall(follower.states)
    if state is TopicState.IN_STEP:
        return Exit.WELL
    print(f"efa-portal: not in step in time: {state}", file=sys.stderr)
    return Exit.DIFFERS if state is TopicState.DIFFERS else Exit.NOT_IN_STEP


def show_status(store: Path, *, as_json: bool) -> Exit:
    """Print the status of a store. Raises PortalError."""
    status = Catalog(store).status()
    print(status.model_dump_json(indent=2) if as_json else describe(status))
    if status.state is TopicState.DIFFERS:
        return Exit.DIFFERS
    if not status.whole:
        return Exit.NO_STORE
    return Exit.WELL if status.in_step else Exit.NOT_IN_STEP


def verify_store(store: Path, *, as_json: bool) -> Exit:
    """Print what the audit of a store finds. Raises PortalError."""
    found = verify(store)
    if as_json:
        print(json.dumps([asdict(topic) for topic in found], default=str, indent=2))
    else:
        for topic in found:
            print(topic)
    return Exit.DIFFERS if any(topic.differing for topic in found) else Exit.WELL


def export(store: Path, kind: str, states: Sequence[str], *, as_list: bool) -> Exit:
    """Print the live states of a kind, as received. Raises PortalError."""
    catalog = Catalog(store)
    found: Iterable[Offer | KnownService] = catalog.offers() if kind == "offers" else catalog.known_services()
    rows = (item.raw for item in found if not states or item.raw.get("state") in states)
    if as_list:
        print(json.dumps(list(rows), ensure_ascii=False, indent=2))
    else:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    return Exit.WELL
