"""What the pages read of eligibility: the public rules of the channels."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import Field

from services.portal.apis.catalog import Party
from services.portal.apis.client import Access, Api, Parameters, Reply, Stored, Table, read, segment
from services.portal.apis.remembered import Remembered, RememberedEach
from shared.errors import NotFoundError

ME_SECONDS: Final = 5.0
"""Functions that somebody is given show within seconds."""
ORDERING: Final = frozenset({"KUNDE", "BUENDELNDE_ORGANISATION"})


class Channel(Reply):
    """A channel: its Anbieter, and the types of bodies that do not order there directly."""

    channel: str
    name: str
    excluded_types: tuple[str, ...]


class Channels(Reply):
    """All channels."""

    items: tuple[Channel, ...]


class Code(Reply):
    """What a rule may find: the verdicts that follow, and when (German)."""

    code: str
    outcomes: tuple[str, ...]
    condition: str


class Law(Reply):
    """The law that a rule rests on."""

    law: str


class Rule(Reply):
    """A rule of the pre-check; title and ``asked`` are German."""

    rule: str
    title: str
    asked: tuple[str, ...]
    laws: tuple[Law, ...]
    codes: tuple[Code, ...]


class ChannelRules(Channel):
    """A channel with all its rules."""

    rules: tuple[Rule, ...]


class Lacking(Reply):
    """What is missing before a body can order, and who has to act on it; the sentences are German."""

    code: str | None = None
    reason: str
    remedy: str | None
    who: str


class Advice(Reply):
    """Whether the caller's organisation may order an offer through a channel now, and what is missing."""

    channel: str
    may: bool
    verdict: str
    lacking: tuple[Lacking, ...]


class Checks(Reply):
    """The pre-check of an offer for the caller's organisation, per channel."""

    channels: tuple[Advice, ...] | None


class Finding(Reply):
    """A step of the reasoning of a check: what a rule has found, by which provision; the sentences are German."""

    code: str
    verdict: str
    reason: str
    remedy: str | None
    facts: tuple[str, ...]
    law: str | None = None


class Assessment(Reply):
    """A verdict with its grounds. ``hash``: by which a decision names it."""

    verdict: str
    as_of: date
    findings: tuple[Finding, ...]
    hash: str | None = None

    @property
    def decisive(self) -> tuple[Finding, ...]:
        """The findings that the verdict follows from, each sentence once."""
        return tuple({it.reason: it for it in self.findings if it.verdict == self.verdict}.values())


class Check(Reply):
    """A check of a Vorgang."""

    number: int
    signed_off: bool
    assessment: Assessment | None


class Recheck(Reply):
    """What was found since, without a check."""

    check: int
    assessment: Assessment | None


class OrderVerdict(Reply):
    """The checks of a Vorgang. ``to_sign``: whoever reads can sign off a risk; ``decisions``: what they can decide."""

    checks: tuple[Check, ...]
    recheck: Recheck | None
    to_sign: bool = False
    decisions: tuple[str, ...] = ()

    @property
    def current(self) -> Assessment | None:
        """The verdict that counts, with its grounds."""
        return self.checks[-1].assessment if self.recheck is None else self.recheck.assessment


class Evidence(Reply):
    """A document that a statement rests on. ``reference``: where it is to be found."""

    id: str
    type: str
    title: str
    reference: str


class EvidenceFile(Reply):
    """A document on file; ``media_type`` and ``size`` in bytes once its content was brought."""

    id: str
    title: str | None
    reference: str | None
    media_type: str | None
    size: int | None
    document: dict[str, Any]

    @property
    def type(self) -> str:
        """What kind of document it is."""
        return str(self.document.get("type", ""))


class Relation(Reply):
    """A relation between two bodies.

    ``unexamined``: what of it nobody has examined yet, by name of the finding; ``against``: the findings that speak against it.
    """

    fact: str
    type: str
    source: str
    source_name: str
    target: str
    target_name: str
    valid_from: date | None
    valid_to: date | None
    unexamined: tuple[str, ...]
    against: tuple[str, ...] = ()


class Neighbourhood(Reply):
    """The relations around a body, its own first."""

    relations: tuple[Relation, ...]


class Way(Reply):
    """A chain of relations from a body to an Anbieter."""

    anbieter: str
    relations: tuple[Relation, ...]


class Ways(Reply):
    """The known ways from a body to each Anbieter, shortest first."""

    ways: tuple[Way, ...]


class WaitingRelation(Reply):
    """A relation that waits for an examination, and since when it is recorded."""

    relation: Relation
    recorded_at: datetime


class WaitingRelations(Reply):
    """A page of them, longest waiting first."""

    items: tuple[WaitingRelation, ...]
    next: str | None


class Revision(Reply):
    """A revision of a fact: from where (``origin``), of a person for which organisation, and why."""

    recorded_at: datetime
    withdrawn: bool
    origin: str
    organisation: str | None
    reason: str


class RelationFact(Reply):
    """What a fact says of a relation: who is connected with whom, the documents that prove it."""

    type: str
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    valid_from: date | None
    valid_to: date | None
    evidence: tuple[str, ...] = ()


class Fact(Reply):
    """A fact as far as the reader may know it, in the shape of its kind, and its revisions, the oldest first."""

    id: str
    withdrawn: bool
    fact: dict[str, Any]
    history: tuple[Revision, ...]

    @property
    def relation(self) -> RelationFact:
        """What it says of a relation. Raises NotFoundError for a fact of another kind, ApiMisunderstoodError."""
        if self.fact.get("kind") != "relation":
            raise NotFoundError(f"The fact {self.id} is no relation.")
        return read("eligibility", self.id, self.fact, RelationFact)


class StatedRelation(Reply):
    """The relation that a statement has become: the id of its fact, and what was found of it."""

    fact: str
    state: str


class Statement(Reply):
    """The organisation's word on its in-house relation.

    ``confirmed``: an Anbieter has accredited on it and stands by it; ``standing``: what the Anbieter have made of it.
    """

    id: str
    type: str
    path: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    evidence: tuple[Evidence, ...]
    confirmed: bool
    standing: str = "OPEN"
    relation: StatedRelation | None = None


class Proposal(Reply):
    """A decision that a second person has still to confirm."""

    command: str
    note: str | None
    at: datetime


class Accreditation(Reply):
    """Standing at an Anbieter in a role. ``allowed``: what the reader can do now."""

    channel: str
    role: str
    state: str
    valid_from: date | None
    valid_to: date | None
    question: str | None
    reason: str | None
    proposal: Proposal | None
    requested_at: datetime
    allowed: tuple[str, ...]

    @property
    def last_day(self) -> date | None:
        """The last day on which it holds, None if no end is set."""
        return None if self.valid_to is None else self.valid_to - timedelta(days=1)


class InvoiceAddress(Reply):
    """Where the invoices of an organisation are addressed."""

    care_of: tuple[str, ...] = ()
    street: str | None = None
    postcode: str
    city: str
    country: str
    email: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines below the name of the organisation, with the mailbox."""
        abroad = None if self.country == "DE" else self.country
        return tuple(it for it in (*self.care_of, self.street, f"{self.postcode} {self.city}", abroad, self.email) if it)


class Organisation(Reply):
    """A registered organisation, as far as the reader may see it."""

    id: str
    name: str
    type: str
    ars: str | None
    leitweg_id: str | None
    invoice_address: InvoiceAddress | None = None
    roles: tuple[str, ...]
    users: tuple[str, ...] | None
    statements: tuple[Statement, ...]
    accreditations: tuple[Accreditation, ...]
    registered_at: datetime

    @property
    def orders(self) -> bool:
        """Whether it orders by its roles, for itself or its Klienten, and so has invoices."""
        return not ORDERING.isdisjoint(self.roles)


class Job(Reply):
    """A computation over many pre-checks: what a day would bring if a fact ended; ``detail`` is English."""

    id: str
    end_fact: str | None
    day: date
    state: str
    orders_touched: int
    code: str | None
    detail: str | None


class Jobs(Reply):
    """A page of them, newest first."""

    items: tuple[Job, ...]


class Concerned(Reply):
    """An order whose verdict would be another."""

    order_id: str
    customer: str
    channel: str
    before: str
    after: str


class ConcernedOrders(Reply):
    """A page of them."""

    items: tuple[Concerned, ...]


class Member(Reply):
    """Somebody who acts for an organisation, by reference, and what they may do."""

    person: str
    functions: tuple[str, ...]


class Me(Reply):
    """Whoever reads, as the marketplace knows them: what they may do for their organisation, and who of it may do what."""

    functions: tuple[str, ...]
    members: tuple[Member, ...]

    def holders(self, function: str) -> list[str]:
        """Return who has a function, by reference."""
        return [it.person for it in self.members if function in it.functions]


class Invitation(Reply):
    """An invitation and what has become of it."""

    id: str
    functions: tuple[str, ...]
    state: str
    invited_at: datetime
    expires_at: datetime
    mailed_at: datetime | None


class Members(Reply):
    """Who acts for an organisation, and who is invited."""

    members: tuple[Member, ...]
    invitations: tuple[Invitation, ...]
    authorised_person: str | None


class Invited(Reply):
    """A new invitation; ``secret`` is None where it was sent by mail."""

    secret: str | None


class Named(Reply):
    """An organisation by key and name."""

    id: str
    name: str


class WorkItem(Reply):
    """An accreditation that waits for the Anbieter or for an answer."""

    organisation: Party
    type: str
    accreditation: Accreditation


class WorkItems(Reply):
    """A page of them, longest waiting first."""

    items: tuple[WorkItem, ...]
    next: str | None


class Body(Reply):
    """An entry of the register of public bodies. ``ars``: regional key of what it covers, None for a body without territory."""

    id: str
    name: str
    type: str
    state_code: str | None
    ars: str | None = None


class Bodies(Reply):
    """Entries that were found."""

    items: tuple[Body, ...]


class DraftFault(Reply):
    """What is wrong with a registration, in which field."""

    field: str
    code: str


class Vollmacht(Reply):
    """A Vollmacht on file, ``size`` in bytes."""

    media_type: str
    size: int


class Registration(Reply):
    """A draft of a registration with all that is wrong with it, and the Vollmacht that was brought for it."""

    faults: tuple[DraftFault, ...]
    vollmacht: Vollmacht | None = None


class Eligibility:
    """Eligibility as the pages ask it. Who reads is asked for once in five seconds, the channels in minutes."""

    def __init__(self, api: Api, steady: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._channels = Remembered(lambda: api.get("/v1/channels", Channels), steady)
        self._me = RememberedEach[Access, Me](lambda access: api.get("/v1/me", Me, access=access), steady, ME_SECONDS)

    async def channels(self) -> tuple[Channel, ...]:
        """Return all channels. Raises as ``Api.get``."""
        return (await self._channels()).items

    async def channel(self, channel: str) -> ChannelRules:
        """Return a channel with its rules. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/channels/{segment(channel)}", ChannelRules)

    async def advice(self, access: Access, offering_id: str) -> tuple[Advice, ...]:
        """Return the pre-check of an offer for the caller's organisation, per channel. Raises as ``Api.get``."""
        found = await self._api.ask("/v1/checks", Checks, access=access, body={"offering_id": offering_id})
        return found.channels or ()

    async def verdict(self, access: Access, order_id: str) -> Stored[OrderVerdict]:
        """Return the checks of a Vorgang with their entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/verdicts/{segment(order_id)}", OrderVerdict, access=access)

    async def decide(
        self, access: Access, order_id: str, step: str, *, key: str, body: dict[str, Any], match: str | None
    ) -> None:
        """Sign a risk off (``sign-off``), or decide beside the verdict (``overrides``). Raises as ``Api.post``."""
        await self._api.post(f"/v1/verdicts/{segment(order_id)}/{step}", key=key, access=access, body=body, match=match)

    async def bodies(self, words: str, limit: int) -> tuple[Body, ...]:
        """Return public bodies by name or key. Raises as ``Api.get``."""
        return (await self._api.get("/v1/bodies", Bodies, [("q", words), ("limit", str(limit))])).items

    async def body(self, body_id: str) -> Body:
        """Return one public body. Raises NotFoundError, GoneError for a key that a reform has given up, and as ``Api.get``."""
        return await self._api.get(f"/v1/bodies/{segment(body_id)}", Body)

    async def store_draft(self, access: Access, body_id: str, draft: dict[str, Any]) -> tuple[DraftFault, ...]:
        """Store a registration as far as it is filled in, and return what is wrong with it. Raises as ``Api.put``."""
        path = f"/v1/registrations/{segment(body_id)}"
        try:
            match = (await self._draft(access, body_id)).etag
        except NotFoundError:
            match = None
        return (await self._api.put(path, Registration, access=access, body=draft, match=match)).faults

    async def draft(self, access: Access, body_id: str) -> Registration:
        """Return one's own draft for a body. Raises NotFoundError, and as ``Api.get``."""
        return (await self._draft(access, body_id)).content

    async def _draft(self, access: Access, body_id: str) -> Stored[Registration]:
        return await self._api.find(f"/v1/registrations/{segment(body_id)}", Registration, access=access)

    async def bring_vollmacht(self, access: Access, body_id: str, content: bytes, media_type: str) -> tuple[DraftFault, ...]:
        """Bring the Vollmacht of a stored draft, and return what is wrong with the draft then. Raises as ``Api.put``."""
        path, match = f"/v1/registrations/{segment(body_id)}/vollmacht", (await self._draft(access, body_id)).etag
        return (await self._api.bring(path, Registration, content, media_type, access=access, match=match)).faults

    async def vollmacht(self, access: Access, organisation_id: str) -> Vollmacht:
        """Return what Vollmacht an organisation has on file. Raises NotFoundError, ForbiddenError, and as ``Api.get``."""
        return await self._api.get(f"/v1/organisations/{segment(organisation_id)}/vollmacht", Vollmacht, access=access)

    async def replace_vollmacht(
        self, access: Access, organisation_id: str, content: bytes, media_type: str, match: str | None
    ) -> None:
        """Bring another Vollmacht for one's own organisation while that is as it was read. Raises as ``Api.put``."""
        path = f"/v1/organisations/{segment(organisation_id)}/vollmacht"
        await self._api.bring(path, Vollmacht, content, media_type, access=access, match=match)

    async def vollmacht_content(self, access: Access, organisation_id: str) -> bytes:
        """Return the Vollmacht of an organisation. Raises NotFoundError, ForbiddenError, and as ``Api.get``."""
        return await self._api.content(f"/v1/organisations/{segment(organisation_id)}/vollmacht/content", access=access)

    async def register(self, access: Access, body_id: str, key: str) -> None:
        """Register a body as its stored draft says. Raises as ``Api.post``."""
        await self._api.post(f"/v1/registrations/{segment(body_id)}/submit", key=key, access=access)

    async def organisation(self, access: Access, organisation_id: str) -> Stored[Organisation]:
        """Return an organisation with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/organisations/{segment(organisation_id)}", Organisation, access=access)

    async def change(
        self, access: Access, organisation_id: str, below: str, *, key: str, body: dict[str, Any] | None, match: str | None
    ) -> None:
        """Have something done with an organisation, by the path below it. Raises as ``Api.post``."""
        path = f"/v1/organisations/{segment(organisation_id)}/{below}"
        await self._api.post(path, key=key, access=access, body=body, match=match)

    async def evidence(self, access: Access, document_id: str) -> EvidenceFile:
        """Return a document. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/evidence/{segment(document_id)}", EvidenceFile, access=access)

    async def bring(self, access: Access, document_id: str, content: bytes, media_type: str) -> None:
        """Bring the content of a document. Raises as ``Api.put``."""
        await self._api.bring(f"/v1/evidence/{segment(document_id)}/content", EvidenceFile, content, media_type, access=access)

    async def evidence_content(self, access: Access, document_id: str) -> bytes:
        """Return the content of a document. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.content(f"/v1/evidence/{segment(document_id)}/content", access=access)

    async def relations(self, access: Access, body_id: str) -> tuple[Relation, ...]:
        """Return the relations from a body and to it. Raises NotFoundError, and as ``Api.get``."""
        found = await self._api.get(f"/v1/bodies/{segment(body_id)}/relations", Neighbourhood, access=access)
        return found.relations

    async def ways(self, access: Access, body_id: str) -> tuple[Way, ...]:
        """Return the known ways from a body to each Anbieter. Raises NotFoundError, and as ``Api.get``."""
        return (await self._api.get(f"/v1/bodies/{segment(body_id)}/ways", Ways, access=access)).ways

    async def examinations(self, access: Access, parameters: Parameters) -> WaitingRelations:
        """Return a page of the relations that wait for an examination by the caller's Anbieter. Raises as ``Api.get``."""
        return await self._api.get("/v1/examinations", WaitingRelations, parameters, access=access)

    async def fact(self, access: Access, fact_id: str) -> Stored[Fact]:
        """Return a fact with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/facts/{segment(fact_id)}", Fact, access=access)

    async def decide_fact(
        self, access: Access, fact_id: str, step: str, *, key: str, body: dict[str, Any], match: str | None
    ) -> None:
        """Record what an examination of a fact found (``examination``), or its ``withdrawal``. Raises as ``Api.post``."""
        await self._api.post(f"/v1/facts/{segment(fact_id)}/{step}", key=key, access=access, body=body, match=match)

    async def jobs(self, access: Access, parameters: Parameters) -> Jobs:
        """Return a page of one's computations. Raises as ``Api.get``."""
        return await self._api.get("/v1/precheck-jobs", Jobs, parameters, access=access)

    async def job(self, access: Access, job_id: str) -> Job:
        """Return a computation. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/precheck-jobs/{segment(job_id)}", Job, access=access)

    async def ask_job(self, access: Access, key: str, body: dict[str, Any]) -> str:
        """Ask for a computation and return its id. Raises as ``Api.post``."""
        return (await self._api.make("/v1/precheck-jobs", Job, key=key, access=access, body=body)).id

    async def concerned(self, access: Access, job_id: str, parameters: Parameters) -> ConcernedOrders:
        """Return the orders that a computation has found. Raises as ``Api.get``."""
        return await self._api.get(f"/v1/precheck-jobs/{segment(job_id)}/orders", ConcernedOrders, parameters, access=access)

    async def me(self, access: Access) -> Me:
        """Return whoever reads. Raises as ``Api.get``."""
        return await self._me(access)

    async def members(self, access: Access, organisation_id: str) -> Members:
        """Return the members of one's own organisation. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/organisations/{segment(organisation_id)}/members", Members, access=access)

    async def invite(self, access: Access, organisation_id: str, key: str, body: dict[str, Any]) -> str | None:
        """Invite a person and return the secret to pass on by hand, None if it was sent by mail. Raises as ``Api.post``."""
        path = f"/v1/organisations/{segment(organisation_id)}/invitations"
        return (await self._api.make(path, Invited, key=key, access=access, body=body)).secret

    async def revoke(self, access: Access, organisation_id: str, invitation_id: str, match: str | None) -> None:
        """Revoke an invitation while the organisation is as it was read (``match``). Raises as ``Api.post``."""
        path = f"/v1/organisations/{segment(organisation_id)}/invitations/{segment(invitation_id)}"
        await self._api.delete(path, access=access, match=match)

    async def accept(self, access: Access, organisation_id: str, secret: str, key: str) -> Named:
        """Accept an invitation and return the organisation. Raises NotFoundError, and as ``Api.post``."""
        body = {"organisation": organisation_id, "secret": secret}
        return await self._api.make("/v1/invitations/accept", Named, key=key, access=access, body=body)

    async def take_back(
        self, access: Access, organisation_id: str, statement_id: str, reason: str | None, match: str | None
    ) -> None:
        """Withdraw a statement on the in-house relation. Raises as ``Api.post``."""
        path = f"/v1/organisations/{segment(organisation_id)}/relations/{segment(statement_id)}"
        await self._api.delete(path, [] if reason is None else [("reason", reason)], access=access, match=match)

    async def amend(self, access: Access, organisation_id: str, changes: dict[str, Any], match: str | None) -> None:
        """Change members, functions, roles, Leitweg-ID or invoice address of one's own organisation while it is as it was read.

        Raises as ``Api.post``.
        """
        await self._api.patch(f"/v1/organisations/{segment(organisation_id)}", Named, access=access, body=changes, match=match)

    async def accreditations(self, access: Access, parameters: Parameters) -> WorkItems:
        """Return a page of a list of the Anbieter, of its work list without a state. Raises InvalidError, and as ``Api.get``."""
        return await self._api.get("/v1/accreditations", WorkItems, parameters, access=access)

    async def accreditation_table(self, access: Access, parameters: Parameters) -> Table:
        """Return a list of the Anbieter as a table. Raises InvalidError, and as ``Api.get``."""
        return await self._api.table("/v1/accreditations", parameters, access=access)
