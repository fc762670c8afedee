"""Everybody concerned got exactly one notification per event and channel."""

from __future__ import annotations

from collections import Counter

from marktplatz.demo import flow
from marktplatz.demo.people import eventually
from marktplatz.demo.screen import equals, holds
from marktplatz.demo.world import MARKETPLACE, World

CONCERNED = {
    "ordering.order.interest-declared.v1": ("customer",),
    "ordering.order.interest-forwarded.v1": ("provider",),
    "ordering.order.refused.v1": ("customer",),
    "ordering.order.clarification-started.v1": ("customer",),
    "ordering.order.point-settled.v1": ("not owner",),
    "ordering.order.question-asked.v1": ("not asked_by",),
    "ordering.order.question-answered.v1": ("not answered_by",),
    "ordering.order.conditions-confirmed.v1": ("customer", "channel"),
    "ordering.order.offer-made.v1": ("customer",),
    "ordering.order.placed.v1": ("provider", "channel"),
    "ordering.order.onboarding-started.v1": ("customer",),
    "ordering.order.milestone-reached.v1": ("customer", "provider"),
    "ordering.order.went-live.v1": ("customer", "provider", "channel"),
    "contracts.contract.concluded.v1": ("customer", "provider", "channel"),
}
"""Whom the story expects to be notified of an event, written down here independently of notify.

``not owner``: the side that the event's field ``owner`` does not name.
"""


async def notifications(world: World) -> None:
    """Compare what was delivered with who is concerned, and with what the mail server got."""
    screen, people = world.screen, world.cast
    await world.tap.caught_up("notify.dispatch")
    deliveries = await eventually("deliveries settle", world.tap.settled_deliveries)
    keys = [(d["event_id"], d["organisation"], d.get("person"), d["channel"]) for d in deliveries]
    inboxes = Counter((d["event_id"], d["organisation"]) for d in deliveries if d["channel"] == "INBOX")
    expected = await world.tap.concerned(CONCERNED)
    wrong = {pair: inboxes[pair] for pair in expected if inboxes[pair] != 1}
    screen.scene(
        MARKETPLACE,
        f"stellt {len(keys)} Benachrichtigungen zu, keine doppelt; alle {len(expected)} Betroffenen erreicht.",
        equals("doppelte Benachrichtigungen", len(keys) - len(set(keys)), 0),
        holds("es gibt Benachrichtigungen und Betroffene", keys and expected, (len(keys), len(expected))),
        holds("jeder Betroffene hat genau eine im Posteingang", not wrong, wrong),
    )
    mails = sum(1 for d in deliveries if d["channel"] == "EMAIL")
    screen.scene(
        MARKETPLACE,
        f"sendet {mails} davon als E-Mail; ebenso viele kamen am Mailserver an.",
        holds("es gibt E-Mails", mails > 0, mails),
        equals("E-Mails am Mailserver", world.run.smtp.count, mails),
    )
    numbers = [
        contract["number"]
        for order in world.orders
        for person in (people.husum, people.sachsen)
        for contract in await flow.contracts_of(person, order)
        if contract["customer"]["id"] == person.organisation
    ]
    inbox = await people.husum.get("notify", "/v1/inbox", {"limit": 1})
    screen.scene(
        "Husum",
        "hat zuoberst im Posteingang, dass die Leistung produktiv ist.",
        holds("die oberste Nachricht sagt es", "produktiv" in inbox["items"][0]["subject"], inbox["items"][0]),
        equals("Verträge, jeder mit eigener Nummer", len(numbers), len(set(numbers))),
    )
