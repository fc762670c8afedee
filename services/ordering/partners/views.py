"""Partners and records in quarantine as callers see them."""

from __future__ import annotations

import base64
from typing import Any

from pydantic import BaseModel

from services.ordering.domain.partner.keys import algorithms
from services.ordering.domain.partner.partner import Contact, HistoryLine, Partner
from services.ordering.domain.partner.transitions import PartnerCommand
from services.ordering.domain.quarantine import Quarantined
from services.ordering.partners.access import Capacity, is_operator
from services.ordering.partners.intake import Issued, ReceiptStatus
from services.ordering.partners.quarantine import Original
from services.ordering.partners.words import words_of
from shared.http.auth import Caller
from shared.messages.ordering_partners import PartnerKey, PartnerQuota, PartnerState, QuarantineState, Represented
from shared.messages.partner import Wording
from shared.messages.values import Line, Party, Time
from shared.topics import partner_orders, partner_receipts


class KeyView(BaseModel):
    """A key of a partner. ``algorithm`` is the only one that it may sign with."""

    kid: str
    jwk: dict[str, str]
    algorithm: str
    valid_from: Time
    valid_until: Time | None

    @classmethod
    def of(cls, key: PartnerKey) -> KeyView:
        """Return the view of a key."""
        return cls(
            kid=key.kid,
            jwk=key.jwk.model_dump(exclude_none=True),
            algorithm=algorithms(key.jwk)[0],
            valid_from=key.valid_from,
            valid_until=key.valid_until,
        )


class PartnerTopics(BaseModel):
    """The topics of a partner: it writes ``orders`` and reads ``receipts``."""

    orders: str
    receipts: str


class PartnerSummary(BaseModel):
    """A partner in a list."""

    id: str
    name: Line
    run_by: Party
    state: PartnerState
    organisations: int
    registered_at: Time
    changed_at: Time

    @classmethod
    def of(cls, partner: Partner) -> PartnerSummary:
        """Return the line of a partner."""
        return cls(
            id=partner.id,
            name=partner.name,
            run_by=partner.run_by,
            state=partner.state,
            organisations=len(partner.organisations),
            registered_at=partner.registered_at,
            changed_at=partner.changed_at,
        )


class PartnerView(BaseModel):
    """A partner. An organisation that it acts for sees that and in which roles: nothing of others, keys, quota and contact."""

    id: str
    name: Line
    run_by: Party
    state: PartnerState
    organisations: list[Represented]
    keys: list[KeyView] | None
    quota: PartnerQuota | None
    contact: Contact | None
    topics: PartnerTopics
    registered_at: Time
    changed_at: Time

    @classmethod
    def of(cls, partner: Partner, caller: Caller, capacity: Capacity) -> PartnerView:
        """Return a partner as the caller sees it."""
        whole = capacity is not Capacity.IS_REPRESENTED
        return cls(
            id=partner.id,
            name=partner.name,
            run_by=partner.run_by,
            state=partner.state,
            organisations=[it for it in partner.organisations if whole or it.id == caller.organisation],
            keys=[KeyView.of(key) for key in partner.keys] if whole else None,
            quota=partner.quota if whole else None,
            contact=partner.contact if whole else None,
            topics=PartnerTopics(orders=partner_orders(partner.id).name, receipts=partner_receipts(partner.id).name),
            registered_at=partner.registered_at,
            changed_at=partner.changed_at,
        )


class HistoryItem(BaseModel):
    """A line of the history. ``person`` is shown to operators, and to the colleagues of who it is."""

    at: Time
    person: str | None
    organisation: str
    command: PartnerCommand
    detail: str | None

    @classmethod
    def of(cls, line: HistoryLine, caller: Caller) -> HistoryItem:
        """Return a line as the caller sees it."""
        known = is_operator(caller) or caller.organisation == line.organisation
        return cls(
            at=line.at,
            person=line.person if known else None,
            organisation=line.organisation,
            command=line.command,
            detail=line.detail,
        )


class History(BaseModel):
    """Who changed what of a partner when, oldest first; as many lines before them as ``omitted`` are not stored any more."""

    items: list[HistoryItem]
    omitted: int


class QuarantineView(BaseModel):
    """A record in quarantine. ``reference`` is that of its receipt; ``size`` and ``sha256`` are those of its value.

    ``wording`` is ``detail`` in German and English; ``remedy`` says what helps, null where nothing general does.
    """

    reference: str
    partner: str
    topic: str
    partition: int
    offset: int
    appended_at: Time
    size: int
    sha256: str
    shortened: bool
    code: str
    detail: str
    wording: Wording
    remedy: Wording | None
    state: QuarantineState
    quarantined_at: Time
    purge_at: Time
    decided_at: Time | None
    decided_by: str | None
    reason: str | None
    receipt: str | None

    @classmethod
    def of(cls, record: Quarantined, caller: Caller) -> QuarantineView:
        """Return a record as the caller sees it: who has decided, to operators and for what the partner has done itself."""
        wording, remedy = words_of(record.code, record.detail)
        names = cls.model_fields.keys() - {"reference", "decided_by", "wording", "remedy"}
        own = is_operator(caller) or record.state is QuarantineState.RESUBMITTED
        fields: dict[str, Any] = {name: getattr(record, name) for name in names}
        return cls(reference=record.id, decided_by=record.decided_by if own else None, wording=wording, remedy=remedy, **fields)


class ReceiptView(BaseModel):
    """The receipt that an event has got: what it says, and the signed text as it is on the partner's topic.

    ``wording`` is ``detail`` in German and English, null with it; ``remedy`` says what helps.
    """

    id: str
    status: ReceiptStatus
    code: str | None
    detail: str | None
    wording: Wording | None
    remedy: Wording | None
    jws: str

    @classmethod
    def of(cls, issued: Issued) -> ReceiptView:
        """Return the view of a receipt."""
        wording, remedy = words_of(issued.code or "", issued.detail) if issued.detail else (None, None)
        return cls(
            id=issued.id,
            status=issued.status,
            code=issued.code,
            detail=issued.detail,
            wording=wording,
            remedy=remedy,
            jws=issued.jws,
        )


class Decided(BaseModel):
    """A record in quarantine after an event went its way, and the receipt of that event."""

    record: QuarantineView
    receipt: ReceiptView


class HeaderView(BaseModel):
    """A header of a record; its value in base64."""

    name: str
    value: str | None


class OriginalView(BaseModel):
    """A record as it stood on the topic: bytes in base64, None for null. ``shortened``: they were too many to be stored."""

    topic: str
    partition: int
    offset: int
    appended_at: Time
    key: str | None
    value: str | None
    headers: list[HeaderView]
    shortened: bool

    @classmethod
    def of(cls, original: Original) -> OriginalView:
        """Return the view of a record."""
        return cls(
            topic=original.topic,
            partition=original.partition,
            offset=original.offset,
            appended_at=original.appended_at,
            key=_base64(original.key),
            value=_base64(original.value),
            headers=[HeaderView(name=name, value=_base64(value)) for name, value in original.headers],
            shortened=original.shortened,
        )


def _base64(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()
