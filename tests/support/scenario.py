"""A story in which every kind of stored document comes into being, over the public interfaces."""

from __future__ import annotations

from marktplatz.demo import flow
from marktplatz.demo.people import Json, Person
from shared.aggregate import epochs
from shared.clock import now
from tests.support.marketplace import HUSUM, Marketplace

KEY = "the-key-of-the-first-interest"
CONTACT = {"name": "Erika Mustermann", "email": "erika@husum.example", "muted": ["ordering.order.milestone-reached.v1"]}


async def play(market: Marketplace) -> list[str]:
    """Play it and return the ids of the Vorgänge: one ended after its life, one declined, one with an offer on the table."""
    people = market.people
    husum, komm_one, govdigital = people.husum, people.komm_one, people.govdigital
    checklist = await komm_one.get("catalog", "/v1/reference/requirements")
    await husum.put("notify", "/v1/contacts/me", CONTACT)
    await flow.register(husum, govdigital, "KUNDE", HUSUM)
    offering = await flow.publish(komm_one, govdigital, _form(checklist))

    first = (await flow.declare(husum, offering["id"], "govdigital", KEY))["id"]
    await flow.reaches(husum, first, "WEITERGELEITET")
    await flow.clarify(husum, komm_one, first, ["1st-Level-Support beim Kunden"])
    await flow.offer(govdigital, first)
    await flow.place(husum, first, leitweg_id="04011000-900X999-08", order_reference="Best-1")
    await flow.reaches(husum, first, "VERTRAG_GESCHLOSSEN")
    await flow.deliver(husum, komm_one, first)
    await husum.post("ordering", f"/v1/orders/{first}/terminate", {"ends_on": "2099-12-31"})

    await komm_one.post("catalog", f"/v1/offerings/{offering['id']}/suspend", {"reason": "Wartung"})
    await komm_one.post("catalog", f"/v1/offerings/{offering['id']}/resume")
    second = (await flow.declare(people.husum, (await _second(market, checklist))["id"], "govdigital"))["id"]
    await flow.reaches(husum, second, "WEITERGELEITET")
    await komm_one.post("ordering", f"/v1/orders/{second}/decline", {"reason": "Keine Kapazität in diesem Jahr."})

    third_offer = await flow.publish(komm_one, govdigital, _form(checklist, title="Dritter Dienst"))
    third = await flow.ready_to_order(husum, komm_one, govdigital, third_offer["id"])
    await market.bus.rest()
    inbox = await husum.get("notify", "/v1/inbox")
    await husum.post("notify", f"/v1/inbox/{inbox['items'][0]['id']}/read")
    for store in market.stores.values():
        await epochs.mark_restored(store, now(), now())
        await epochs.begin_epoch(store, 1_700_000_000_000)
    return [first, second, third]


async def go_on(market: Marketplace, orders: list[str]) -> None:
    """Take the next steps on what ``play`` has left, on every aggregate."""
    people = market.people
    husum, komm_one, govdigital = people.husum, people.komm_one, people.govdigital
    first, _, third = orders
    offering_id = (await husum.get("ordering", f"/v1/orders/{first}"))["offering"]["id"]
    await flow.admit(komm_one, govdigital)
    again = await husum.send("POST", "ordering", "/v1/orders", interest(offering_id), KEY)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["id"] == first

    await flow.place(husum, third)
    await flow.reaches(husum, third, "VERTRAG_GESCHLOSSEN")
    (contract,) = await flow.contracts_of(husum, third)
    assert contract["number"] == (await husum.get("ordering", f"/v1/orders/{third}"))["contract"]["number"]
    await flow.deliver(husum, komm_one, third)

    checklist = await komm_one.get("catalog", "/v1/reference/requirements")
    await _change(komm_one, "PUT", "catalog", f"/v1/offerings/{offering_id}", _form(checklist, title="Neuer Titel"))
    await komm_one.post("catalog", f"/v1/offerings/{offering_id}/suspend", {"reason": "Umzug"})
    fields = {"leitweg_id": "04011000-900X998-11", "add_users": ["zweite.person"]}
    await _change(husum, "PATCH", "eligibility", f"/v1/organisations/{husum.organisation}", fields)
    reason = {"reason": "Die Nachweise gelten nicht mehr."}
    await govdigital.post("eligibility", f"/v1/organisations/{husum.organisation}/accreditations/govdigital/KUNDE/revoke", reason)
    await _change(husum, "PUT", "notify", "/v1/contacts/me", {**CONTACT, "name": "Erika Musterfrau"})
    await market.bus.rest()
    for item in (await husum.get("notify", "/v1/inbox", {"unread": "true", "limit": 200}))["items"]:
        await husum.post("notify", f"/v1/inbox/{item['id']}/read")
    assert market.bus.rejected == []


def interest(offering_id: str) -> Json:
    """Return the body that ``flow.declare`` has sent."""
    return {"offering_id": offering_id, "channel": "govdigital", "message": "Wir möchten den Dienst nachnutzen."}


async def _change(person: Person, method: str, service: str, path: str, body: Json) -> None:
    """Change what lies at a path as it was read a moment before."""
    url = f"{person.run.endpoints[service]}{path}"
    read = await person.client.get(url, headers=person.headers())
    headers = {**person.headers(), "If-Match": read.headers["ETag"]}
    answer = await person.client.request(method, url, json=body, headers=headers)
    assert answer.is_success, answer.text


async def _second(market: Marketplace, checklist: Json) -> Json:
    people = market.people
    return await flow.publish(people.komm_one, people.govdigital, _form(checklist, title="Zweiter Dienst"))


def _form(checklist: Json, title: str = "Fahrgastbeförderung") -> Json:
    return flow.form(
        checklist,
        title=title,
        summary=title,
        topic_id="mobilitaet_reisen",
        ozg_ids=["10424"],
        anbindungsarten=["FIT_CONNECT"],
        channels=["govdigital"],
    )
