"""A broker with the users of the marketplace and of two portals and two partners outside, made by the command of the handbook."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aiokafka import AIOKafkaConsumer
from pydantic import SecretStr

from deploy.checks.generic.objects import name_of
from deploy.generate.outside import main
from marktplatz.demo.people import eventually
from shared.bus.settings import KafkaSettings
from tests.deploy.kafka_rights import manifests
from tests.deploy.kafka_rights.attempts import attempts
from tests.deploy.kafka_rights.certificates import Authority
from tests.deploy.kafka_rights.manifests import HERE, Right, User
from tests.deploy.kafka_rights.secured_kafka import ADMIN, SecuredKafka
from tests.deploy.kafka_rights.strimzi import create_topics, create_users

PORTALS = {"komm-one": "scram-sha-512", "komm-one-2": "tls"}
PARTNERS = {"dataport": "tls", "dataport-ag": "scram-sha-512"}
"""Names that begin with one another: a right by prefix would give the shorter one the longer one's."""
ENCROACHING = "dataport"
"""A partner with a tiny quota."""
UNKNOWN = "unbekannt"
_OVERLAY = """apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: marktplatz
resources: [{base}]
components: [outside]
"""


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who connects: a name, with a password or a certificate of that name. ``user``: whose rights that gives, if anybody's."""

    name: str
    scram: bool
    user: User | None

    @property
    def principal(self) -> str:
        """What Kafka calls them."""
        return self.name if self.scram else f"CN={self.name}"

    @property
    def rights(self) -> frozenset[Right]:
        """All that they may do."""
        return frozenset() if self.user is None else self.user.rights


class Federation:
    """Async context manager: the broker with topics, users, quotas, accounts. ``logins`` are all that anybody may try."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.objects = manifests.rendered(_overlay(folder / "overlay"))
        self.users = manifests.users(self.objects)
        self._documents = self.objects.of("KafkaTopic")
        self.topics = frozenset(map(name_of, self._documents))
        self._authority, self._clients = Authority("cluster-ca"), Authority("clients-ca")
        accounts = {name: f"secret-of-{name}" for name in (*self.users, UNKNOWN)}
        self.kafka = SecuredKafka(folder / "kafka", self._authority, self._clients, accounts)

    async def __aenter__(self) -> Self:
        self.kafka.start()
        try:
            admin = self.settings_of(Login(ADMIN, scram=False, user=None))
            await create_topics(admin, self._documents)
            await create_users(admin, self.users.values())
            await self._settled(admin)
        except BaseException:
            self.kafka.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kafka.stop()

    async def _settled(self, admin: KafkaSettings) -> None:
        """Wait until the broker goes by the last of the rights and takes care of groups: a refusal then is none for want of time."""
        last = list(self.users)[-1]

        async def known() -> bool:
            async with attempts(self.settings_of(self.login(last))) as connection:
                return await connection.rights(self.topics, ()) >= {it for it in self.users[last].rights if it.kind == "topic"}

        await eventually("the broker knows all rights", known)
        consumer = AIOKafkaConsumer(min(self.topics), **admin.connection(), group_id="of.admin")
        await consumer.start()
        await consumer.stop()

    @property
    def outside(self) -> dict[str, User]:
        """Users of portals and partners."""
        return {name: self.users[name] for name in (*PORTALS, *PARTNERS)}

    def logins(self) -> list[Login]:
        """Return everybody in both spellings: ``CN=name`` and ``name`` are two principals, of which one at most has rights."""
        names = [*self.users, UNKNOWN]
        return [
            Login(name, scram, found if (found := self.users.get(name)) and found.scram == scram else None)
            for name in names
            for scram in (False, True)
        ]

    def login(self, name: str) -> Login:
        """Return the login by which a user has its rights."""
        return Login(name, self.users[name].scram, self.users[name])

    def settings_of(self, login: Login, *, password: str | None = None, stranger: bool = False) -> KafkaSettings:
        """Return the settings of a client; ``password``: another than the right one, ``stranger``: somebody else's signature."""
        folder = self._folder / "clients" / f"{login.principal}-{stranger}"
        files = {"ca.crt": self._authority.certificate}
        if not login.scram and not (folder / "user.crt").exists():
            pair = (Authority("clients-ca") if stranger else self._clients).issue(login.name)
            files |= {"user.crt": pair.certificate, "user.key": pair.key}
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="ascii")
        settings = KafkaSettings(bootstrap_servers=self.kafka.secured, security_protocol="SSL", ssl_ca_file=folder / "ca.crt")
        if login.scram:
            return settings.model_copy(
                update={
                    "bootstrap_servers": self.kafka.scram,
                    "security_protocol": "SASL_SSL",
                    "sasl_username": login.name,
                    "sasl_password": SecretStr(password or f"secret-of-{login.name}"),
                }
            )
        return settings.model_copy(update={"ssl_cert_file": folder / "user.crt", "ssl_key_file": folder / "user.key"})


def _overlay(folder: Path) -> Path:
    """Make an overlay as an operator does: a kustomization, and ``add`` for everybody outside."""
    folder.mkdir(parents=True)
    base = os.path.relpath(HERE, folder)
    (folder / "kustomization.yaml").write_text(_OVERLAY.format(base=base), encoding="utf-8")
    for part, names in (("portal", PORTALS), ("partner", PARTNERS)):
        for name, authentication in names.items():
            quota = ["--producer-bytes", "16384"] if name == ENCROACHING else []
            assert main([str(folder / "outside"), "add", part, name, "--authentication", authentication, *quota]) == 0
    return folder
