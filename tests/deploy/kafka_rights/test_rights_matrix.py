"""Everybody against every topic, group, transactional id and the cluster: what is granted works, everything else is refused."""

from __future__ import annotations

import dataclasses

import pytest
from aiokafka.errors import KafkaError

from shared.bus.settings import KafkaSettings
from shared.topics import DEAD_LETTERS
from tests.deploy.kafka_rights.attempts import attempts
from tests.deploy.kafka_rights.changes import CLUSTER_ATTEMPTS, GROUP_ATTEMPTS, REFUSED, TOPIC_ATTEMPTS, Codes, idempotent, tried
from tests.deploy.kafka_rights.federation import PARTNERS, PORTALS, Federation, Login
from tests.deploy.kafka_rights.manifests import Right
from tests.deploy.kafka_rights.secured_kafka import ADMIN

pytestmark = pytest.mark.timeout(600)
NOT_THERE = frozenset({"of.nobody", "partner.dataport.orders.v2", "partner.dataport", "partner.", "catalog.offering.v10"})
"""Topics that nobody has made: whoever had a right by prefix, or one to create, might have some on them."""
OPERATIONS = frozenset(
    {(kind, operation) for kind, attempts_ in (("topic", TOPIC_ATTEMPTS), ("group", GROUP_ATTEMPTS)) for operation in attempts_}
)


def groups_of(federation: Federation) -> frozenset[str]:
    granted = {right.name for user in federation.users.values() for right in user.granted if right.kind == "group"}
    beside = {f"{name}.other" for name in granted} | {"portal.", "partner.", "portal.komm", "of.nobody"}
    return frozenset(granted | beside | set(DEAD_LETTERS))


def transactions_of(federation: Federation) -> list[str]:
    return sorted({*federation.outside, "of.nobody"})


async def outcome(federation: Federation, settings: KafkaSettings) -> Codes:
    async with attempts(settings) as connection:
        return await tried(connection, federation.topics | NOT_THERE, groups_of(federation), transactions_of(federation))


def allowed(codes: Codes) -> set[Right]:
    return {right for right, code in codes.items() if code not in REFUSED}


async def test_everybody_may_do_what_is_granted_and_nothing_else(federation: Federation) -> None:
    wrong: dict[str, object] = {}
    count = 0
    for login in federation.logins():
        codes = await outcome(federation, federation.settings_of(login))
        count += len(codes)
        expected = {right for right in login.rights if (right.kind, right.operation) in OPERATIONS}
        if difference := allowed(codes) ^ expected:
            wrong[login.principal] = [(right, codes.get(right)) for right in sorted(difference)]
    assert not wrong
    assert count > len(federation.logins()) * len(federation.topics) * len(TOPIC_ATTEMPTS)


async def test_the_broker_itself_answers_the_same_rights_and_none_on_the_cluster(federation: Federation) -> None:
    for login in federation.logins():
        async with attempts(federation.settings_of(login)) as connection:
            found = await connection.rights(federation.topics | NOT_THERE, groups_of(federation))
        assert found == login.rights, login.principal


async def test_an_idempotent_producer_is_for_those_who_write_something(federation: Federation) -> None:
    for login in federation.logins():
        writes = any(right.operation == "WRITE" for right in login.rights)
        async with attempts(federation.settings_of(login)) as connection:
            assert (await idempotent(connection) not in REFUSED) == writes, login.principal


async def test_one_name_in_the_other_spelling_has_no_rights(federation: Federation) -> None:
    for name in federation.users:
        with_rights = [login.principal for login in federation.logins() if login.name == name and login.rights]
        assert with_rights == [federation.users[name].principal]


async def test_nobody_outside_reaches_a_topic_or_group_of_somebody_else(federation: Federation) -> None:
    shared = {right.name for name in PORTALS for right in federation.users[name].granted if right.kind == "topic"}
    for name, user in federation.outside.items():
        own = {right.name for right in user.granted} - shared
        others = {right.name for other, it in federation.outside.items() if other != name for right in it.granted}
        assert own, name
        assert not own & others, name
    for name in PARTNERS:
        assert not {right.name for right in federation.users[name].granted} & shared


async def test_without_authentication_nothing_is_allowed(federation: Federation) -> None:
    plain = KafkaSettings(bootstrap_servers=federation.kafka.bootstrap)
    assert allowed(await outcome(federation, plain)) == set()


async def test_a_wrong_password_an_unknown_name_and_a_stranger_are_not_let_in(federation: Federation) -> None:
    scram, tls = federation.login("komm-one"), federation.login("komm-one-2")
    refused = {
        "wrong password": federation.settings_of(scram, password="secret-of-komm-one-2"),
        "unknown name": federation.settings_of(dataclasses.replace(scram, name="nobody")),
        "somebody else's signature": federation.settings_of(tls, stranger=True),
        "no certificate": federation.settings_of(tls).model_copy(update={"ssl_cert_file": None, "ssl_key_file": None}),
        "a certificate where a password is asked for": federation.settings_of(tls).model_copy(
            update={"bootstrap_servers": federation.kafka.scram}
        ),
        "a password where a certificate is asked for": federation.settings_of(scram).model_copy(
            update={"bootstrap_servers": federation.kafka.secured}
        ),
        "a password in plain text": federation.settings_of(scram).model_copy(update={"security_protocol": "SASL_PLAINTEXT"}),
    }
    for settings in refused.values():
        with pytest.raises(KafkaError):
            async with attempts(settings) as connection:
                await connection.describe(federation.topics)


async def test_who_may_do_everything_is_refused_none_of_these_attempts(federation: Federation) -> None:
    """Whether the attempts are such that they could succeed."""
    async with attempts(federation.settings_of(Login(ADMIN, scram=False, user=None))) as connection:
        codes = await tried(connection, {"of.nobody"}, {"of.nobody"}, ["of.nobody"])
    assert len(codes) == len(TOPIC_ATTEMPTS) + len(GROUP_ATTEMPTS) + 2 + len(CLUSTER_ATTEMPTS)
    assert {right for right, code in codes.items() if code in REFUSED} == set()
