"""Nobody can do more: asked of the broker for every user and resource, and tried."""

from __future__ import annotations

import pytest
from aiokafka.errors import KafkaError

from shared.bus.settings import KafkaSettings
from shared.topics import DEAD_LETTERS, DECLARED
from tests.deploy.kafka_rights.attempts import DENIED, attempts
from tests.deploy.kafka_rights.cluster import WITHOUT_USER
from tests.deploy.kafka_rights.manifests import User
from tests.deploy.kafka_rights.play import Played

pytestmark = pytest.mark.timeout(600)
ALL_TOPICS = frozenset(topic.name for topic in DECLARED)
ALL_GROUPS = frozenset({*DEAD_LETTERS, *(f"{letters.name}.replay" for letters in DEAD_LETTERS.values()), "of.nobody"})


def _without(user: User, names: frozenset[str], operation: str) -> list[str]:
    """Return those of the resources on which the user has no right to the operation."""
    return sorted(names - {right.name for right in user.rights if right.operation == operation})


async def test_the_broker_grants_each_user_exactly_the_rights_of_its_manifest(played: Played) -> None:
    for user in played.cluster.users.values():
        async with attempts(played.cluster.settings_of(user.name)) as connection:
            assert await connection.rights(ALL_TOPICS, ALL_GROUPS) == user.rights, user.name


async def test_no_user_writes_reads_or_joins_what_is_not_its_own(played: Played) -> None:
    for user in played.cluster.users.values():
        foreign = {operation: _without(user, ALL_TOPICS, operation) for operation in ("READ", "WRITE")}
        groups = _without(user, ALL_GROUPS, "READ")
        assert groups, user.name
        async with attempts(played.cluster.settings_of(user.name)) as connection:
            assert await connection.write(foreign["WRITE"]) == dict.fromkeys(foreign["WRITE"], DENIED["topic"]), user.name
            assert await connection.read(foreign["READ"]) == dict.fromkeys(foreign["READ"], DENIED["topic"]), user.name
            assert await connection.join(groups) == dict.fromkeys(groups, DENIED["group"]), user.name


async def test_a_certificate_of_the_right_authority_without_a_user_has_no_rights(played: Played) -> None:
    async with attempts(played.cluster.settings_of(WITHOUT_USER)) as connection:
        assert await connection.rights(ALL_TOPICS, ALL_GROUPS) == set()


async def test_a_plain_connection_has_no_rights(played: Played) -> None:
    async with attempts(KafkaSettings(bootstrap_servers=played.cluster.kafka.bootstrap)) as connection:
        assert await connection.rights(ALL_TOPICS, ALL_GROUPS) == set()


async def test_without_a_certificate_or_with_that_of_a_stranger_there_is_no_connection(played: Played) -> None:
    cluster = played.cluster
    for settings in (cluster.settings_without_certificate(), cluster.settings_of_stranger("ordering-worker")):
        with pytest.raises(KafkaError):
            async with attempts(settings) as connection:
                await connection.rights(ALL_TOPICS, ALL_GROUPS)
