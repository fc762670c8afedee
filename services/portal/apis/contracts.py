"""What the pages read of contracts: those of the caller's organisation, their documents, and what one will pay."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from services.portal.apis.catalog import Party, PriceItem
from services.portal.apis.client import Access, Api, Parameters, Reply, Stored, Table, segment
from shared.messages.reasons import Fact


class Refusal(Reply):
    """Why there is no contract; ``facts`` are what the German sentences are made of."""

    code: str | None = None
    facts: tuple[Fact, ...] | None = None
    reason: str
    remedy: str


class Summary(Reply):
    """A contract in a list. ``awaits``: what an offered one waits for at the Anbieter."""

    id: str
    state: str
    awaits: str | None
    number: str | None
    title: str
    leg: str
    channel: str
    order_id: str | None
    order_number: str | None
    offering_id: str
    offering_title: str
    offering_version: int
    anbieter: Party
    customer: Party
    provider: Party
    concluded_at: datetime | None
    recorded_at: datetime
    refusal: Refusal | None
    grantor: Party
    parent: str | None
    valid_from: date
    valid_to: date | None
    ends_on: date | None


class Summaries(Reply):
    """A page of contracts, newest first."""

    items: tuple[Summary, ...]
    next: str | None


class Agb(Reply):
    """The terms and conditions that hold, in their version."""

    name: str
    version: str


class AgbListed(Agb):
    """A version of the terms and conditions in the list. ``filed``: its wording can be read here."""

    valid_from: date
    valid_to: date | None
    legs: tuple[str, ...]
    url: str | None
    filed: bool


class AgbVersions(Reply):
    """All versions of an Anbieter, the newest first."""

    items: tuple[AgbListed, ...]


class AgbInForce(Agb):
    """The terms and conditions that contracts are concluded under today: the wording where it is filed, or its address.

    ``source`` says in German whence the version is known.
    """

    valid_from: date
    url: str | None
    text: str | None
    source: str | None = None


class Total(Reply):
    """Sum of the price lines of one period."""

    period: str
    cents: int
    currency: str


class Condition(Reply):
    """A condition of the contract."""

    text: str


class Check(Reply):
    """The in-house check at the award."""

    verdict: str
    as_of: date


class Award(Reply):
    """An award that a contract or a change rests on; ``verdict`` None until eligibility has judged it, on the day ``as_of``.

    ``until``: a recorded fact speaks against the relation after that day.
    """

    awarder: str
    contractor: str
    verdict: str | None
    as_of: date | None
    until: date | None


class Contract(Summary):
    """A contract in full.

    ``continues``: the contract that it follows, ``order_continued``: the Vorgang of that, which goes on with it.
    ``allowed_moves``: what whoever reads can do with it now; empty of a version of contracts that does not say so.
    """

    agb: Agb | None
    conditions: tuple[Condition, ...]
    price_items: tuple[PriceItem, ...]
    totals: tuple[Total, ...]
    leitweg_id: str | None
    order_reference: str | None
    check: Check | None
    awards: tuple[Award, ...] = ()
    continues: str | None = None
    order_continued: str | None = None
    allowed_moves: tuple[str, ...] = ()


class Accession(Reply):
    """Somebody who has acceded to a contract."""

    organisation: Party
    valid_from: date
    valid_to: date | None


class ChainNode(Reply):
    """A contract in its chain, and what rests on it; number and parties are None for whoever does not see them."""

    id: str
    leg: str
    state: str
    number: str | None
    grantor: Party | None
    grantee: Party | None
    valid_from: date
    last_day: date | None
    accessions: tuple[Accession, ...]
    below: tuple[ChainNode, ...]


class Chain(Reply):
    """The chain of a contract from its root. ``cut``: there is more of it."""

    root: ChainNode
    cut: bool


class OwnAccession(Accession):
    """An accession of one's own, or to one's contract. ``licensee``: whose contract passes the use on."""

    id: str
    channel: str
    contract_id: str
    offering_id: str
    offering_title: str
    licensee: Party
    declared_at: datetime
    allowed_moves: tuple[str, ...] = ()


class Accessions(Reply):
    """A page of them, newest first."""

    items: tuple[OwnAccession, ...]
    next: str | None


class PlannedLink(Reply):
    """A link of the chain by which an offer is used; ``id`` None: it is still to be made."""

    link: str
    id: str | None


class OpenLink(Reply):
    """What is still to be done, and by whom."""

    actor: Party | None
    action: str


class ChannelLicence(Reply):
    """How an offer can be used through a channel, and by whose contract it is licensed for a body."""

    channel: str
    status: str
    licensed_by: Party | None
    plan: tuple[PlannedLink, ...]
    open: tuple[OpenLink, ...]

    def act_of(self, organisation: str | None) -> tuple[str, str] | None:
        """Return what an organisation has to do itself, and below which contract; None if that is not all that is open."""
        above = [it.id for it in self.plan if it.id is not None]
        own = [it for it in self.open if it.actor is not None and it.actor.id == organisation]
        return (own[0].action, above[-1]) if len(self.open) == 1 and own and above else None


class Licence(Reply):
    """Whether the caller's organisation may use an offer, by channel."""

    channels: tuple[ChannelLicence, ...]


class Document(Reply):
    """A document of a contract; ``size`` in bytes."""

    name: str
    title: str
    size: int


class Documents(Reply):
    """The documents of a contract."""

    items: tuple[Document, ...]


class Sentences(Reply):
    """What a line says, for people."""

    de: str
    en: str


class CostLine(Reply):
    """An item as a body bears it: its part of the whole, and how that follows."""

    label: str
    cents: int
    total_cents: int
    text: Sentences


class CostYear(Reply):
    """What a body pays in a calendar year."""

    participants: int
    lines: tuple[CostLine, ...]
    invoiced_cents: int
    financed_cents: int


class OwnCosts(Reply):
    """What the caller's organisation will pay if it takes part from a day on: an estimate."""

    needs_uses: bool
    first_year: CostYear
    full_year: CostYear


class PassingOn(Reply):
    """Whether a Kunde may pass the use on, and by what."""

    allowed: bool
    act: str


class Period(Reply):
    """A period of months that was agreed."""

    months: int


class NoticePeriod(Period):
    """That of an ordinary notice, and on which day it takes effect."""

    to: str


class PriceNotice(Period):
    """That of a new price, and from which day on it counts."""

    from_: str = Field(alias="from")


class AgreedText(Reply):
    """What both sides have agreed besides parties and prices."""

    valid_to: date | None
    services: tuple[str, ...]
    parametrisation: tuple[str, ...]
    territory: tuple[str, ...]
    passing_on: PassingOn
    charge: str
    notice: NoticePeriod | None
    price_notice: PriceNotice
    agb: Agb | None
    annexes: tuple[str, ...]


class Preview(Reply):
    """The contract that would be made, and its agreed text."""

    contract: Contract
    text: AgreedText


class PendingChange(Reply):
    """A change that is not agreed yet. ``waits_for`` has to act; ``step``: RELEASE or CONSENT."""

    id: str
    parts: tuple[str, ...]
    text: AgreedText
    proposed_by: Party
    proposed_at: datetime
    reason: str | None
    waits_for: Party
    step: str
    awards: tuple[Award, ...] = ()


class Amendment(Reply):
    """A change that was agreed, and the text before it."""

    version: int
    agreed_at: datetime
    reason: str | None
    parts: tuple[str, ...]
    before: AgreedText


class AgbChange(Reply):
    """General terms that are in force and that a contract lacks. ``waits_for``: the contract above, which comes first."""

    to_version: Agb
    offer_by: Party
    consent_by: Party
    waits_for: str | None


class Changes(Reply):
    """The agreed text of a contract, what is proposed, and all that was agreed, oldest first.

    ``allowed_moves``: what else whoever reads can do now; empty of a version of contracts that does not say so.
    """

    version: int
    text: AgreedText
    pending: PendingChange | None
    amendments: tuple[Amendment, ...]
    agb_change: AgbChange | None
    allowed_moves: tuple[str, ...] = ()


class PriceChange(Reply):
    """A new price of a contract: from when it counts (None: never), and who bears the difference until then."""

    id: str
    issued_on: date
    effective_from: date | None
    borne_by: Party | None
    borne_from: date | None
    borne_to: date | None
    because: str | None
    price_items: tuple[PriceItem, ...]


class PriceChanges(Reply):
    """All of them, the newest last."""

    price_changes: tuple[PriceChange, ...]


class CostVersion(Reply):
    """A version of cost information; ``published``: it is the price sheet of the offer. ``items`` as they are issued."""

    version: int
    issued_on: date
    effective_from: date
    published: bool
    items: tuple[dict[str, Any], ...]


class CostInformation(Reply):
    """The versions of the cost information of an offer in a channel, oldest first, and what whoever reads can do about it."""

    versions: tuple[CostVersion, ...]
    allowed_moves: tuple[str, ...] = ()


class ContactPerson(Reply):
    """Whom the other parties of a contract can turn to."""

    name: str
    function: str | None
    email: str
    phone: str | None


class NamedContact(Reply):
    """A contact person who counts, of which party, and what for."""

    party: Party
    kind: str
    person: ContactPerson


class ContractContacts(Reply):
    """The contact persons of all parties of a contract."""

    items: tuple[NamedContact, ...]


class Made(Reply):
    """A contract that was made."""

    id: str


class StatementLine(Reply):
    """A line of a statement: ``share`` is that of the pool, as ``n/d``."""

    label: str
    key: str
    share: str
    cents: int


class Difference(Reply):
    """What is owed more, or less, than by the statement before."""

    contract_cents: int


class Statement(Reply):
    """What a contract's Kunde owes for a year. ``contract_cents`` is invoiced, ``budget_cents`` financed for it."""

    statement_id: str
    offering_title: str
    year: int
    number: int
    issued_at: datetime
    lines: tuple[StatementLine, ...]
    financed: tuple[StatementLine, ...]
    contract_cents: int
    budget_cents: int
    correction: Difference | None


class Statements(Reply):
    """All of them, newest first."""

    items: tuple[Statement, ...]


class Outcome(Reply):
    """What became of an offer in a job: a statement, the ``unchanged`` one of before, or none, by ``code`` and ``rule``."""

    offering_id: str
    statement_id: str | None
    unchanged: bool
    code: str | None
    rule: str | None


class StatementJob(Reply):
    """A job that makes the statements of a year; ``offerings`` of ``offerings_total`` are looked at."""

    id: str
    year: int
    state: str
    offerings: int
    offerings_total: int | None
    outcomes: tuple[Outcome, ...]
    created_at: datetime
    code: str | None

    def made(self) -> int:
        """Return how many statements it has issued."""
        return len([it for it in self.outcomes if it.statement_id is not None and not it.unchanged])

    def unchanged(self) -> int:
        """Return of how many offers nothing was new."""
        return len([it for it in self.outcomes if it.unchanged])

    def failed(self) -> tuple[Outcome, ...]:
        """Return of which offers there is no statement."""
        return tuple(it for it in self.outcomes if it.statement_id is None)


class StatementJobs(Reply):
    """A page of them, newest first."""

    items: tuple[StatementJob, ...]
    next: str | None


class Promised(Reply):
    """A number that is promised to a contract which does not exist yet."""

    contract_id: str
    sequence: int


class Register(Reply):
    """The numbers of an Anbieter in a year, held against its contracts. ``free``: the next contracts get them."""

    channel: str
    year: int
    last: int
    contracts: int
    gaps: tuple[int, ...]
    allotted: tuple[Promised, ...]
    free: tuple[int, ...]


class Contracts:
    """Contracts as the pages ask it, with the token of whoever is logged in."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def listed(self, access: Access, parameters: Parameters) -> Summaries:
        """Return a page of contracts. Raises as ``Api.get``."""
        return await self._api.get("/v1/contracts", Summaries, parameters, access=access)

    async def table(self, access: Access, parameters: Parameters) -> Table:
        """Return a whole list of contracts as a table. Raises as ``Api.get``."""
        return await self._api.table("/v1/contracts", parameters, access=access)

    async def contract(self, access: Access, contract_id: str) -> Stored[Contract]:
        """Return one contract with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/contracts/{segment(contract_id)}", Contract, access=access)

    async def chain(self, access: Access, contract_id: str) -> Chain:
        """Return the chain that a contract stands in. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/contracts/{segment(contract_id)}/chain", Chain, access=access)

    async def changes(self, access: Access, contract_id: str) -> Stored[Changes]:
        """Return the changes of a contract, for its sides, with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/contracts/{segment(contract_id)}/changes", Changes, access=access)

    async def price_changes(self, access: Access, contract_id: str) -> tuple[PriceChange, ...]:
        """Return the new prices of a contract, for its sides. Raises NotFoundError, and as ``Api.get``."""
        path = f"/v1/contracts/{segment(contract_id)}/price-changes"
        return (await self._api.get(path, PriceChanges, access=access)).price_changes

    async def succeed(self, access: Access, contract_id: str, *, key: str, body: dict[str, Any]) -> str:
        """Have a contract made that follows another one, and return its id. Raises as ``Api.post``."""
        path = f"/v1/contracts/{segment(contract_id)}/successor"
        return (await self._api.make(path, Made, key=key, access=access, body=body)).id

    async def preview(self, access: Access, contract_id: str, body: dict[str, Any]) -> Preview:
        """Return the contract that ``pass_on`` would make. Raises as ``Api.post``."""
        path = f"/v1/contracts/{segment(contract_id)}/sub-contracts/preview"
        return await self._api.ask(path, Preview, access=access, body=body)

    async def pass_on(self, access: Access, contract_id: str, *, key: str, body: dict[str, Any]) -> str:
        """Have a contract made that passes another one on, and return its id. Raises as ``Api.post``."""
        path = f"/v1/contracts/{segment(contract_id)}/sub-contracts"
        return (await self._api.make(path, Made, key=key, access=access, body=body)).id

    async def statements(self, access: Access, contract_id: str) -> tuple[Statement, ...]:
        """Return the yearly statements of a contract. Raises NotFoundError, and as ``Api.get``."""
        return (await self._api.get(f"/v1/contracts/{segment(contract_id)}/statements", Statements, access=access)).items

    async def statement_documents(self, access: Access, statement_id: str) -> tuple[Document, ...]:
        """Return the documents of one's own part of a statement. Raises NotFoundError, and as ``Api.get``."""
        return (await self._api.get(f"/v1/statements/{segment(statement_id)}/documents", Documents, access=access)).items

    async def statement_document(self, access: Access, statement_id: str, name: str) -> bytes:
        """Return the content of such a document. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.content(f"/v1/statements/{segment(statement_id)}/documents/{segment(name)}", access=access)

    async def contacts(self, access: Access, contract_id: str) -> Stored[ContractContacts]:
        """Return the contact persons of a contract, with their entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/contracts/{segment(contract_id)}/contacts", ContractContacts, access=access)

    async def name_contacts(self, access: Access, contract_id: str, body: dict[str, Any], match: str | None) -> None:
        """Replace the own contact persons of a contract. Raises as ``Api.put``."""
        path = f"/v1/contracts/{segment(contract_id)}/contacts"
        await self._api.put(path, ContractContacts, access=access, body=body, match=match)

    async def documents(self, access: Access, contract_id: str) -> tuple[Document, ...]:
        """Return the documents of a contract. Raises NotFoundError for who may not read them, and as ``Api.get``."""
        return (await self._api.get(f"/v1/contracts/{segment(contract_id)}/documents", Documents, access=access)).items

    async def document(self, access: Access, contract_id: str, name: str) -> bytes:
        """Return the content of a document. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.content(f"/v1/contracts/{segment(contract_id)}/documents/{segment(name)}", access=access)

    async def receipt(self, access: Access, contract_id: str) -> bytes:
        """Return the receipt of a contract in the archive, to be verified off line. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.content(f"/v1/contracts/{segment(contract_id)}/archive", access=access)

    async def take(
        self, access: Access, contract_id: str, step: str, *, key: str, body: dict[str, Any] | None, match: str | None
    ) -> None:
        """Have a step taken with a contract, named by its path below it. Raises as ``Api.post``."""
        await self._api.post(f"/v1/contracts/{segment(contract_id)}/{step}", key=key, access=access, body=body, match=match)

    async def licence(self, access: Access, offering_id: str) -> tuple[ChannelLicence, ...]:
        """Return whether the caller's organisation may use an offer, by channel. Raises NotFoundError, and as ``Api.get``."""
        return (await self._api.get(f"/v1/offers/{segment(offering_id)}/licence", Licence, access=access)).channels

    async def accessions(self, access: Access, parameters: Parameters) -> Accessions:
        """Return a page of accessions. Raises as ``Api.get``."""
        return await self._api.get("/v1/accessions", Accessions, parameters, access=access)

    async def accession_table(self, access: Access, parameters: Parameters) -> Table:
        """Return a whole list of accessions as a table. Raises as ``Api.get``."""
        return await self._api.table("/v1/accessions", parameters, access=access)

    async def accession(self, access: Access, accession_id: str) -> Stored[OwnAccession]:
        """Return an accession with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(f"/v1/accessions/{segment(accession_id)}", OwnAccession, access=access)

    async def accede(self, access: Access, contract_id: str, *, key: str, body: dict[str, Any]) -> None:
        """Declare the accession to a contract. Raises as ``Api.post``."""
        await self._api.post(f"/v1/contracts/{segment(contract_id)}/accessions", key=key, access=access, body=body)

    async def end_accession(
        self, access: Access, accession_id: str, *, key: str, body: dict[str, Any], match: str | None
    ) -> None:
        """End an accession. Raises as ``Api.post``."""
        await self._api.post(f"/v1/accessions/{segment(accession_id)}/end", key=key, access=access, body=body, match=match)

    async def agb(self, channel: str) -> AgbInForce:
        """Return the terms and conditions in force at a channel. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/agb/{segment(channel)}", AgbInForce)

    async def agb_of(self, channel: str, version: str, leg: str) -> AgbInForce:
        """Return a version of the terms and conditions for a kind of contract. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/agb/{segment(channel)}", AgbInForce, [("version", version), ("leg", leg)])

    async def agb_versions(self, channel: str) -> tuple[AgbListed, ...]:
        """Return all versions of the terms and conditions of a channel, the newest first. Raises as ``Api.get``."""
        return (await self._api.get(f"/v1/agb/{segment(channel)}/versions", AgbVersions)).items

    async def own_costs(self, access: Access, offering_id: str, channel: str) -> OwnCosts:
        """Return what the caller's organisation will pay for an offer. Raises as ``Api.get``."""
        return await self._api.get(f"/v1/offers/{segment(offering_id)}/costs", OwnCosts, [("channel", channel)], access=access)

    async def cost_information(self, access: Access, offering_id: str, channel: str) -> Stored[CostInformation]:
        """Return the cost information of an offer in a channel, with its entity tag once a version was issued.

        Raises NotFoundError, and as ``Api.get``.
        """
        path = f"/v1/offers/{segment(offering_id)}/cost-information"
        return await self._api.find(path, CostInformation, [("channel", channel)], access=access)

    async def issue(self, access: Access, offering_id: str, *, key: str, body: dict[str, Any], match: str | None) -> None:
        """Issue a version of the cost information of an offer. Raises as ``Api.post``."""
        path = f"/v1/offers/{segment(offering_id)}/cost-information"
        await self._api.post(path, key=key, access=access, body=body, match=match)

    async def statement_jobs(self, access: Access, parameters: Parameters) -> StatementJobs:
        """Return a page of the jobs of an Anbieter that make yearly statements. Raises as ``Api.get``."""
        return await self._api.get("/v1/statement-jobs", StatementJobs, parameters, access=access)

    async def make_statements(self, access: Access, *, key: str, body: dict[str, Any]) -> None:
        """Have the statements of a year made. Raises as ``Api.post``."""
        await self._api.post("/v1/statement-jobs", key=key, access=access, body=body)

    async def register(self, access: Access, channel: str, year: int) -> Register:
        """Return the numbers that an Anbieter has given in a year. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/registers/{segment(channel)}/{year}", Register, access=access)
