"""What became of it all, as each side sees it in the portal: in a real browser, where one is installed."""

from __future__ import annotations

from marktplatz.demo import flow
from marktplatz.demo.browser import opened, program
from marktplatz.demo.people import Person
from marktplatz.demo.screen import Check, holds
from marktplatz.demo.world import World


async def browser(world: World) -> None:
    """Have each side log in to the portal by a click, and read the first Vorgang of the story there."""
    found, portal = program(), world.run.portal
    if found is None or portal is None:
        world.screen.line("Im Browser wird nichts gezeigt: dafür fehlt chromium-headless-shell oder chromium.")
        return
    cast, order_id = world.cast, world.orders[0]
    order = await cast.husum.get("ordering", f"/v1/orders/{order_id}")
    (contract,) = await flow.contracts_of(cast.husum, order_id)
    vorgang = (f"/orders/{order_id}", order["number"])
    vertrag = (f"/contracts/{contract['id']}", contract["number"])
    title = order["offering"]["title"]
    pages: tuple[tuple[Person, tuple[tuple[str, str], ...]], ...] = (
        (cast.husum, ((f"/offerings/{order['offering']['id']}", title), vorgang, vertrag, ("/inbox", "produktiv"))),
        (cast.komm_one, (("/my/offerings", title), vorgang, vertrag)),
        (cast.govdigital, (("/tasks", "Akkreditierungen prüfen"), vorgang, vertrag)),
    )
    checks: list[Check] = []
    async with opened(found, portal) as window:
        for person, expected in pages:
            shown = await window.sees(person.subject, tuple(path for path, _ in expected))
            for (path, words), text in zip(expected, shown, strict=True):
                checks.append(holds(f"{path} zeigt {person.organisation_name}: {words}", words in text, text))
    world.screen.scene("Alle drei", "sehen Vorgang, Vertrag und Posteingang im Portal, angemeldet im Browser.", *checks)
