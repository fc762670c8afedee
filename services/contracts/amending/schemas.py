"""What the routes about changes of a running contract take and answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.contracts.amending.asking import AgbChange
from services.contracts.chain.contract import Ars, Side
from services.contracts.days import ChainDay
from services.contracts.domain.agreed import Charge, Notice, PassingOn, PriceNotice
from services.contracts.domain.amending import is_offered, party_of, waits_for
from services.contracts.domain.awards import AwardCheck
from services.contracts.domain.contract import Contract
from services.contracts.domain.moves import Move
from services.contracts.domain.text import AgreedText, Amendment, Proposal
from shared.messages.contracts import AgbVersion
from shared.messages.contracts_changes import AgreedPart
from shared.messages.values import Code, EntityId, Party, Time
from shared.written import WrittenLine

_TEXT: dict[str, JsonValue] = {
    "valid_to": "2028-12-31",
    "services": ["2f0d9c8e-9a64-4c6f-8f5e-64a4a5a7c0de"],
    "parametrisation": [],
    "territory": ["14"],
    "passing_on": {"allowed": True, "act": "BEITRITT"},
    "charge": "ENTGELTLICH",
    "notice": {"months": 6, "to": "YEAR_END"},
    "price_notice": {"months": 3, "from": "YEAR_START"},
    "agb": {"name": "SaaS-Nachnutzungs-AGB", "version": "EfA-Marktplatz 2022"},
    "annexes": ["ABSTIMMUNGSSCHREIBEN", "LEISTUNGSBESCHREIBUNG"],
}
_EXAMPLE: dict[str, JsonValue] = {
    "contract_id": "0e0f5f0c-8f0e-5d0a-9d63-6f9a3f0f7a11",
    "version": 1,
    "text": _TEXT | {"valid_to": None},
    "pending": {
        "id": "4c8d7d0e-6a2b-5c61-9f0e-2b7f0c9d5a33",
        "parts": ["VALID_TO"],
        "text": _TEXT,
        "proposed_by": {"id": "DE-SN", "name": "Freistaat Sachsen"},
        "proposed_at": "2027-02-01T09:00:00Z",
        "reason": None,
        "waits_for": {"id": "fitko", "name": "FITKO"},
        "step": "CONSENT",
        "awards": [],
    },
    "amendments": [],
    "agb_change": None,
    "allowed_moves": ["successor"],
}


class TextRequest(BaseModel):
    """What of an agreed text is to be otherwise: what is absent stays as it is.

    ``valid_to`` null: without an end; ``notice`` null: no ordinary notice. Lists replace what was agreed. With ``charge``
    ENTGELTFREI the price lines go.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    valid_to: ChainDay | None = None
    services: Annotated[list[EntityId], Field(min_length=1, max_length=100)] = []
    parametrisation: Annotated[list[Code], Field(max_length=500)] = []
    territory: Annotated[list[Ars], Field(min_length=1, max_length=500)] = []
    passing_on: PassingOn | None = None
    charge: Charge | None = None
    notice: Notice | None = None
    price_notice: PriceNotice | None = None
    annexes: Annotated[list[WrittenLine], Field(max_length=50)] = []

    def applied_to(self, text: AgreedText) -> AgreedText:
        """Return the text with what the request changes."""
        found = {name: getattr(self, name) for name in self.model_fields_set & AgreedText.model_fields.keys()}
        emptied = {name for name in found if found[name] is None and name not in {"valid_to", "notice"}}
        changed = {
            name: tuple(dict.fromkeys(value)) if isinstance(value, list) else value
            for name, value in found.items()
            if name not in emptied
        }
        return text.model_copy(update=changed)


class AmendmentRequest(TextRequest):
    """An amendment of a running contract. The other side gets the ``reason``."""

    reason: Annotated[WrittenLine | None, Field(examples=["Das Gebiet umfasst seit der Reform einen weiteren Kreis."])] = None


class AgbOfferRequest(BaseModel):
    """An offer of the general terms that are in force. ``reason`` is told to the other side."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    reason: WrittenLine | None = None


class RefusalRequest(BaseModel):
    """Why a side turns a change down, or takes its own back; told to the other side."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    reason: Annotated[WrittenLine | None, Field(examples=["Die Laufzeit ist nicht beschlossen."])] = None


class PendingChangeView(BaseModel):
    """A change that is not agreed yet, with the whole text as it would be.

    ``waits_for`` has to act: RELEASE, as the second person of the Anbieter, or CONSENT. Both wait for the verdicts on ``awards``,
    those that the change makes anew.
    """

    id: str
    parts: list[AgreedPart]
    text: AgreedText
    proposed_by: Party
    proposed_at: Time
    reason: str | None
    waits_for: Party
    step: Literal["RELEASE", "CONSENT"]
    awards: list[AwardCheck] = []

    @classmethod
    def of(cls, contract: Contract, proposal: Proposal) -> PendingChangeView:
        """Return the view of a proposed change."""
        side, step = waits_for(contract, proposal)
        return cls(
            id=proposal.id,
            parts=list(proposal.parts),
            text=proposal.text,
            proposed_by=party_of(contract, proposal.side),
            proposed_at=proposal.proposed_at,
            reason=proposal.reason,
            waits_for=party_of(contract, side),
            step=step,
            awards=list(proposal.awards),
        )


class AmendmentView(BaseModel):
    """A change that was agreed: the version that it made, and the text before it."""

    id: str
    version: int
    agreed_at: Time
    reason: str | None
    parts: list[AgreedPart]
    before: AgreedText

    @classmethod
    def of(cls, amendment: Amendment) -> AmendmentView:
        """Return the view of an amendment."""
        return cls.model_validate({name: getattr(amendment, name) for name in cls.model_fields})


class AgbChangeView(BaseModel):
    """General terms that are in force and that the contract lacks: ``offer_by`` offers them, ``consent_by`` consents.

    ``waits_for``: the contract above, which lacks them too and comes first. Without consent the old terms go on; ordinary notice
    of today would end the contract on ``earliest_end`` (null: open).
    """

    to_version: AgbVersion
    offer_by: Party
    consent_by: Party
    waits_for: str | None
    earliest_end: ChainDay | None

    @classmethod
    def of(cls, contract: Contract, change: AgbChange) -> AgbChangeView:
        """Return the view of newer general terms for a contract."""
        return cls(
            to_version=change.agb,
            offer_by=contract.grantor,
            consent_by=contract.customer,
            waits_for=change.waits_for,
            earliest_end=change.earliest_end,
        )


class ChangesView(BaseModel):
    """The agreed text of a contract, the change of it that is not agreed yet, and all that were agreed, oldest first."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    contract_id: str
    version: int
    text: AgreedText
    pending: PendingChangeView | None
    amendments: list[AmendmentView]
    agb_change: AgbChangeView | None
    allowed_moves: list[Move]

    @classmethod
    def of(
        cls, contract: Contract, text: AgreedText, side: Side | None, newer: AgbChange | None, moves: Iterable[Move]
    ) -> ChangesView:
        """Return the view for a side that can do ``moves``: what the other one has not released yet is not there."""
        proposal = contract.proposal
        shown = proposal is not None and (side == proposal.side or is_offered(contract, proposal))
        return cls(
            contract_id=contract.id,
            version=contract.version,
            text=text,
            pending=PendingChangeView.of(contract, proposal) if proposal is not None and shown else None,
            amendments=[AmendmentView.of(it) for it in contract.amendments],
            agb_change=None if newer is None else AgbChangeView.of(contract, newer),
            allowed_moves=list(moves),
        )
