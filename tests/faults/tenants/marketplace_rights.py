"""The same scene where tokens say no more than who somebody is, and the topic of rights says what they may do."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx

from shared.http.app import create_app
from shared.http.oidc import AuthSettings, RightsFrom, SubjectAuthenticator
from shared.messages.values import Function
from tests.faults.tenants.matrix import send, thing_of
from tests.faults.tenants.scene import CALLERS, Caller, Scene
from tests.faults.tenants.table import Row
from tests.support.http import FixedHealth
from tests.support.rights import EVERYTHING, ReadRights, rights_of

PEOPLE = tuple(
    replace(caller, subject=caller.subject if caller.name == "kunde" else caller.name)
    for caller in CALLERS
    if caller.name in ("stranger", "kunde", "provider", "rival", "anbieter", "other", "betreiber")
)
"""Callers of the table who can be members here: each of them the only one of an organisation in the roles that it holds.

stranger and rival are of other organisations, other is of the other channel.
"""


def expected(row: Row, person: Caller) -> int:
    """Return the status that the table has for somebody."""
    return row.expected[[caller.name for caller in CALLERS].index(person.name)]


def most_privileged(row: Row) -> Caller:
    """Return who gets furthest with a row: what is taken from them shows."""
    return min(PEOPLE, key=lambda person: expected(row, person))


@dataclass
class Members:
    """The scene with its APIs once more, over the same stores, deciding by rights that the tests write."""

    scene: Scene
    read: ReadRights
    client: httpx.AsyncClient

    @property
    def parts(self) -> dict[str, str]:
        """The other parts of paths, by name."""
        return self.scene.parts

    def admit(self, functions: Iterable[Function] = EVERYTHING, *, without: Caller | None = None) -> None:
        """Let everybody be a member of their organisation with these functions, but for one."""
        for person in PEOPLE:
            members = {} if person is without else {person.subject: functions}
            self.read.put(rights_of(person.organisation, members, person.roles))

    async def tag(self, service: str, path: str) -> str:
        """Return the entity tag of a thing as the scene reads it."""
        return await self.scene.tag(service, path)

    async def send(self, row: Row, person: Caller, organisation: str | None = None) -> httpx.Response:
        """Send a row's request, in the name of an organisation if one is given; take back what it changes."""
        token = self.scene.tokens.issuer.sign_token(subject=person.subject)
        named = {} if organisation is None else {"X-Organisation": organisation}
        answer = await send(self, row, token, thing_of(self.scene, row), **named)  # type: ignore[arg-type] # asks alike
        await self.scene.restore()
        return answer

    async def ask(
        self, token: str | None, request: tuple[str, str, str], body: object, headers: dict[str, str]
    ) -> httpx.Response:
        """Send a request (service, method, path)."""
        service, method, path = request
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self.client.request(method, f"http://{service}.test{path}", json=body, headers={**bearer, **headers})


@contextlib.asynccontextmanager
async def with_members(scene: Scene) -> AsyncIterator[Members]:
    """Yield the scene with members."""
    settings: AuthSettings = scene.tokens.authenticator.settings.model_copy(update={"rights_from": RightsFrom.MARKETPLACE})
    read = ReadRights()
    transports: dict[str, httpx.AsyncBaseTransport | None] = {}
    for name, service in scene.market.services.items():
        app = create_app(
            name,
            service.router,
            authenticator=SubjectAuthenticator(settings),
            rights=read.rights,
            store=scene.stores[name],
            health=FixedHealth(),
            even_step=timedelta(0),
        )
        transports[f"http://{name}.test"] = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(mounts=transports, timeout=30) as client:
        yield Members(scene, read, client)
