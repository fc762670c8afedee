"""Requests and answers of the API."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from services.notify.domain.contact import Contact, KindRhythm, Language, rhythms_of
from services.notify.domain.digest import Rhythm
from services.notify.domain.facts import Audience
from services.notify.domain.notification import Notification
from services.notify.domain.parameters import SubjectKind
from services.notify.domain.routing import SWITCHED_OFF, Routing
from services.notify.texts import Texts
from shared.mail_address import MailAddress
from shared.messages.values import EntityId, Line, Role, Time
from shared.written import WrittenLine

MUTED_LIMIT = 100


class ContactForm(BaseModel):
    """How the caller wants to be addressed and notified."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Erika Mustermann",
                    "email": "erika.mustermann@kommune.example",
                    "language": "de",
                    "email_enabled": True,
                    "muted": ["ordering.order.milestone-reached.v1"],
                    "rhythm": "IMMEDIATE",
                    "rhythms": {"ordering.order.point-settled.v1": "DAILY"},
                }
            ]
        },
    )

    name: WrittenLine
    email: MailAddress
    language: Language = Language.DE
    email_enabled: bool = True
    muted: Annotated[
        list[str],
        Field(max_length=MUTED_LIMIT, description="Event types that no e-mail is wanted about. The inbox has them all."),
    ] = []
    rhythm: Annotated[
        Rhythm,
        Field(
            description="How often e-mail is sent: IMMEDIATE (one per matter within some minutes), DAILY (a digest on working "
            "days) or WEEKLY (on the first working day of the week)."
        ),
    ] = Rhythm.IMMEDIATE
    rhythms: Annotated[
        dict[str, Rhythm], Field(max_length=MUTED_LIMIT, description="Event types that another rhythm is wanted for.")
    ] = {}

    deputy: Annotated[
        bool,
        Field(description="Whether e-mail is wanted only about what is escalated because nobody of the organisation has acted."),
    ] = False

    def contact(self, person: str, at: datetime) -> Contact:
        """Return it as the contact of a person."""
        return Contact(
            person=person,
            name=self.name,
            email=self.email,
            language=self.language,
            email_enabled=self.email_enabled,
            muted=tuple(sorted(set(self.muted))),
            rhythm=self.rhythm,
            deputy=self.deputy,
            rhythms=tuple(KindRhythm(event_type=kind, rhythm=rhythm) for kind, rhythm in sorted(self.rhythms.items())),
            changed_at=at,
        )


class ContactReply(ContactForm):
    """The contact as it is kept."""

    name: Line
    changed_at: datetime

    @classmethod
    def of(cls, contact: Contact) -> ContactReply:
        """Return the answer for a contact."""
        said = contact.model_dump(include={"name", "email", "language", "email_enabled", "changed_at", "rhythm", "deputy"})
        return cls(**said, muted=list(contact.muted), rhythms={kind.event_type: kind.rhythm for kind in contact.rhythms})


class KindReply(BaseModel):
    """A kind of event that somebody is told of, and how often e-mail about it can be wanted; each kind can be muted."""

    event_type: Annotated[str, Field(examples=["ordering.order.offer-made.v1"])]
    parts: Annotated[list[Audience], Field(description="Parts in the event whose organisations are told.", examples=[["KUNDE"]])]
    concerns_you: Annotated[
        bool, Field(description="Whether the caller's organisation can have one of the parts, in its roles.", examples=[True])
    ]
    rhythms: Annotated[
        list[Rhythm],
        Field(
            description="Rhythms that can be wanted; what is escalated, or tells of a webhook, waits for no digest.",
            examples=[["IMMEDIATE", "DAILY", "WEEKLY"]],
        ),
    ]
    for_webhooks: Annotated[
        bool, Field(description="Whether a webhook can be called about it: it is an event, no notice of notify.", examples=[True])
    ]


class KindsReply(BaseModel):
    """All kinds of events that somebody is told of, by their event type."""

    items: list[KindReply]

    @classmethod
    def of(cls, routing: Routing, roles: Container[Role]) -> KindsReply:
        """Return the answer for somebody whose organisation has these roles."""
        own = KindReply(
            event_type=SWITCHED_OFF,
            parts=[Audience.ORGANISATION],
            concerns_you=True,
            rhythms=list(rhythms_of(SWITCHED_OFF)),
            for_webhooks=False,
        )
        routed = [
            KindReply(
                event_type=kind,
                parts=sorted(parts),
                concerns_you=routing.concerns(kind, roles),
                rhythms=list(rhythms_of(kind)),
                for_webhooks=True,
            )
            for kind, parts in routing.routes.items()
        ]
        return cls(items=sorted([*routed, own], key=lambda kind: kind.event_type))


class ColleagueReply(BaseModel):
    """A contact of the caller's organisation. ``id`` is what it is removed by; ``own``: it is the caller's."""

    id: EntityId
    name: Line
    email: MailAddress
    email_enabled: bool
    own: bool
    changed_at: datetime

    @classmethod
    def of(cls, contact: Contact, mark: str, caller: str) -> ColleagueReply:
        """Return the answer for a contact."""
        return cls(
            id=mark,
            name=contact.name,
            email=contact.email,
            email_enabled=contact.email_enabled,
            own=contact.person == caller,
            changed_at=contact.changed_at,
        )


class ColleaguesReply(BaseModel):
    """All contacts of the caller's organisation, by name."""

    items: list[ColleagueReply]


class UnreadReply(BaseModel):
    """How many notifications lie unread; with ``more`` there are more than were counted."""

    count: Annotated[int, Field(description="Number of unread notifications, at most 1000.", examples=[12])]
    more: Annotated[bool, Field(description="Whether there are more than that.", examples=[False])]


class ReadForm(BaseModel):
    """What is to be marked as read. Without any condition it is the whole inbox as it is now."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"until": "2026-03-02T09:15:01Z", "order_id": "7f8f0a52-5f2c-5a8e-8d5f-2d6d9d2b8c33"}]},
    )

    until: Annotated[
        Time | None,
        Field(description="`created_at` of the newest one that was seen; what came later stays unread. Without it: now."),
    ] = None
    order_id: Annotated[EntityId | None, Field(description="Only what belongs to this Vorgang.")] = None
    offering_id: Annotated[EntityId | None, Field(description="Only what belongs to this offer.")] = None
    event_type: Annotated[str | None, Field(description="Only what such an event brought.")] = None


class MarkedReply(BaseModel):
    """How many notifications were marked as read."""

    marked: Annotated[int, Field(description="Number of notifications that were unread.", examples=[12])]


class InboxItem(BaseModel):
    """One notification in the organisation's inbox, as text in the reader's language."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "4a0c8d0e-9f0c-5a53-8f0b-0d6c1f5b7f11",
                    "event_id": "0b0f2f9c-6f0e-5d2b-9f6c-3e1e6f2a9d10",
                    "event_type": "ordering.order.interest-forwarded.v1",
                    "occurred_at": "2026-03-02T09:15:00Z",
                    "created_at": "2026-03-02T09:15:01Z",
                    "read_at": None,
                    "subject_kind": "order",
                    "subject_id": "7f8f0a52-5f2c-5a8e-8d5f-2d6d9d2b8c33",
                    "order_id": "7f8f0a52-5f2c-5a8e-8d5f-2d6d9d2b8c33",
                    "offering_id": "1e2223c7-801c-5113-bfb4-1b999d81a5e6",
                    "language": "de",
                    "subject": "Vorgang GD-2026-000001: Interesse an „Wohngeld“",
                    "body": "Die Stadt Musterstadt hat ihr Interesse bekundet …",
                    "link": "https://marktplatz.example/orders/7f8f0a52-5f2c-5a8e-8d5f-2d6d9d2b8c33",
                }
            ]
        },
    )

    id: EntityId
    event_id: EntityId
    event_type: str
    occurred_at: datetime
    created_at: datetime
    read_at: datetime | None
    subject_kind: SubjectKind
    subject_id: str
    order_id: EntityId | None
    offering_id: EntityId | None
    language: Language
    subject: str
    body: str
    link: Annotated[str | None, Field(description="The portal's page of the subject; null where no portal is set up.")]

    @classmethod
    def of(cls, notification: Notification, texts: Texts, language: Language) -> InboxItem:
        """Return a notification with its text."""
        text = texts.shown(notification, language)
        return cls(
            id=notification.id,
            event_id=notification.event_id,
            event_type=notification.event_type,
            occurred_at=notification.occurred_at,
            created_at=notification.created_at,
            read_at=notification.read_at,
            subject_kind=notification.subject.kind,
            subject_id=notification.subject.id,
            order_id=notification.order_id,
            offering_id=notification.offering_id,
            language=language,
            subject=text.subject,
            body=text.body,
            link=texts.link(notification),
        )
