"""One marketplace in which everything exists that somebody must not see, and the rule of who may see each of these things."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt

from marktplatz.demo import flow
from services.catalog.portals.repository import Portal, Portals
from services.contracts.archive.keys import LogKey, new_private_key
from services.contracts.archiving.archivist import Archivist, checkpoint_ledger
from services.contracts.archiving.log import ArchiveLog
from services.contracts.repository import Contracts
from services.contracts.settings import Settings as ContractSettings
from services.ordering.partners.quarantine import Fault, Original, Quarantine
from shared.bus.mirror.content import Content
from shared.clock import now
from shared.http.issuer import EmbeddedIssuer
from shared.http.oidc import AuthSettings, OidcAuthenticator
from shared.messages.catalog_portals import PortalHealth
from shared.messages.values import Channel, Role
from shared.process.service import Resources
from shared.store.port import Collection, Document, Query, Save
from shared.store.sqlite.store import SqliteStore
from shared.topics import partner_orders
from tests.support.marketplace import HUSUM, Marketplace

HUSUM_ID = "010540056056"
ABSENT_ID = "00000000-0000-4000-8000-000000000000"
ABSENT_BODY = "010540056057"
ABSENT_YEAR = "2001"
PARTNER_ID, ABSENT_PARTNER = "nord", "west"
PORTAL_ID, ABSENT_PORTAL = "portal-nord", "portal-west"
PARTNER_BODY: dict[str, Any] = {
    "name": "Beschaffungsportal Nord",
    "run_by": {"id": "dataport", "name": "Dataport AöR"},
    "organisations": [{"id": HUSUM_ID, "name": "Husum, Stadt", "roles": ["KUNDE"]}],
    "contact": {"mailbox": "schnittstellen@dataport.example"},
}
"""The partner system: run by the rival's organisation, which acts for the kunde's."""
PARTNER_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
FIGURES = {
    "kind": "activity",
    "valid_from": None,
    "valid_to": None,
    "org": HUSUM_ID,
    "year": 2024,
    "basis": "TURNOVER",
    "scope": "SOLO",
    "status": "ACTUAL",
    "total": 2,
    "entrusted": 1,
}
LEAVES = {"end_fact": "published:dataport:govdigital:MEMBER"}
PUBLIC = "/v1/offerings?provider=komm_one"


class Thing(StrEnum):
    """What a row of the table can be about."""

    EARLY_ORDER = "Vorgang that is not forwarded"
    ORDER = "Vorgang with its contract"
    EARLY_VERDICT = "verdict on a Vorgang that is not forwarded"
    VERDICT = "verdict on the Vorgang with its contract"
    RECORD = "verdict of record"
    JOB = "job of the pre-check that the Anbieter has asked for"
    FACT = "fact that the Kunde has recorded"
    DOCUMENT = "document that the fact cites"
    CONTRACT = "contract"
    DRAFT = "draft"
    SUBMISSION = "submission"
    ORGANISATION = "organisation"
    OWN = "organisation, in what is its own business"
    ELSEWHERE = "organisation, at the Anbieter that it never turned to"
    NOTIFICATION = "notification"
    REGISTER = "number register"
    CONTACT = "contact"
    PARTNER = "partner system"
    PARTNER_WHOLE = "partner system, in what is for who runs it"
    QUARANTINED = "record of a partner in quarantine"
    PORTAL = "report of a federated portal"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks, with what their token says of them."""

    name: str
    organisation: str
    roles: tuple[Role, ...] = ()
    subject: str = "somebody"


CALLERS = (
    Caller("stranger", "010020000000", (Role.KUNDE,)),
    Caller("kunde", HUSUM_ID, (Role.KUNDE,), "digitales.husum"),
    Caller("member", HUSUM_ID),
    Caller("provider", "komm_one", (Role.BEREITSTELLER,)),
    Caller("colleague", "komm_one"),
    Caller("rival", "dataport", (Role.BEREITSTELLER, Role.KUNDE)),
    Caller("anbieter", "govdigital", (Role.ANBIETER,)),
    Caller("other", "fitko", (Role.ANBIETER,)),
    Caller("betreiber", "marktplatz", (Role.BETREIBER,)),
    Caller("clerk", "govdigital", (Role.KUNDE, Role.BEREITSTELLER)),
    Caller("claimant", "dataport", (Role.ANBIETER,)),
)
"""In the order of the table. member, colleague: without a role; clerk: at the Anbieter, not as it; claimant: of no channel.

The kunde is the person who has registered the organisation; of the others nobody knows more than their token says.
"""


def sees(caller: Caller, thing: Thing) -> bool:
    """Return whether a caller may know of a thing: the rule, written down apart from the code that keeps it."""
    kunde = caller.organisation == HUSUM_ID
    provider = caller.organisation == "komm_one"
    bereitsteller = provider and Role.BEREITSTELLER in caller.roles
    anbieter = caller.organisation == "govdigital" and Role.ANBIETER in caller.roles
    runs_partner = caller.organisation == "dataport" or Role.BETREIBER in caller.roles
    return {
        Thing.EARLY_ORDER: kunde or anbieter,
        Thing.EARLY_VERDICT: kunde or anbieter,
        Thing.RECORD: kunde or anbieter,
        Thing.JOB: anbieter,
        Thing.FACT: kunde or anbieter or Role.BETREIBER in caller.roles,
        Thing.DOCUMENT: kunde or anbieter or Role.BETREIBER in caller.roles,
        Thing.ORGANISATION: kunde or anbieter,
        Thing.ORDER: kunde or anbieter or provider,
        Thing.VERDICT: kunde or anbieter or provider,
        Thing.CONTRACT: kunde or anbieter or provider,
        Thing.OWN: kunde,
        Thing.ELSEWHERE: kunde,
        Thing.NOTIFICATION: kunde,
        Thing.CONTACT: kunde,
        Thing.DRAFT: bereitsteller,
        Thing.SUBMISSION: bereitsteller or anbieter,
        Thing.REGISTER: anbieter,
        Thing.PARTNER: kunde or runs_partner,
        Thing.PARTNER_WHOLE: runs_partner,
        Thing.QUARANTINED: runs_partner,
        Thing.PORTAL: Role.BETREIBER in caller.roles,
    }[thing]


def absent(thing: Thing) -> str:
    """Return an id of the same form under which there is nothing of that kind."""
    if thing in (Thing.ORGANISATION, Thing.OWN, Thing.ELSEWHERE):
        return ABSENT_BODY
    if thing in (Thing.PARTNER, Thing.PARTNER_WHOLE):
        return ABSENT_PARTNER
    if thing is Thing.PORTAL:
        return ABSENT_PORTAL
    return ABSENT_YEAR if thing is Thing.REGISTER else ABSENT_ID


class TracingStore(SqliteStore):
    """Writes down what is asked of it: the operation, the collection, how many ids or which query; and where it writes."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(path)
        self.asked: list[tuple[str, str, str]] = []
        self.written: dict[str, Collection] = {}

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> dict[str, Document]:
        self.asked.append(("get", collection.name, str(len(ids))))
        return await super().get_many(collection, ids)

    async def find(self, collection: Collection, query: Query) -> list[Document]:
        self.asked.append(("find", collection.name, f"{query.index} {query.limit}"))
        return await super().find(collection, query)

    async def count(self, collection: Collection, query: Query) -> int:
        self.asked.append(("count", collection.name, query.index))
        return await super().count(collection, query)

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        self.asked.append(("insert", collection.name, str(len(documents))))
        self.written[collection.name] = collection
        return await super().insert_many(collection, documents)

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        self.asked.append(("save", collection.name, str(len(saves))))
        self.written[collection.name] = collection
        return await super().save_many(collection, saves)

    async def delete(self, collection: Collection, ids: Sequence[str]) -> int:
        self.asked.append(("delete", collection.name, str(len(ids))))
        self.written[collection.name] = collection
        return await super().delete(collection, ids)


class Tokens:
    """Tokens of the embedded issuer, and the authenticator that judges them as in a process."""

    def __init__(self, folder: Path) -> None:
        self.issuer = EmbeddedIssuer(folder)
        given = {name.removeprefix("AUTH_").lower(): value for name, value in self.issuer.environment().items()}
        self.authenticator = OidcAuthenticator(AuthSettings(**given))  # type: ignore[arg-type] # texts, as from the environment
        self._signed: dict[tuple[Caller, timedelta], str] = {}

    def of(self, caller: Caller, lifetime: timedelta = timedelta(hours=1)) -> str:
        """Return the caller's token, signed once for all requests; one with a negative lifetime has expired."""
        if (caller, lifetime) not in self._signed:
            self._signed[caller, lifetime] = self.issuer.sign_token(
                subject=caller.subject,
                organisation=caller.organisation,
                organisation_name=caller.organisation,
                roles=caller.roles,
                lifetime=lifetime,
            )
        return self._signed[caller, lifetime]

    def for_another_audience(self, caller: Caller) -> str:
        """Return a token that the issuer has signed for somebody else's service."""
        claims = jwt.decode(self.of(caller), self.issuer._key, algorithms=["Ed25519"]).claims
        header = {"alg": "Ed25519", "kid": self.issuer._kid, "typ": "at+jwt"}
        return jwt.encode(header, claims | {"aud": "another-service"}, self.issuer._key, algorithms=["Ed25519"])


@dataclass
class Scene:
    """The marketplace and the ids of the things. What a request changes is taken back by ``restore``."""

    market: Marketplace
    tokens: Tokens
    ids: dict[Thing, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    """The other parts of paths, by name."""
    public_before: str = ""
    """What everybody found in the Schaufenster before there were a draft and a submission."""
    _tags: dict[str, str] = field(default_factory=dict)
    _recorded: dict[tuple[str, str], list[Document]] = field(default_factory=lambda: defaultdict(list))

    @property
    def stores(self) -> Mapping[str, TracingStore]:
        """The store of each service."""
        return self.market.stores  # type: ignore[return-value] # played() has made them so

    async def ask(
        self, token: str | None, request: tuple[str, str, str], body: object, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Send a request (service, method, path)."""
        service, method, path = request
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        url = f"{self.market.endpoints[service]}{path}"
        return await self.market.client.request(method, url, json=body, headers={**bearer, **headers})

    async def tag(self, service: str, path: str) -> str:
        """Return the entity tag of a thing, or of what holds it, as whoever may read it sees it; that of a first revision else."""
        # Facts and evidence are read from memory, which follows the store: their revision goes on after a restore.
        if path not in self._tags or path.startswith(("/v1/facts/", "/v1/evidence/")):
            self._tags[path] = await self._read_tag(service, path)
        return self._tags[path]

    async def _read_tag(self, service: str, path: str) -> str:
        while path.count("/") > 2:
            for caller in CALLERS:
                answer = await self.ask(self.tokens.of(caller), (service, "GET", path), None, {})
                if tag := answer.headers.get("ETag"):
                    return str(tag)
            path = path.rpartition("/")[0]
        return '"1"'

    async def _archive(self) -> None:
        """Archive the contracts and sign the head, as their processor does."""
        settings = ContractSettings()
        resources = Resources(self.stores["contracts"], self.market.bus, Path())
        key = LogKey.read(settings.archive_origin, new_private_key())
        log = ArchiveLog(resources.store, settings.archive_origin)
        await Archivist(Contracts(resources), Channel.GOVDIGITAL, log, key, checkpoint_ledger(resources)).run()

    async def fill(self) -> None:
        """Bring everything about."""
        for store in self.stores.values():
            store.written.clear()  # the reference data stay as they are
        people = self.market.people
        husum, komm_one, govdigital = people.husum, people.komm_one, people.govdigital
        checklist = await komm_one.get("catalog", "/v1/reference/requirements")
        await husum.put("notify", "/v1/contacts/me", {"name": "Erika Mustermann", "email": "erika@husum.example"})
        await flow.register(husum, govdigital, "KUNDE", HUSUM)
        first = await flow.publish(komm_one, govdigital, _form(checklist, "Erster Dienst"))
        second = await flow.publish(komm_one, govdigital, _form(checklist, "Zweiter Dienst"))
        order = await flow.ready_to_order(husum, komm_one, govdigital, first["id"])
        await flow.place(husum, order, leitweg_id="04011000-900X999-08")
        done = await flow.reaches(husum, order, "VERTRAG_GESCHLOSSEN")

        accreditations = f"/v1/organisations/{HUSUM_ID}/accreditations"
        await govdigital.post("eligibility", f"{accreditations}/govdigital/KUNDE/revoke", {"reason": "Abgelaufen."})
        await husum.post("eligibility", accreditations, {"channel": "govdigital", "role": "KUNDE"})
        early = (await flow.declare(husum, second["id"], "govdigital"))["id"]
        await self.market.bus.rest()
        waiting = await husum.get("ordering", f"/v1/orders/{early}")
        assert (waiting["state"], waiting["verdict"]["verdict"]) == ("INTERESSE_BEKUNDET", "NOT_EXEMPT"), waiting["verdict"]

        asked = {"provider": "komm_one", "channel": "govdigital"}
        record = (await husum.post("eligibility", "/v1/verdict-records", asked))["id"]
        job = (await govdigital.post("eligibility", "/v1/precheck-jobs", {"kind": "WHAT_IF", "day": "2027-01-01", **LEAVES}))[
            "id"
        ]
        testat = {"type": "TESTAT", "title": "Testat 2024", "reason": "Jahresabschluss"}
        document = (await husum.post("eligibility", "/v1/evidence", testat))["id"]
        stated = {"fact": {**FIGURES, "evidence": [document]}, "reason": "Jahresabschluss"}
        fact = (await husum.post("eligibility", "/v1/facts", stated))["id"]
        self.public_before = (await self.ask(None, ("catalog", "GET", PUBLIC), None, {})).text
        reference = await self._partner()
        draft = await komm_one.post("catalog", "/v1/offerings", _form(checklist, "Entwurf"))
        submission = await komm_one.post("catalog", "/v1/offerings", _form(checklist, "Einreichung"))
        await komm_one.post("catalog", f"/v1/offerings/{submission['id']}/submit")
        await self._archive()
        await self.market.bus.rest()
        self.ids = {
            Thing.EARLY_ORDER: early,
            Thing.ORDER: order,
            Thing.EARLY_VERDICT: early,
            Thing.VERDICT: order,
            Thing.RECORD: record,
            Thing.JOB: job,
            Thing.FACT: fact,
            Thing.DOCUMENT: document,
            Thing.CONTRACT: done["contract"]["id"],
            Thing.DRAFT: draft["id"],
            Thing.SUBMISSION: submission["id"],
            Thing.ORGANISATION: HUSUM_ID,
            Thing.OWN: HUSUM_ID,
            Thing.ELSEWHERE: HUSUM_ID,
            Thing.NOTIFICATION: (await husum.get("notify", "/v1/inbox"))["items"][0]["id"],
            Thing.REGISTER: str(now().year),
            Thing.CONTACT: (await husum.get("notify", "/v1/contacts"))["items"][0]["id"],
            Thing.PARTNER: PARTNER_ID,
            Thing.PARTNER_WHOLE: PARTNER_ID,
            Thing.QUARANTINED: reference,
            Thing.PORTAL: await self._portal(),
        }
        self.parts = {"point_id": done["points"][0]["id"], "question_id": done["questions"][0]["id"]}
        await self._keep()

    async def _portal(self) -> str:
        """Have a portal report, and the catalog topics be read through; return the portal's id."""
        for mirror in self.market.services["catalog"].mirrors:
            mirror.content = Content(mirror.member, {0: 0}, now())
        health = PortalHealth.model_validate({"portal": PORTAL_ID, "reported_at": now(), "kit": "efa-portal 0.1.0", "topics": ()})
        await Portals(Resources(self.stores["catalog"], self.market.bus, Path())).save([Portal(health, now(), ())])
        return PORTAL_ID

    async def _partner(self) -> str:
        """Register the partner with a key, and put a record of it into quarantine; return the reference of that."""
        operator = self.tokens.of(next(caller for caller in CALLERS if caller.name == "betreiber"))
        for path, body in {
            "/v1/partners": {"id": PARTNER_ID, **PARTNER_BODY},
            f"/v1/partners/{PARTNER_ID}/keys": {"jwk": PARTNER_KEY, "kid": "k1"},
        }.items():
            answer = await self.ask(operator, ("ordering", "POST", path), body, {})
            assert answer.is_success, answer.text
        quarantine = Quarantine(Resources(self.stores["ordering"], self.market.bus, Path()))
        record = Original(partner_orders(PARTNER_ID).name, 0, 17, now(), None, b"no JWS")
        return await quarantine.take_in(PARTNER_ID, record, Fault("jws_malformed", "The value is no compact JWS in strict form."))

    async def restore(self) -> None:
        """Take back what was written since the scene was filled."""
        await self.market.bus.rest()
        for service, store in self.stores.items():
            for collection in list(store.written.values()):
                await store.delete(collection, [document["_id"] for document in await store.scan(collection)])
                await store.insert_many(collection, self._recorded[service, collection.name])
            store.written.clear()

    async def _keep(self) -> None:
        for service, store in self.stores.items():
            for collection in store.written.values():
                self._recorded[service, collection.name] = await store.scan(collection)
            store.written.clear()


@contextlib.asynccontextmanager
async def played(folder: Path) -> AsyncIterator[Scene]:
    """Yield the filled scene."""
    tokens = Tokens(folder)
    market = Marketplace(lambda: TracingStore(None), authenticator=tokens.authenticator)
    market.token = tokens.issuer.sign_token  # type: ignore[method-assign] # the people's tokens are signed too
    async with market:
        scene = Scene(market, tokens)
        await scene.fill()
        yield scene


def _form(checklist: dict[str, Any], title: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"topic_id": "mobilitaet_reisen", "ozg_ids": ["10424"], "anbindungsarten": ["FIT_CONNECT"]}
    return flow.form(checklist, title=title, summary=title, channels=["govdigital"], **fields)
