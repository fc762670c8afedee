"""A portal with the portal kit: late, absent, damaged; in step each time, and known to be so by the marketplace.

And one without Kafka, by the change feed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from marktplatz.demo.cast import Cast
from marktplatz.demo.people import eventually
from marktplatz.demo.portal import Portal
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded
from shared.fold import entry_digest, fold_digest
from shared.messages.values import Role
from shared.topics import KNOWN_SERVICES, OFFERINGS
from tests.conformance.checks import Checks

TOPICS = {"offering": OFFERINGS, "known-service": KNOWN_SERVICES}
FEEDS = {"/v1/offerings/changes": "offering", "/v1/known-services/changes": "service"}
NAME = "portal-konform"


async def try_portal(checks: Checks, program: Path, tap: Tap, people: Cast, offers: list[str], folder: Path) -> None:
    """Follow the catalog with the kit, change the catalog meanwhile, damage the portal's store."""
    portal = Portal(NAME, tap.bootstrap, folder, program)
    await _in_step(checks, "joins late", portal, tap)
    shown = await portal.offers()
    checks.record("portal shows every offer", set(offers) <= shown.keys(), sorted(shown))

    withdrawn = offers[-1]
    await people.komm_one.post("catalog", f"/v1/offerings/{withdrawn}/withdraw", {"reason": "Wird eingestellt."})
    await people.komm_one.post("catalog", f"/v1/offerings/{offers[-2]}/suspend", {"reason": "Wartung."})

    await eventually("the withdrawn offer has left the topic", lambda: tap.is_removed(OFFERINGS.name, withdrawn))
    await _in_step(checks, "was away", portal, tap)
    shown = await portal.offers()
    checks.record("portal shows the withdrawn offer no more", withdrawn not in shown, sorted(shown))
    checks.record("portal shows the suspension", shown[offers[-2]]["state"] == "AUSGESETZT", shown[offers[-2]]["state"])
    checks.record("audit finds the store whole", (await portal.verify()).code == 0)

    portal.change_one_byte()
    audited = await portal.verify()
    checks.record("audit finds one changed byte", audited.code == 1, audited)
    await _in_step(checks, "heals itself", portal, tap)
    audited = await portal.verify()
    checks.record("audit finds the healed store whole", audited.code == 0, audited)


async def _in_step(checks: Checks, when: str, portal: Portal, tap: Tap) -> None:
    ended = await portal.follow()
    checks.record(f"portal {when}: follows to the end and is verified", ended.code == 0, ended)
    for name, topic in TOPICS.items():
        expected, found = await tap.checkpoint(name, topic.name), await portal.digest(topic.name)
        checks.record(f"portal {when}: digest of {topic.name} is the marketplace's", found == expected, (found, expected))


async def try_feed(checks: Checks, run: Embedded) -> None:
    """Follow the catalog over HTTP, page by page, and compare what was read with the checkpoint that comes with the last page."""
    async with httpx.AsyncClient(base_url=run.endpoints["catalog"], timeout=30) as client:
        for path, member in FEEDS.items():
            entries: dict[str, str] = {}
            page = await _page(client, path, None)
            while not page["complete"]:
                _apply(page, member, entries)
                page = await _page(client, path, page["next"])
            _apply(page, member, entries)
            found = fold_digest((key.encode(), digest) for key, digest in entries.items())
            expected = page["checkpoint"]["sha256"]
            checks.record(f"change feed {path}: the fold is the marketplace's", found == expected, (found, expected))


async def try_view(checks: Checks, run: Embedded) -> None:
    """Ask the marketplace how the portal stands, as an operator."""
    token = run.token(subject="otto", organisation="betreiber", organisation_name="Betrieb", roles=[Role.BETREIBER])
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=run.endpoints["catalog"], timeout=30, headers=headers) as client:

        async def in_step() -> str | None:
            answer = await client.get(f"/v1/portals/{NAME}")
            state = answer.json().get("state")
            return str(state) if state == "in-step" else None

        checks.record("the marketplace sees the portal in step", await eventually(f"{NAME} is seen in step", in_step, 60))


async def _page(client: httpx.AsyncClient, path: str, cursor: str | None) -> dict[str, Any]:
    answer = await client.get(path, params={"limit": 2} | ({} if cursor is None else {"cursor": cursor}))
    page: dict[str, Any] = answer.raise_for_status().json()
    return page


def _apply(page: dict[str, Any], member: str, entries: dict[str, str]) -> None:
    for item in page["items"]:
        if item.get("body") is None:
            entries.pop(item["key"], None)
        else:
            entries[item["key"]] = entry_digest(json.dumps(item["body"]).encode(), member)
