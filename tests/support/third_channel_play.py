"""``python -m tests.support.third_channel_play FILE``: in a copy with one channel more, play the whole flow through it.

The file then holds every record in its order, each with all that lay in the stores before it was handled, and what lies there in
the end. It is written by the version that knows the channel, for the one that does not.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC
from pathlib import Path
from typing import Any, cast

from bson import json_util
from bson.json_util import RELAXED_JSON_OPTIONS

from marktplatz.demo import flow
from marktplatz.demo.people import Json, Person
from marktplatz.embedded import Embedded
from marktplatz.loading import LOADERS
from services.eligibility.fact_store.fact_file import FactFile, file_decision
from services.eligibility.fact_store.facts import Facts
from shared.bus.record import RawRecord
from shared.clock import now
from shared.messages.values import Channel, Role
from shared.store.port import Collection
from shared.topics import CONTRACT_REQUESTS
from tests.support.marketplace import Marketplace, collections_of
from tests.support.third_channel import CHANNEL, FILE

JSON = RELAXED_JSON_OPTIONS.with_options(tz_aware=True, tzinfo=UTC)
CONTACT = {"name": "Erika Mustermann", "email": "erika@husum.example"}
Snapshot = dict[str, dict[str, list[dict[str, Any]]]]


def relation(*path: str) -> Json:
    """Return what an organisation states of its way to the Anbieter."""
    evidence = {"type": "SATZUNG", "title": "Satzung des Nordverbunds", "reference": "Az. 1"}
    return {"path": [*path, CHANNEL], "type": "MEMBER", "valid_from": "2024-01-01", "evidence": [evidence]}


def working(market: Marketplace, service: str) -> list[Collection]:
    """Return the collections of a service that hold more than reference data."""
    built = market.services[service]
    reference = {it.name for it in LOADERS[service][0]} if service in LOADERS else set()
    reference -= {ledger.collection.name for ledger in built.ledgers}
    return [collection for collection in collections_of(built) if collection.name not in reference]


async def snapshot(market: Marketplace) -> Snapshot:
    """Return all documents but the reference data, by service and collection."""
    return {
        service: {it.name: await store.scan(it, limit=10_000) for it in working(market, service)}
        for service, store in market.stores.items()
    }


def anbieter(market: Marketplace) -> Person:
    """Return the person at the Anbieter of the channel."""
    run, client = cast("Embedded", market), market.client
    return Person(run, client, "vertrieb.nordverbund", CHANNEL, str(FILE["name"]), (Role.ANBIETER,))


async def assume(market: Marketplace) -> None:
    """Record of the Anbieter of the channel what the demo assumes of the others."""
    proof = {"valid_from": None, "valid_to": None, "org": CHANNEL}
    facts = (
        {"id": f"{CHANNEL}:status", "kind": "authority_status", "class": "NR2", "evidence": ["angenommen.gesetz"], **proof},
        {
            "id": f"{CHANNEL}:kapital",
            "kind": "declaration",
            "subject": "NO_PRIVATE_CAPITAL",
            "evidence": ["angenommen.erklaerung"],
            **proof,
        },
    )
    figures = {
        "org": CHANNEL,
        "total": 100,
        "entrusted": 90,
        "evidence": ["angenommen.testat"],
        "years": [-4, -3, -2, -1],
    }
    file = FactFile.model_validate({"about": "", "reason": "Angenommen", "facts": facts, "figures": [figures]})
    await Facts(market.stores["eligibility"]).record(file_decision(file, now().date(), "demo"))


async def play(market: Marketplace) -> None:
    """Go from the registration to a productive service and its end, through the channel."""
    await assume(market)
    people, nordverbund, channel = market.people, anbieter(market), Channel(CHANNEL)
    husum, komm_one = people.husum, people.komm_one
    checklist = await komm_one.get("catalog", "/v1/reference/requirements")
    await husum.put("notify", "/v1/contacts/me", CONTACT)
    await flow.register(husum, nordverbund, "KUNDE", relation(husum.organisation))
    await flow.register(komm_one, nordverbund, "BEREITSTELLER", relation(komm_one.organisation))
    title = "Fahrgastbeförderung"
    form = flow.form(
        checklist,
        title=title,
        summary=title,
        topic_id="mobilitaet_reisen",
        ozg_ids=["10424"],
        anbindungsarten=["FIT_CONNECT"],
        channels=[CHANNEL],
    )
    offering = await flow.publish(komm_one, nordverbund, form)
    order = (await flow.declare(husum, offering["id"], CHANNEL))["id"]
    await flow.reaches(husum, order, "WEITERGELEITET", "ABGELEHNT")
    await flow.clarify(husum, komm_one, order, ["1st-Level-Support beim Kunden"])
    await flow.offer(nordverbund, order)
    await flow.place(husum, order, leitweg_id="04011000-900X999-08")
    await flow.reaches(husum, order, "VERTRAG_GESCHLOSSEN")
    live = await flow.deliver(husum, komm_one, order)
    await husum.post("ordering", f"/v1/orders/{order}/terminate", {"ends_on": "2099-12-31"})
    await market.bus.rest()

    assert live["state"] == "PRODUKTIV"
    ending = await husum.get("ordering", f"/v1/orders/{order}")
    refusal = ending["notice"]["refusal"]["code"]  # no ordinary notice is agreed in this channel
    assert (ending["state"], ending["ends_on"], ending["notice"]["pending"], refusal) == (
        *("PRODUKTIV", None, False),
        "notice_not_agreed",
    )
    assert live["verdict"]["verdict"] == "EXEMPT"
    (contract,) = await flow.contracts_of(husum, order)
    assert (contract["channel"], contract["number"]) == (CHANNEL, f"NV-{now().year}-0002")
    assert contract["anbieter"] == {"id": CHANNEL, "name": FILE["name"]}
    full = await nordverbund.get("contracts", f"/v1/contracts/{contract['id']}")
    assert (full["agb"]["version"], full["documents"][-1]) == ("2024", "Nutzungsbedingungen")
    register = await nordverbund.get("contracts", f"/v1/registers/{CHANNEL}/{now().year}")
    assert (register["last"], register["gaps"]) == (2, [])
    inbox = (await husum.get("notify", "/v1/inbox", {"limit": 200}))["items"]
    assert any(FILE["labels"]["de"] in f"{item['subject']} {item['body']}" for item in inbox), inbox[0]
    handled = [event.topic for event in market.bus.sent]
    assert handled.count(CONTRACT_REQUESTS[channel].name) == 2  # of the order, and of the notice at its end
    assert market.bus.rejected == []


async def played() -> dict[str, Any]:
    """Play and return what the file holds."""
    written: list[dict[str, Any]] = []
    async with Marketplace() as market:

        async def keep(record: RawRecord) -> None:
            fields = {"topic": record.topic, "key": record.key, "value": record.value, "headers": record.headers}
            written.append({"record": fields, "stores": await snapshot(market)})

        market.bus.before = keep
        await play(market)
        end = await snapshot(market)
    return {"records": written, "end": end}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json_util.dumps(asyncio.run(played()), json_options=JSON), encoding="utf-8")
