"""What a person may do is decided in every process by the marketplace itself, within seconds, and by nothing too old."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from marktplatz.demo.people import LIMITS, eventually
from marktplatz.embedded import RIGHTS_FROM, Embedded
from marktplatz.infrastructure.kafka_native import NativeKafka
from marktplatz.loading import load_assumed_facts, load_reference_data
from shared.http.oidc import RightsFrom
from shared.process.settings import ProcessSettings
from tests.support.reference_excerpt import write_few_municipalities

HUSUM = "010540056056"
MOST_AGE = 8
SECONDS = 30.0
"""Bound of a machine that is busy; on an idle one it takes less than one."""
OWN = {
    "catalog": "/v1/my/offerings",
    "eligibility": f"/v1/organisations/{HUSUM}",
    "ordering": "/v1/orders",
    "contracts": "/v1/contracts",
    "notify": "/v1/inbox",
}
"""What each service shows to members only."""


class Play:
    """Requests of people whose tokens say who they are and no more."""

    def __init__(self, run: Embedded, client: httpx.AsyncClient) -> None:
        self.run = run
        self.client = client

    async def ask(
        self, subject: str, service: str, path: str, method: str = "GET", body: object = None, **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(
            method,
            f"{self.run.endpoints[service]}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.run.token(subject=subject)}", **named},
        )

    async def everywhere(self, subject: str) -> dict[str, tuple[int, str | None]]:
        """Return what each service answers: status and code."""
        answers = {service: await self.ask(subject, service, path) for service, path in OWN.items()}
        return {service: (it.status_code, None if it.is_success else it.json()["code"]) for service, it in answers.items()}

    async def soon(self, subject: str, wished: dict[str, tuple[int, str | None]], seconds: float = SECONDS) -> None:
        """Wait until every service answers so."""

        async def answered() -> bool | None:
            return await self.everywhere(subject) == wished or None

        await eventually(f"{subject} gets {wished}", answered, seconds)


def all_with(status: int, code: str | None) -> dict[str, tuple[int, str | None]]:
    return dict.fromkeys(OWN, (status, code))


MEMBER = all_with(200, None) | {"catalog": (403, "role_missing")}
"""What a member of a Kunde gets: offers are the matter of a Bereitsteller, whom catalog asks for after the membership."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NativeKafka]:
    broker = NativeKafka(tmp_path_factory.mktemp("rights-broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
async def play(broker: NativeKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Play]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap)
    settings = ProcessSettings(var=tmp_path)
    first = {"govdigital": "gerd", "marktplatz": "otto"}
    environment = {
        RIGHTS_FROM: RightsFrom.MARKETPLACE.value,
        "AUTH_RIGHTS_MOST_AGE": f"PT{MOST_AGE}S",
        "ELIGIBILITY_FIRST_MEMBERS": json.dumps(first),
    }
    async with Embedded(settings, environment) as run, httpx.AsyncClient(timeout=30, limits=LIMITS) as client:
        data = write_few_municipalities(tmp_path / "data")
        await load_reference_data(ProcessSettings(var=tmp_path, data=data), lambda _kind, _done, _total: None)
        await load_assumed_facts(settings)
        yield Play(run, client)


async def test_a_person_acts_as_the_marketplace_knows_them_and_is_stopped_everywhere_within_seconds(
    play: Play, broker: NativeKafka
) -> None:
    assert set((await play.everywhere("anna")).values()) == {(403, "no_membership")}
    person = {"capacity": "BEVOLLMAECHTIGT", "confirmed": True}
    registration = {"organisation": HUSUM, "person": person, "roles": ["KUNDE"], "anbieter": ["govdigital"], "kunde": {}}
    answer = await play.ask("anna", "eligibility", "/v1/organisations", "POST", registration)
    assert answer.status_code == 201, answer.text
    await play.soon("anna", MEMBER)

    async def change(subject: str, fields: dict[str, list[str]]) -> None:
        path = f"/v1/organisations/{HUSUM}"
        tag = (await play.ask(subject, "eligibility", path)).headers["ETag"]
        answer = await play.ask(subject, "eligibility", path, "PATCH", fields, If_Match=tag)
        assert answer.is_success, answer.text

    await change("anna", {"add_users": ["bert"]})
    await play.soon("bert", MEMBER)

    accreditation = f"/v1/organisations/{HUSUM}/accreditations/govdigital/KUNDE"
    for step in ("review", "grant"):
        answer = await play.ask("gerd", "eligibility", f"{accreditation}/{step}", "POST")
        assert answer.is_success, answer.text
    refused = await play.ask(
        "anna", "eligibility", f"{accreditation}/revoke", "POST", {"reason": "X"}, X_Organisation="govdigital"
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "not_a_member")
    assert (await play.ask("otto", "ordering", "/v1/partners")).status_code == 200

    await change("bert", {"remove_users": ["anna"]})
    await play.soon("anna", all_with(403, "no_membership"))
    assert await play.everywhere("bert") == MEMBER

    await asyncio.to_thread(broker.stop)
    try:
        await play.soon("bert", all_with(503, "rights_unavailable"), MOST_AGE + 60.0)
        answer = await play.ask("bert", "contracts", "/v1/contracts")
        assert int(answer.headers["Retry-After"]) > 0
        assert (await play.client.get(f"{play.run.endpoints['catalog']}/v1/offerings")).status_code == 200
    finally:
        await asyncio.to_thread(broker.start)
    await play.soon("bert", MEMBER, 90.0)
    assert set((await play.everywhere("anna")).values()) == {(403, "no_membership")}
