"""Messages of the catalog: the published offers, for portals and for ordering; submissions, for the Anbieter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, message_type
from shared.messages.values import (
    Anbindungsart,
    Channel,
    Code,
    DocumentRef,
    EntityId,
    LeikaKey,
    Line,
    OfferingState,
    Party,
    PriceItem,
    Text,
    Time,
)


class Parameter(Value):
    """A setting that each reusing authority fills in for itself (EfA-Parametrisierung)."""

    name: Code
    label: Line
    required: bool = True


class ChannelListing(Value):
    """An Anbieter through whom the offer can be ordered: the Bereitstellungsvertrag with them is signed."""

    channel: Channel
    bereitstellungsvertrag: Line
    signed_at: Time


class Offering(Value):
    """Full public state of an offer. ``version`` rises with each publication of a changed form."""

    id: EntityId
    version: Annotated[int, Field(ge=1)]
    state: OfferingState
    title: Line
    summary: Text
    technical_concept: Text
    nachnutzung: Text
    provider: Party
    topic_id: Code | None = None
    ozg_ids: tuple[str, ...] = ()
    leika_keys: tuple[LeikaKey, ...] = ()
    anbindungsarten: tuple[Anbindungsart, ...]
    channels: tuple[ChannelListing, ...]
    parameters: tuple[Parameter, ...] = ()
    price_items: tuple[PriceItem, ...] = ()
    funding: Line | None = None
    documents: tuple[DocumentRef, ...] = ()
    reifegrad: Annotated[int, Field(ge=0, le=4)]
    licence_free_for_states: tuple[str, ...] = ()
    published_at: Time
    changed_at: Time


@message_type("catalog.offering.published.v1")
class OfferingPublished(Message):
    """The offer is in the Schaufenster for the first time."""

    offering: Offering


@message_type("catalog.offering.changed.v1")
class OfferingChanged(Message):
    """A published offer has a new version or a further channel."""

    offering: Offering


@message_type("catalog.offering.suspended.v1")
class OfferingSuspended(Message):
    """The offer takes no new interest for the time being."""

    offering: Offering
    reason: Text


@message_type("catalog.offering.resumed.v1")
class OfferingResumed(Message):
    """The suspended offer takes interest again."""

    offering: Offering


@message_type("catalog.offering.withdrawn.v1")
class OfferingWithdrawn(Message):
    """The offer has left the Schaufenster for good; contracts that exist go on."""

    offering: Offering
    reason: Text


@message_type("catalog.offering.restated.v1")
class OfferingRestated(Message):
    """The full state of an offer once more, because the topic was rebuilt; nothing has happened to the offer."""

    offering: Offering


class Submission(Value):
    """What the Anbieter must know of an offer that is not public yet."""

    offering_id: EntityId
    title: Line
    provider: Party
    channels: tuple[Channel, ...]


@message_type("catalog.submission.drafted.v1")
class OfferingDrafted(Message):
    """A Bereitsteller has begun to fill in the form. Only they see it."""

    submission: Submission
    drafted_at: Time


@message_type("catalog.submission.revised.v1")
class OfferingRevised(Message):
    """The Bereitsteller has changed a form that is not submitted."""

    submission: Submission
    revised_at: Time


@message_type("catalog.submission.submitted.v1")
class OfferingSubmitted(Message):
    """A Bereitsteller has handed in the form; the Anbieter checks it."""

    submission: Submission
    submitted_at: Time


@message_type("catalog.submission.returned.v1")
class OfferingReturned(Message):
    """The Anbieter has sent the form back with remarks."""

    submission: Submission
    remarks: Text
    returned_at: Time


@message_type("catalog.submission.accepted.v1")
class OfferingAccepted(Message):
    """The form is in order; the Bereitstellungsvertrag is to be signed."""

    submission: Submission
    accepted_at: Time


@message_type("catalog.submission.discarded.v1")
class OfferingDiscarded(Message):
    """The Bereitsteller has given the offer up before it was public."""

    submission: Submission
    reason: Text
    discarded_at: Time
