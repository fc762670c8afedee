"""What happens on the secured broker, once for all tests: work, outage, dead letters, operators, loss and restore."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.checks.generic.objects import items, mapping, name_of, text
from marktplatz.demo import flow
from marktplatz.demo.cast import Cast
from marktplatz.demo.cast import cast as cast_of
from marktplatz.demo.people import LIMITS, Json, Person, eventually
from marktplatz.people import OPERATOR
from shared.bus.dead_letter_operations import list_dead_letters
from shared.topics import DEAD_LETTERS, DELIVERIES, ORDERS, ORGANISATIONS, PROVISIONS, SUBMISSIONS, TOPICS, Topic, subscribed
from tests.deploy.kafka_rights.cluster import ONLY_READS, RENEWED, Cluster, Done
from tests.deploy.kafka_rights.manifests import Right
from tests.deploy.kafka_rights.secured_kafka import ADMIN, Decision
from tests.deploy.kafka_rights.strimzi import create_topics

if TYPE_CHECKING:
    from marktplatz.embedded import Embedded

CONSUMED = [topic.name for topic in TOPICS if topic.consumers]
RELAYED: Mapping[str, tuple[Topic, ...]] = {
    "catalog-worker": (PROVISIONS, SUBMISSIONS),
    "eligibility-worker": (ORGANISATIONS,),
    "ordering-worker": (ORDERS,),
}
"""What workers send for the APIs that could not while the broker was away."""
_HUSUM = {
    "path": ["010540056056", "itvsh", "dataport", "govdigital"],
    "type": "TRAEGER",
    "valid_from": "2012-01-01",
    "evidence": [{"type": "SATZUNG", "title": "Organisationssatzung", "reference": "Az. 1"}],
}
_SETTLED_SECONDS = 60.0
Orders = list[tuple[Person, str]]
"""Vorgänge up to where they can be ordered, each with its Kunde."""
_AT_ONCE = 3


@dataclass(slots=True)
class Played:
    """What came of it. ``commands`` are the operators' ones; ``lag`` is what KEDA saw, by group and topic.

    ``sent_back`` holds the status of a replay by the API of each group's service, ``stated`` what that API says of the group.

    ``after_outage`` are the subjects that the process with a renewed certificate showed on its new connections.
    """

    cluster: Cluster
    contracts: dict[str, list[Json]] = field(default_factory=dict)
    mails: int = 0
    letters: dict[str, int] = field(default_factory=dict)
    commands: dict[str, Done] = field(default_factory=dict)
    lag: dict[tuple[str, str], int] = field(default_factory=dict)
    sent_back: dict[str, int] = field(default_factory=dict)
    stated: dict[str, Json] = field(default_factory=dict)
    only_reads: dict[str, httpx.Response] = field(default_factory=dict)
    after_outage: set[str] = field(default_factory=set)
    decisions: list[Decision] = field(default_factory=list)

    def used(self, user: str) -> set[Right]:
        """Return the rights that a user has used up to now, whatever certificate it showed."""
        return {it.right for it in self.decisions if it.allowed and not it.probing and it.principal.rpartition("CN=")[2] == user}

    def look(self, since: int = 0) -> list[Decision]:
        """Read the authorizer's log again and return what stands behind the first ``since`` decisions."""
        self.decisions = self.cluster.kafka.decisions()
        return self.decisions[since:]


async def play(cluster: Cluster) -> Played:
    """Play everything in order."""
    played = Played(cluster)
    async with httpx.AsyncClient(timeout=30, limits=LIMITS) as client:
        people = cast_of(cast("Embedded", cluster), client)
        orders = await _work(played, people)
        await _look_after(played)
        await cluster.smtp.stop()
        await _outage(played, people, orders)
        await _erasure(played, people, orders)
    await _poison(played)
    await _operators(played)
    await _operators_by_api(played)
    await _keda(played)
    async with httpx.AsyncClient(timeout=10) as client:
        for path in ("readyz", "metrics"):
            played.only_reads[path] = await client.get(f"{cluster.addresses[ONLY_READS]}/{path}")
    await cluster.stop()
    await _restore(played)
    played.look()
    return played


async def _work(played: Played, people: Cast) -> Orders:
    """Two Vorgänge per Anbieter: one over the contract up to productive use, one up to where it can be ordered; return these.

    At last an offer is suspended: the API of catalog tells by itself only what changes while an offer is public.
    """
    for person in (people.husum, people.komm_one, people.govdigital):
        contact = {"name": person.organisation_name, "email": f"{person.subject}@example.org", "language": "de"}
        await person.put("notify", "/v1/contacts/me", contact)
    await flow.register(people.husum, people.govdigital, "KUNDE", _HUSUM)
    await flow.register(people.sachsen, people.fitko, "KUNDE", None)
    orders: Orders = []
    for kunde, bereitsteller, anbieter in (
        (people.husum, people.komm_one, people.govdigital),
        (people.sachsen, people.nordrhein_westfalen, people.fitko),
    ):
        for title in ("Fahrgastbeförderung", "Bewohnerparken"):
            offering = await _offer(bereitsteller, anbieter, f"{title} {anbieter.organisation}")
            order = await flow.ready_to_order(kunde, bereitsteller, anbieter, offering)
            orders.append((kunde, order))
        _, order = orders.pop(-2)
        await flow.place(kunde, order)
        await flow.reaches(kunde, order, "VERTRAG_GESCHLOSSEN", seconds=_SETTLED_SECONDS)
        await flow.deliver(kunde, bereitsteller, order)
        played.contracts[anbieter.organisation] = await flow.contracts_of(kunde, order)
        ordered = (await kunde.get("ordering", f"/v1/orders/{order}"))["offering"]["id"]
        await bereitsteller.post("catalog", f"/v1/offerings/{ordered}/suspend", {"reason": "Umstellung"})

    async def mailed() -> bool:
        return played.cluster.smtp.count > 0

    await eventually("a notification has been mailed", mailed, _SETTLED_SECONDS)
    played.mails = played.cluster.smtp.count
    return orders


async def _offer(bereitsteller: Person, anbieter: Person, title: str) -> str:
    await flow.admit(bereitsteller, anbieter)
    offer_id: str = (await flow.published(bereitsteller, await _accepted(bereitsteller, anbieter, title)))["id"]
    return offer_id


async def _accepted(bereitsteller: Person, anbieter: Person, title: str) -> str:
    reference = await bereitsteller.get("catalog", "/v1/reference/requirements")
    form = flow.form(
        reference,
        title=title,
        summary=title,
        topic_id="mobilitaet_reisen",
        ozg_ids=["10424"],
        anbindungsarten=["FIT_CONNECT"],
        channels=[anbieter.organisation],
    )
    return await flow.accepted(bereitsteller, anbieter, form)


async def _look_after(played: Played) -> None:
    """What the running marketplace holds is compared."""
    played.commands["reconcile"] = await played.cluster.run("recovery", "reconcile", "--pause", "2")


async def _outage(played: Played, people: Cast, orders: Orders) -> None:
    """The broker goes away, APIs go on, a backup is made, a certificate renewed; afterwards workers send what waits."""
    cluster = played.cluster
    cluster.kafka.stop()
    await asyncio.gather(
        _accepted(people.komm_one, people.govdigital, "Ohne Broker angenommen"),
        flow.register(people.goerlitz, people.govdigital, "KUNDE", None),
        *(flow.place(kunde, order) for kunde, order in orders),
    )
    played.commands["backup"] = await cluster.run("recovery", "backup", str(cluster.folder / "backups"))
    cluster.renew()

    async def renewed() -> bool:
        return "certificate_renewed" in cluster.log(RENEWED)

    await eventually("the process has read its new certificate", renewed, _SETTLED_SECONDS)
    before = len(played.look())
    cluster.kafka.start()

    async def sent() -> bool:
        since = played.look(before)
        shown = {(it.principal, it.right) for it in since}
        relayed = all(
            (f"CN={worker}", Right("topic", topic.name, "WRITE")) in shown
            for worker, topics in RELAYED.items()
            for topic in topics
        )
        return relayed and bool(_subjects(since))

    await eventually("workers have sent what waited", sent, _SETTLED_SECONDS)
    played.after_outage = _subjects(played.look(before))


def _subjects(decisions: list[Decision]) -> set[str]:
    return {it.principal for it in decisions if it.principal.endswith(f"CN={RENEWED}")}


async def _erasure(played: Played, people: Cast, orders: Orders) -> None:
    """The mail server is away, so that mails wait; whoever has his contact erased has them dropped, by the API."""
    address = played.cluster.addresses["notify-worker"]
    dropped = Right("topic", DELIVERIES.name, "WRITE")
    for kunde, order in orders:
        await flow.reaches(kunde, order, "VERTRAG_GESCHLOSSEN", seconds=_SETTLED_SECONDS)
    async with httpx.AsyncClient(timeout=10) as client:

        async def delayed() -> bool:
            return 'outcome="delayed"' in (await client.get(f"{address}/metrics")).text

        await eventually("mails wait", delayed, _SETTLED_SECONDS)
    for person in (people.husum, people.komm_one, people.govdigital):
        (await person.send("DELETE", "notify", "/v1/contacts/me")).raise_for_status()

    async def shown() -> bool:
        played.look()
        return dropped in played.used("notify-api")

    await eventually("the API has shown dropped mails", shown, _SETTLED_SECONDS)


async def _poison(played: Played) -> None:
    """Put a record that nobody can read on every topic that is consumed, and wait until every group has buried it."""
    producer = AIOKafkaProducer(**played.cluster.settings_of(ADMIN).connection())
    await producer.start()
    try:
        for topic in CONSUMED:
            await producer.send_and_wait(topic, b"no event", b"poison")
    finally:
        await producer.stop()
    admin = played.cluster.settings_of(ADMIN)
    expected = {group: len(subscribed(group)) for group in DEAD_LETTERS}

    async def buried() -> bool:
        played.letters = {group: len(await list_dead_letters(admin, group)) for group in DEAD_LETTERS}
        return played.letters == expected

    await eventually("every group has buried what it cannot read", buried, _SETTLED_SECONDS)


async def _operators(played: Played) -> None:
    """Topics are checked; dead letters are listed, shown and sent back."""
    cluster, some = played.cluster, next(iter(DEAD_LETTERS))
    (letter, *_) = await list_dead_letters(cluster.settings_of(ADMIN), some)
    commands = [("topics", "check"), ("dlq", "list", some), ("dlq", "show", some, letter.id)]
    commands += [("dlq", "replay", group) for group in DEAD_LETTERS]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def run(command: tuple[str, ...]) -> None:
        async with gate:
            played.commands[" ".join(command)] = await cluster.run("operations", *command)

    await asyncio.gather(*(run(command) for command in commands))


async def _operators_by_api(played: Played) -> None:
    """The operator sees how each service stands, and sends back what has died again since the commands."""
    cluster = played.cluster
    token = cluster.token(
        subject=OPERATOR.subject,
        organisation=OPERATOR.organisation,
        organisation_name=OPERATOR.organisation_name,
        roles=list(OPERATOR.roles),
    )
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=30, headers=headers) as client:
        for group in DEAD_LETTERS:
            service = group.partition(".")[0]
            own = f"{cluster.endpoints[service]}/v1/operations/{service}"
            letters = f"{own}/groups/{group}/dead-letters"

            async def died(letters: str = letters) -> str | None:
                found = (await client.get(letters)).raise_for_status().json()["items"]
                return found[0]["id"] if found else None

            first = await eventually(f"{group} has buried again what was sent back", died, _SETTLED_SECONDS)
            await client.get(f"{letters}/{first}")
            sent = await client.post(f"{letters}/{first}/replay", json={"reason": "Noch einmal."})
            played.sent_back[group] = sent.status_code
            stated = (await client.get(own)).raise_for_status().json()
            played.stated[group] = next(it for it in stated["groups"] if it["group"] == group)


async def _keda(played: Played) -> None:
    """What KEDA's scaler asks for each trigger: the topic's partitions and ends, the group's commits."""
    settings = played.cluster.settings_of("keda")
    admin, reader = AIOKafkaAdminClient(**settings.connection()), AIOKafkaConsumer(**settings.connection())
    await admin.start()
    await reader.start()
    try:
        for trigger in (it for scaled in played.cluster.objects.of("ScaledObject") for it in items(scaled, "spec", "triggers")):
            metadata = mapping(trigger, "metadata")
            group, topic = text(metadata, "consumerGroup"), text(metadata, "topic")
            (described,) = await admin.describe_topics([topic])
            places = [TopicPartition(topic, it["partition"]) for it in described["partitions"]]
            ends = await reader.end_offsets(places)
            commits = await admin.list_consumer_group_offsets(group, partitions=places)
            played.lag[group, topic] = sum(ends[place] - max(0, commits[place].offset) for place in places)
    finally:
        await reader.stop()
        await admin.close()


async def _restore(played: Played) -> None:
    """Topics are rebuilt; then they are lost, made again by the operator, and a backup is restored into empty stores."""
    cluster = played.cluster
    played.commands["rebuild"] = await cluster.run("recovery", "topics", "rebuild", "--no-create")
    await _lose_topics(cluster)
    (backup,) = (it.parent for it in (cluster.folder / "backups").glob("*/manifest.json"))
    played.commands["drill"] = await cluster.run("recovery", "drill", str(backup), "--no-create", "--wait", "120", stores="drill")


async def _lose_topics(cluster: Cluster) -> None:
    admin = AIOKafkaAdminClient(**cluster.settings_of(ADMIN).connection())
    names = {name_of(document) for document in cluster.objects.of("KafkaTopic")}
    await admin.start()
    try:
        await admin.delete_topics(sorted(names))

        async def gone() -> bool:
            return not names & set(await admin.list_topics())

        await eventually("topics are gone", gone)
    finally:
        await admin.close()
    await create_topics(cluster.settings_of(ADMIN), cluster.objects.of("KafkaTopic"))
