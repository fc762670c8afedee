"""What the run has left behind, as tables: for the report, and for the screen with ``--verbose``."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import ConsumerRecord

from marktplatz.demo import flow
from marktplatz.demo.acts.ordering import chain
from marktplatz.demo.people import Json, Person
from marktplatz.demo.tap import header
from marktplatz.demo.world import SHORT, World, euro, name_of
from shared.topics import TOPICS

NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Table:
    """One table; its rows are of the columns' length. ``folded``: long, shown on demand."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart: ``length`` of the longest one's 1, and what stands beside it."""

    label: str
    length: float
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """Tables on one subject, with a sentence that introduces them; ``chart`` shows the first of them."""

    title: str
    text: str
    tables: tuple[Table, ...]
    chart: tuple[Bar, ...] = ()


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, folded: bool = False) -> Table:
    """Return a table of the texts of its cells; nothing is shown as a dash."""
    cells = tuple(tuple(NOTHING if cell in (None, "") else str(cell) for cell in row) for row in rows)
    return Table(caption, tuple(columns), cells, folded)


async def sections(world: World) -> list[Section]:
    """Return everything that the run has left behind, read over the public interfaces, the topics and the mail server."""
    orders = [
        (person, order) for order_id in world.orders if (found := await _seen(world, order_id)) for person, order in [found]
    ]
    records = {topic.name: await world.tap.records(topic.name) for topic in TOPICS}
    return [
        Section("Angebote", "Was im Schaufenster steht.", (await _offers(world),)),
        Section(
            "Vorgänge",
            "Stand und Verlauf jeder Bestellung.",
            (_orders(world, orders), *(_timeline(world, order) for order in _each(orders))),
        ),
        Section(
            "Urteile nach § 108 GWB",
            "Jeder Befund mit seiner Regel; der schlechteste entscheidet. Verantwortlich bleibt der Auftraggeber.",
            tuple(_verdict(world, order) for order in _each(orders)),
        ),
        Section("Vertragsketten", "Wer mit wem über welchen Anbieter.", (await _contracts(world, orders),)),
        Section(
            "Kosten", "Ein Jahrespreis nach dem Königsteiner Schlüssel 2019 auf alle Länder.", (_split(world),), _bars(world)
        ),
        Section(
            "Ereignisse je Topic",
            "In der Reihenfolge jeder Partition; alle Ereignisse eines Vorgangs stehen in derselben.",
            (_counts(records), *(_events(topic, found) for topic, found in records.items())),
        ),
        Section("Benachrichtigungen", "Je Organisation und Weg.", (await _deliveries(world),)),
        Section("E-Mails", "Was am Mailserver dieses Laufs ankam.", (await asyncio.to_thread(_mails, world.run.smtp.folder),)),
        Section("Prozesse und Schnittstellen", "In diesem Lauf; dauerhaft mit „make up“.", _processes(world)),
    ]


def _each(orders: Iterable[tuple[Person, Json]]) -> list[Json]:
    return [order for _, order in orders]


async def _seen(world: World, order_id: str) -> tuple[Person, Json] | None:
    """Return a Vorgang and the Kunde who sees it."""
    for person in world.kunden:
        response = await person.send("GET", "ordering", f"/v1/orders/{order_id}")
        if response.is_success:
            return person, response.json()
    return None


async def _offers(world: World) -> Table:
    found = await world.cast.husum.get("catalog", "/v1/offerings", {"kind": "offering", "limit": 100})
    rows = [
        (
            item["title"],
            ", ".join(provider["name"] for provider in item["providers"]),
            world.label("OfferingState", item["state"]),
            ", ".join(SHORT.get(channel, channel) for channel in item["channels"]),
            ", ".join(world.label("Anbindungsart", kind) for kind in item["anbindungsarten"]),
        )
        for item in found["items"]
    ]
    return table("Angebote im Schaufenster", ("Leistung", "Bereitsteller", "Stand", "Anbieter", "Anbindung"), rows)


def _orders(world: World, orders: Sequence[tuple[Person, Json]]) -> Table:
    rows = [
        (
            order["number"],
            order["customer"]["name"],
            order["offering"]["title"],
            name_of(order, "ANBIETER"),
            world.label("OrderState", order["state"]),
            name_of(order, order["waiting"]["party"]) if order["waiting"] else "niemanden",
            order["contract"]["number"] if order["contract"] else None,
        )
        for _, order in orders
    ]
    columns = ("Vorgang", "Kunde", "Leistung", "Anbieter", "Stand", "wartet auf", "Vertrag")
    return table("Alle Vorgänge", columns, rows)


def _timeline(world: World, order: Json) -> Table:
    rows = [
        (
            step["at"][11:19],
            step["command"],
            name_of(order, step["party"]),
            world.label("OrderState", step["state"]),
            step.get("note"),
        )
        for step in order["timeline"]
    ]
    caption = f"Verlauf von {order['number']}: {order['offering']['title']}"
    return table(caption, ("Zeit (UTC)", "Schritt", "durch", "Stand danach", "Vermerk"), rows, folded=True)


def _verdict(world: World, order: Json) -> Table:
    verdict = order["verdict"]
    rows = [
        (
            finding["rule"],
            finding["leg"],
            world.label("Verdict", finding["verdict"]),
            finding["reason"],
            "; ".join(finding["facts"] + finding["evidence"]),
            finding["remedy"],
        )
        for finding in verdict["findings"]
    ]
    result = world.label("Verdict", verdict["verdict"]) if verdict["verdict"] else "noch keines"
    caption = f"{order['number']}, {order['customer']['name']} über {name_of(order, 'ANBIETER')}: {result}"
    return table(caption, ("Regel", "Strecke", "Befund", "Grund", "Tatsachen und Nachweise", "Abhilfe"), rows, folded=True)


async def _contracts(world: World, orders: Sequence[tuple[Person, Json]]) -> Table:
    rows = []
    for person, order in orders:
        for item in await flow.contracts_of(person, order["id"]):
            contract = await person.get("contracts", f"/v1/contracts/{item['id']}")
            totals = ", ".join(f"{euro(total['cents'])} {world.label('Period', total['period'])}" for total in contract["totals"])
            agb = contract["agb"]["version"] if contract["agb"] else None
            rows.append((contract["number"], chain(contract), contract["offering_title"], agb, totals, contract["concluded_at"]))
    columns = ("Vertrag", "Kunde → Anbieter → Bereitsteller", "Leistung", "AGB", "Summe", "geschlossen (UTC)")
    return table("Verträge", columns, sorted(rows))


def _split(world: World) -> Table:
    rows = [(name, share, euro(cents)) for name, share, cents in world.split]
    total = ("Summe", None, euro(sum(cents for _, _, cents in world.split)))
    return table("Anteile der Länder", ("Land", "Anteil (Bruch)", "Betrag im Jahr"), [*rows, total])


def _bars(world: World) -> tuple[Bar, ...]:
    most = max((cents for _, _, cents in world.split), default=1)
    return tuple(Bar(name, cents / most, euro(cents)) for name, _, cents in world.split)


def _counts(records: dict[str, list[ConsumerRecord[bytes, bytes]]]) -> Table:
    rows = [(topic, len(found), len({header(record, "ce_type") for record in found})) for topic, found in records.items()]
    return table("Anzahl je Topic", ("Topic", "Ereignisse", "Arten"), rows)


def _events(topic: str, records: Sequence[ConsumerRecord[bytes, bytes]]) -> Table:
    rows = [
        (
            f"{record.partition}/{record.offset}",
            datetime.fromtimestamp(record.timestamp / 1000, UTC).strftime("%H:%M:%S.%f")[:-3],
            header(record, "ce_type"),
            (record.key or b"").decode(errors="replace"),
            header(record, "ce_sequence"),
        )
        for record in sorted(records, key=lambda record: (record.partition, record.offset))
    ]
    return table(topic, ("Partition/Offset", "Zeit (UTC)", "Art", "Schlüssel", "Folge"), rows, folded=True)


async def _deliveries(world: World) -> Table:
    count = Counter((item["organisation"], item["channel"]) for item in await world.tap.deliveries())
    rows = [(organisation, world.label("DeliveryChannel", way), number) for (organisation, way), number in sorted(count.items())]
    return table("Zustellungen", ("Organisation", "Weg", "Anzahl"), rows)


def _mails(folder: Path) -> Table:
    rows = []
    for file in sorted(folder.glob("*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        rows.append((int(file.stem), mail["To"], mail["Subject"], mail["Date"]))
    return table("E-Mails", ("Nr.", "An", "Betreff", "Datum"), rows, folded=True)


def _processes(world: World) -> tuple[Table, ...]:
    run = world.run
    started = table(
        "Prozesse", ("Prozess", "PID", "Starts"), [(name, child.pid, child.starts) for name, child in run.children.items()]
    )
    addresses = table(
        "Schnittstellen", ("Dienst", "Dokumentation"), [(name, f"{url}/docs") for name, url in sorted(run.endpoints.items())]
    )
    return started, addresses
