"""The product works with the rights that are generated for it, and needs every one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from shared.messages.values import Channel
from shared.principals import SCALED
from shared.topics import (
    ARCHIVE_CHECKPOINTS,
    AWARDS,
    CHECKPOINTS,
    CONTRACT_REQUESTS,
    DEAD_LETTERS,
    DELIVERIES,
    INVITATIONS,
    KNOWN_SERVICES,
    PARTNERS,
    PORTAL_HEALTH,
    QUARANTINE,
    RIGHTS,
    VERDICTS,
    read_by,
    subscribed,
)
from tests.deploy.kafka_rights.cluster import ONLY_READS, RENEWED, UNIT
from tests.deploy.kafka_rights.manifests import Right
from tests.deploy.kafka_rights.play import Played

pytestmark = pytest.mark.timeout(600)


def _write(user: str, topics: Iterable[str]) -> Iterator[tuple[str, Right]]:
    return ((user, Right("topic", topic, "WRITE")) for topic in topics)


REVIEWED: dict[str, frozenset[tuple[str, Right]]] = {
    # An order's events lie in one outbox. If the worker dies between saving and sending, the next who saves sends all of them.
    "whoever saves sends what lies in the outbox": frozenset(
        _write("ordering-api", [topic.name for topic in CONTRACT_REQUESTS.values()])
    ),
    "no partner system takes part in this play; test_rights_outside.py has two": frozenset(
        (user, right)
        for name in (PARTNERS.name, QUARANTINE.name)
        for user, right in (
            *((it, Right("topic", name, "WRITE")) for it in ("ordering-api", "ordering-worker", "recovery")),
            ("recovery", Right("topic", name, "READ")),
        )
    ),
    "a worker lists known services and takes checkpoints in its own time; the API sends what lies in the outbox": frozenset(
        (user, right)
        for name in (KNOWN_SERVICES.name, CHECKPOINTS.name)
        for user, right in (
            *((it, Right("topic", name, "WRITE")) for it in ("catalog-api", "catalog-worker", "recovery")),
            ("recovery", Right("topic", name, "READ")),
        )
    ),
    "no key signs the archive of contracts in this play": frozenset(
        (user, right)
        for user, right in (
            *(
                (it, Right("topic", ARCHIVE_CHECKPOINTS.name, "WRITE"))
                for it in (*(f"contracts-{channel.value}" for channel in Channel), "recovery")
            ),
            ("recovery", Right("topic", ARCHIVE_CHECKPOINTS.name, "READ")),
        )
    ),
    "without keys no invitation goes by mail; this play has none": frozenset(
        entry for user in ("eligibility-api", "eligibility-worker", "recovery") for entry in _write(user, [INVITATIONS.name])
    ),
    "no contract is followed by another one in this play, nor passed on for money": frozenset(
        entry for user in ("eligibility-api", "eligibility-worker", "recovery") for entry in _write(user, [AWARDS.name])
    ),
    "portals report their health; none takes part in this play": frozenset(
        {("recovery", Right("topic", PORTAL_HEALTH.name, "READ"))}
    ),
    "a person answers for a risk; the verdicts of this play need nobody": frozenset(_write("eligibility-api", [VERDICTS.name])),
    "a restore sends what was waiting when the backup was made; here no mail was on its way": frozenset(
        _write("recovery", [DELIVERIES.name])
    ),
    "a drill buries what it cannot process; the backup of this play is sound": frozenset(
        _write("recovery", [letters.name for letters in DEAD_LETTERS.values()])
    ),
}
"""Rights that may stay unused here, by the reason why they are granted."""


async def test_the_main_flow_reaches_contracts_mails_and_dead_letters(played: Played) -> None:
    assert {anbieter: len(contracts) for anbieter, contracts in played.contracts.items()} == {"govdigital": 1, "fitko": 1}
    assert played.mails > 0
    assert played.letters == {group: len(subscribed(group)) for group in DEAD_LETTERS}


async def test_every_command_of_an_operator_succeeds_with_its_own_user(played: Played) -> None:
    failed = {name: done.output for name, done in played.commands.items() if done.code != 0}
    assert not failed, "\n\n".join(f"{name}:\n{output}" for name, output in failed.items())
    assert "0 topics differ" in played.commands["topics check"].output
    replays = [played.commands[f"dlq replay {group}"].output for group in DEAD_LETTERS]
    assert not [output for output in replays if output.startswith("0 sent") or "0 failed" not in output]
    assert "drill passed" in played.commands["drill"].output
    assert {"reconcile", "rebuild", "backup"} <= played.commands.keys()


async def test_the_operator_sees_every_group_and_sends_a_dead_letter_back_by_the_api_of_its_service(played: Played) -> None:
    assert played.sent_back == dict.fromkeys(DEAD_LETTERS, 200)
    assert {group: stated["state"] for group, stated in played.stated.items()} == dict.fromkeys(DEAD_LETTERS, "Stable")
    assert all(member["started_at"] for stated in played.stated.values() for member in stated["members"])


async def test_keda_sees_the_lag_of_every_group_on_every_topic(played: Played) -> None:
    assert played.lag.keys() == {(group, topic.name) for group in SCALED for topic in read_by(group)}


async def test_nothing_was_denied_to_anybody(played: Played) -> None:
    denied = {(it.principal, it.right, it.request) for it in played.decisions if not it.allowed and not it.probing}
    assert not denied


async def test_no_process_logs_a_refusal_or_had_to_be_restarted(played: Played) -> None:
    cluster = played.cluster
    assert not [name for name in cluster.processes if "authoriz" in cluster.log(name).casefold()]
    assert {name: process.starts for name, process in cluster.processes.items()} == dict.fromkeys(cluster.processes, 1)


async def test_every_right_is_used_or_reviewed(played: Played) -> None:
    reviewed = {entry for entries in REVIEWED.values() for entry in entries}
    unused = {(user.name, right) for user in played.cluster.users.values() for right in user.needed - played.used(user.name)}
    assert unused <= reviewed


async def test_every_reviewed_right_is_granted(played: Played) -> None:
    granted = {(user.name, right) for user in played.cluster.users.values() for right in user.needed}
    assert {entry for entries in REVIEWED.values() for entry in entries} <= granted


async def test_the_contracts_api_follows_who_acts_for_whom_and_writes_only_what_it_sends_back(played: Played) -> None:
    own = {group for group in DEAD_LETTERS if group.startswith("contracts.")}
    used = played.used(ONLY_READS)
    assert {it.name for it in used if (it.kind, it.operation) == ("topic", "READ")} == {RIGHTS.name, *(f"{it}.dlq" for it in own)}
    assert {it.name for it in used if it.operation == "WRITE"} == {f"{it}.replay" for it in own}
    assert played.only_reads["readyz"].is_success
    assert "marktplatz_bus_producer_up NaN" in played.only_reads["metrics"].text


async def test_a_renewed_certificate_is_shown_on_new_connections_without_a_restart(played: Played) -> None:
    assert played.after_outage == {f"OU={UNIT},CN={RENEWED}"}
