"""What the pages read of contracts: those of the caller's organisation, their documents, and what one will pay."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from services.portal.apis.catalog import Party, PriceItem
from services.portal.apis.client import Access, Api, Parameters, Reply, Stored, segment


class Refusal(Reply):
    """Why there is no contract; German."""

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


class Contract(Summary):
    """A contract in full."""

    agb: Agb | None
    conditions: tuple[Condition, ...]
    price_items: tuple[PriceItem, ...]
    totals: tuple[Total, ...]
    leitweg_id: str | None
    order_reference: str | None
    check: Check | None


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

    async def statements(self, access: Access, contract_id: str) -> tuple[Statement, ...]:
        """Return the yearly statements of a contract. Raises NotFoundError, and as ``Api.get``."""
        return (await self._api.get(f"/v1/contracts/{segment(contract_id)}/statements", Statements, access=access)).items

    async def statement_documents(self, access: Access, statement_id: str) -> tuple[Document, ...]:
        """Return the documents of one's own part of a statement. Raises NotFoundError, and as ``Api.get``."""
        return (await self._api.get(f"/v1/statements/{segment(statement_id)}/documents", Documents, access=access)).items

    async def statement_document(self, access: Access, statement_id: str, name: str) -> bytes:
        """Return the content of such a document. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.content(f"/v1/statements/{segment(statement_id)}/documents/{segment(name)}", access=access)

    async def documents(self, access: Access, contract_id: str) -> tuple[Document, ...]:
        """Return the documents of a contract. Raises NotFoundError for who may not read them, and as ``Api.get``."""
        return (await self._api.get(f"/v1/contracts/{segment(contract_id)}/documents", Documents, access=access)).items

    async def document(self, access: Access, contract_id: str, name: str) -> bytes:
        """Return the content of a document. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.content(f"/v1/contracts/{segment(contract_id)}/documents/{segment(name)}", access=access)

    async def take(
        self, access: Access, contract_id: str, step: str, *, key: str, body: dict[str, Any] | None, match: str | None
    ) -> None:
        """Have a step taken with a contract, named by its path below it. Raises as ``Api.post``."""
        await self._api.post(f"/v1/contracts/{segment(contract_id)}/{step}", key=key, access=access, body=body, match=match)

    async def agb(self, channel: str) -> AgbInForce:
        """Return the terms and conditions in force at a channel. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/agb/{segment(channel)}", AgbInForce)

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

    async def register(self, access: Access, channel: str, year: int) -> Register:
        """Return the numbers that an Anbieter has given in a year. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/registers/{segment(channel)}/{year}", Register, access=access)
