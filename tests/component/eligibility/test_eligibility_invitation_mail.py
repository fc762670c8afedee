"""An invitation goes by mail from the API to the person invited, who accepts it; its secret and the address stay hidden."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.eligibility.domain.invitation import MOST_MAILS
from services.eligibility.repository import ORGANISATIONS
from services.eligibility.settings import Settings
from services.notify.domain.transitions import NotificationState
from services.notify.repository import NOTIFICATIONS
from shared.http.idempotency import COLLECTION
from shared.key_file import ensure_key_file
from shared.messages.eligibility_invitations import InvitationAddressed
from shared.store.port import Query
from shared.store.sqlite.store import SqliteStore
from tests.component.eligibility.conftest import ANNA, BERT, HUSUM, World
from tests.component.notify.workbench import Bench, WatchedStore, open_store, received
from tests.support.smtp import CapturingServer

INVITATIONS = f"/organisations/{HUSUM}/invitations"
ADDRESS = "erika.muster@husum.example"
DIERK = f"dierk/{HUSUM}/KUNDE"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The file of keys that both services read."""
    ensure_key_file(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
async def mailing(store: SqliteStore, keys: Path) -> AsyncIterator[World]:
    """Eligibility with keys, Husum registered by Anna."""
    world = World(store, Settings(_env_file=None, invitation_keys=keys))
    await world.register(ANNA, ["KUNDE"], [])
    yield world
    await world.clear()


@pytest.fixture
async def mails() -> AsyncIterator[WatchedStore]:
    """The store of notify."""
    store = await open_store()
    yield store
    await store.close()


async def invite(world: World, **fields: Any) -> dict[str, Any]:
    """Let Anna invite Erika by mail."""
    answer = await world.call("POST", INVITATIONS, ANNA, {"functions": ["BEARBEITUNG"], "email": ADDRESS, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def again(world: World, invitation: str, token: str = ANNA, **headers: str) -> tuple[int, str | None]:
    """Have an invitation sent once more."""
    answer = await world.call("POST", f"{INVITATIONS}/{invitation}/mail", token, {"email": ADDRESS}, **headers)
    return answer.status_code, answer.json().get("code")


async def test_under_its_key_it_is_mailed_once_and_a_secret_is_computed_again(mailing: World) -> None:
    others = await marked(mailing)
    by_mail = {"functions": ["BEARBEITUNG"], "email": ADDRESS}
    for _ in range(2):
        answer = await mailing.call("POST", INVITATIONS, ANNA, by_mail, Idempotency_Key="mailed")
        assert (answer.status_code, answer.json().get("secret")) == (201, None)
    assert len(addressed(mailing)) == 1
    by_hand = {"functions": ["BEARBEITUNG"]}
    first, again = [await mailing.call("POST", INVITATIONS, ANNA, by_hand, Idempotency_Key="handed-over") for _ in range(2)]
    assert again.json() == first.json()
    assert first.json()["secret"] is not None
    marks = await marked(mailing)
    assert len(marks.keys() - others.keys()) == 2
    assert first.json()["secret"] not in str(marks)
    assert await accept(mailing, BERT, first.json()["secret"]) == 200


async def marked(world: World) -> dict[str, dict[str, Any]]:
    """Return what is kept of requests by their keys, those of tests before included."""
    kept = await world.store.find(COLLECTION, Query("expiry", below=world.now + timedelta(days=400), limit=1000))
    return {mark["_id"]: mark for mark in kept}


async def accept(world: World, token: str, secret: str) -> int:
    """Accept an invitation."""
    body = {"organisation": HUSUM, "secret": secret}
    return (await world.call("POST", "/invitations/accept", token, body)).status_code


def addressed(world: World) -> list[InvitationAddressed]:
    """Return what notify has been asked to send."""
    return [
        InvitationAddressed.model_validate_json(event.body)
        for event in world.publisher.events
        if event.type == InvitationAddressed.TYPE
    ]


def key_file(file: Path, *others: Path) -> Path:
    """Write a file with the keys of others, without any a file that holds none."""
    lines = "".join(other.read_text(encoding="ascii") for other in others)
    file.write_text(lines or "too-short\n", encoding="ascii")
    return file


async def sent(world: World, bench: Bench) -> None:
    """Let notify read what it was asked and send."""
    bench.clock.time = world.now
    await bench.consume([received(message, number) for number, message in enumerate(addressed(world), 1)])
    await bench.send()


async def test_the_link_in_the_mail_makes_its_reader_a_member_once(mailing: World, mails: WatchedStore, keys: Path) -> None:
    invited = await invite(mailing)
    async with CapturingServer() as smtp:
        bench = Bench(mails, smtp_host=smtp.host, smtp_port=smtp.port, invitation_keys=keys, portal_url="https://portal.example")
        await sent(mailing, bench)
    (mail,) = smtp.mails
    assert mail.recipients == (ADDRESS,)
    assert mail.message["Content-Language"] == "de"
    assert "List-Unsubscribe" not in mail.message
    assert "- Bearbeitung" in mail.text.splitlines()
    link = re.search(rf"https://portal\.example/invitations/{HUSUM}#(\S+)", mail.text)
    assert link is not None
    assert invited["secret"] is None
    assert await accept(mailing, BERT, link[1]) == 200
    assert await accept(mailing, DIERK, link[1]) == 404


async def test_neither_secret_nor_address_lie_anywhere_in_clear(mailing: World, mails: WatchedStore, keys: Path) -> None:
    await invite(mailing, language="en")
    async with CapturingServer() as smtp:
        bench = Bench(mails, smtp_host=smtp.host, smtp_port=smtp.port, invitation_keys=keys)
        smtp.answer("451 4.3.0 later")
        await sent(mailing, bench)
        waiting = str(await mails.get(NOTIFICATIONS, mails.notifications[0]))
        bench.clock.turn(hours=1)
        await bench.send()
    (mail,) = smtp.mails
    assert mail.text.startswith("Good day,")
    secret = mail.text.partition("#")[2].split()[0]
    places = [
        str(await mailing.store.get(ORGANISATIONS, HUSUM)),
        json.dumps([event.data for event in mailing.publisher.events]),
        json.dumps([event.data for event in bench.recorded.events]),
        waiting,
    ]
    assert not [place for place in places if secret in place or ADDRESS in place]
    assert addressed(mailing)[0].address in waiting
    assert addressed(mailing)[0].address not in str(await mails.get(NOTIFICATIONS, mails.notifications[0]))


async def test_an_open_invitation_is_sent_again_with_the_same_link_a_few_times(mailing: World) -> None:
    invited = (await invite(mailing))["id"]
    assert await again(mailing, invited, Idempotency_Key="once") == (200, None)
    assert await again(mailing, invited, Idempotency_Key="once") == (200, None)
    assert [(it.invitation_id, it.key) for it in addressed(mailing)] == [(invited, addressed(mailing)[0].key)] * 2
    for _ in range(MOST_MAILS - 2):
        assert await again(mailing, invited) == (200, None)
    assert await again(mailing, invited) == (409, "too_many_mails")
    shown = (await mailing.call("GET", f"/organisations/{HUSUM}/members", ANNA)).json()["invitations"]
    assert [it["mails"] for it in shown] == [MOST_MAILS]


async def test_what_has_ended_is_not_sent(mailing: World, mails: WatchedStore, keys: Path) -> None:
    revoked, expired = (await invite(mailing))["id"], (await invite(mailing))["id"]
    await mailing.change("DELETE", f"{INVITATIONS}/{revoked}", ANNA)
    assert await again(mailing, revoked) == (409, "invitation_closed")
    mailing.now += Settings(_env_file=None).invitation_term
    assert await again(mailing, expired) == (409, "invitation_closed")
    assert (await again(mailing, HUSUM))[0] == 422
    async with CapturingServer() as smtp:
        bench = Bench(mails, smtp_host=smtp.host, smtp_port=smtp.port, invitation_keys=keys)
        await sent(mailing, bench)
    assert smtp.mails == []
    assert {(it.state, it.code) for it in await bench.all()} == {(NotificationState.VERWORFEN, "invitation_expired")}


async def test_keys_are_replaced_while_invitations_are_under_way(mailing: World, mails: WatchedStore, keys: Path) -> None:
    before = (await invite(mailing))["id"]
    old = key_file(keys.with_name("old"), keys)
    ensure_key_file(keys.with_name("new"))
    key_file(keys, keys.with_name("new"), old)
    await invite(mailing)
    assert await again(mailing, before) == (200, None)
    first, second, repeated = addressed(mailing)
    assert first.key == repeated.key != second.key
    async with CapturingServer() as smtp:
        behind = key_file(keys.with_name("behind"), old)
        bench = Bench(mails, smtp_host=smtp.host, smtp_port=smtp.port, invitation_keys=behind)
        await sent(mailing, bench)
        assert len(smtp.mails) == 2, "the mail by the key that is not here yet waits"
        key_file(behind, keys)
        bench.clock.turn(hours=1)
        await bench.send()
    assert len(smtp.mails) == 3
    secrets = [mail.text.partition("#")[2].split()[0] for mail in smtp.mails]
    assert (secrets[0], len(set(secrets))) == (secrets[1], 2)
    assert await accept(mailing, BERT, secrets[0]) == 200
    assert await accept(mailing, DIERK, secrets[2]) == 200


async def test_without_keys_invitations_are_passed_on_by_hand_only(world: World, keys: Path) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    refused = await world.call("POST", INVITATIONS, ANNA, {"email": ADDRESS})
    assert (refused.status_code, refused.json()["code"]) == (503, "invitation_key_missing")
    by_hand = (await world.call("POST", INVITATIONS, ANNA, {})).json()
    assert await again(world, by_hand["id"]) == (409, "invitation_without_key")
    assert await accept(world, BERT, by_hand["secret"]) == 200
    broken = World(world.store, Settings(_env_file=None, invitation_keys=key_file(keys)))
    refused = await broken.call("POST", INVITATIONS, ANNA, {"email": ADDRESS})
    assert (refused.status_code, refused.json()["code"]) == (503, "invitation_key_missing")


async def test_only_addresses_are_taken(mailing: World) -> None:
    for address in ("erika", "erika@husum.example\r\nBcc: x@example.org", ""):
        refused = await mailing.call("POST", INVITATIONS, ANNA, {"email": address})
        assert refused.status_code == 422, address
    assert addressed(mailing) == []
