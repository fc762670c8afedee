"""The offer: its life from draft to withdrawal, its channels and versions. Methods return the events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from services.catalog.domain.completeness import Catalogue, require_complete
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.transitions import MACHINE, Actor, Command
from shared.aggregate.base import Aggregate
from shared.errors import ConflictError, ForbiddenError, InvalidError
from shared.messages import catalog as messages
from shared.messages.base import Message, Value
from shared.messages.values import Channel, OfferingState, OrganisationId, Party, Text, Time

MOST_VERSIONS = 200
_DESCRIPTION = (OfferingForm.model_fields.keys() & messages.Offering.model_fields.keys()) - {"channels"}


class VersionEntry(Value):
    """One publication of a changed form: when, and which fields differ from the version before."""

    version: Annotated[int, Field(ge=1)]
    at: Time
    changed_fields: tuple[str, ...] = ()


class Suspension(Value):
    """Who has suspended the offer, and why; only they or the operator lift it."""

    by: OrganisationId
    reason: Text
    at: Time


class Offering(Aggregate):
    """State of one offer. ``listings`` are the channels whose Bereitstellungsvertrag is signed; the first makes it public.

    ``version`` is 1 until the published form changes, then rises by one with each change. ``visible_to`` are the channels
    whose Anbieter may see it: those of the last submission, and none while it is a draft.
    """

    provider: Party
    state: OfferingState
    version: Annotated[int, Field(ge=1)] = 1
    form: OfferingForm
    listings: tuple[messages.ChannelListing, ...] = ()
    remarks: Text | None = None
    suspension: Suspension | None = None
    withdrawal_reason: Text | None = None
    history: tuple[VersionEntry, ...] = ()
    created_at: Time
    submitted_at: Time | None = None
    published_at: Time | None = None
    changed_at: Time

    @classmethod
    def draft(cls, offering_id: str, provider: Party, form: OfferingForm, at: datetime) -> tuple[Offering, Sequence[Message]]:
        """Begin an offer with the form as far as it is filled in."""
        offering = cls(id=offering_id, provider=provider, state=OfferingState.ENTWURF, form=form, created_at=at, changed_at=at)
        return offering, [messages.OfferingDrafted(submission=offering._submission(), drafted_at=at)]

    def edit(self, form: OfferingForm, catalogue: Catalogue, actor: Actor, at: datetime) -> Sequence[Message]:
        """Replace the form. Of a public offer it must stay complete and keep its contracted channels, and is a new version.

        Raises InvalidError: ``offering_incomplete``, ``channel_contracted``.
        """
        MACHINE.check(Command.EDIT, self.state, actor)
        if form == self.form:
            return []
        if self.state is OfferingState.ENTWURF:
            self.form, self.changed_at = form, at
            return [messages.OfferingRevised(submission=self._submission(), revised_at=at)]
        require_complete(form, catalogue)
        kept = [listing.channel for listing in self.listings if listing.channel not in form.channels]
        if kept:
            raise InvalidError(
                f"The Bereitstellungsvertrag with {', '.join(kept)} is signed: the channel cannot be taken from the form.",
                code="channel_contracted",
                channels=[str(channel) for channel in kept],
            )
        fields = tuple(name for name in type(form).model_fields if getattr(form, name) != getattr(self.form, name))
        self.form, self.changed_at = form, at
        self.version += 1
        entry = VersionEntry(version=self.version, at=at, changed_fields=fields)
        self.history = (*self.history, entry)[-MOST_VERSIONS:]
        return [messages.OfferingChanged(offering=self.public())]

    def submit(self, catalogue: Catalogue, actor: Actor, at: datetime) -> Sequence[Message]:
        """Hand the form in to the Anbieter of the channels wished. Raises InvalidError (``offering_incomplete``)."""
        target = MACHINE.check(Command.SUBMIT, self.state, actor)
        if target is None:
            return []
        require_complete(self.form, catalogue)
        self.state, self.submitted_at, self.changed_at, self.remarks = target, at, at, None
        return [messages.OfferingSubmitted(submission=self._submission(), submitted_at=at)]

    def send_back(self, remarks: str, actor: Actor, at: datetime) -> Sequence[Message]:
        """Return the form to the Bereitsteller with remarks."""
        target = MACHINE.check(Command.RETURN, self.state, actor)
        if target is None:
            return []
        # Not submitted any more: what the Bereitsteller writes from here on is theirs alone again.
        self.state, self.remarks, self.changed_at, self.submitted_at = target, remarks, at, None
        return [messages.OfferingReturned(submission=self._submission(), remarks=remarks, returned_at=at)]

    def accept(self, actor: Actor, at: datetime) -> Sequence[Message]:
        """Find the form in order; the Bereitstellungsvertrag is to be signed."""
        target = MACHINE.check(Command.ACCEPT, self.state, actor)
        if target is None:
            return []
        self.state, self.changed_at = target, at
        return [messages.OfferingAccepted(submission=self._submission(), accepted_at=at)]

    def record_bereitstellungsvertrag(
        self, channel: Channel, number: str, signed_at: datetime, actor: Actor, at: datetime
    ) -> Sequence[Message]:
        """Note the signed Bereitstellungsvertrag of a channel: the first one publishes the offer, a further one adds a channel.

        Raises InvalidError for a channel that was not wished for or a date to come, ConflictError for a second contract.
        """
        target = MACHINE.check(Command.BEREITSTELLUNGSVERTRAG, self.state, actor)
        if channel not in self.form.channels:
            raise InvalidError(f"The offer is not meant for {channel}.", code="channel_not_wished", channel=str(channel))
        if signed_at > at:
            raise InvalidError("The day of signature is still to come.", code="signature_in_future")
        for listing in self.listings:
            if listing.channel is channel and listing.bereitstellungsvertrag == number:
                return []
            if listing.channel is channel:
                raise ConflictError(
                    f"The Bereitstellungsvertrag with {channel} is recorded as {listing.bereitstellungsvertrag}.",
                    code="bereitstellungsvertrag_recorded",
                    channel=str(channel),
                )
        listing = messages.ChannelListing(channel=channel, bereitstellungsvertrag=number, signed_at=signed_at)
        self.listings = (*self.listings, listing)
        self.state, self.changed_at = target or self.state, at
        if self.published_at is not None:
            return [messages.OfferingChanged(offering=self.public())]
        self.published_at = at
        self.history = (VersionEntry(version=self.version, at=at),)
        return [messages.OfferingPublished(offering=self.public())]

    def suspend(self, reason: str, by: Party, actor: Actor, at: datetime) -> Sequence[Message]:
        """Take no new interest for the time being."""
        target = MACHINE.check(Command.SUSPEND, self.state, actor)
        if target is None:
            return []
        self.state, self.changed_at = target, at
        self.suspension = Suspension(by=by.id, reason=reason, at=at)
        return [messages.OfferingSuspended(offering=self.public(), reason=reason)]

    def resume(self, by: Party, actor: Actor, at: datetime) -> Sequence[Message]:
        """Take interest again. Raises ForbiddenError (``suspended_by_other``) if somebody else has suspended the offer."""
        target = MACHINE.check(Command.RESUME, self.state, actor)
        if target is None:
            return []
        if self.suspension is not None and self.suspension.by != by.id and actor is not Actor.SYSTEM:
            raise ForbiddenError(
                f"The offer was suspended by {self.suspension.by}, who alone can lift that.",
                code="suspended_by_other",
                suspended_by=self.suspension.by,
            )
        self.state, self.changed_at, self.suspension = target, at, None
        return [messages.OfferingResumed(offering=self.public())]

    def withdraw(self, reason: str, actor: Actor, at: datetime) -> Sequence[Message]:
        """End the offer for good; contracts that exist go on."""
        target = MACHINE.check(Command.WITHDRAW, self.state, actor)
        if target is None:
            return []
        self.state, self.changed_at, self.withdrawal_reason, self.suspension = target, at, reason, None
        if self.published_at is None:
            return [messages.OfferingDiscarded(submission=self._submission(), reason=reason, discarded_at=at)]
        return [messages.OfferingWithdrawn(offering=self.public(), reason=reason)]

    def restate(self) -> Sequence[Message]:
        """Say the public state once more, for readers of a rebuilt topic; nothing of an offer that was never public."""
        return [] if self.published_at is None else [messages.OfferingRestated(offering=self.public())]

    @property
    def is_public(self) -> bool:
        """Whether everybody may see the offer: it is in the Schaufenster."""
        return is_public(self.state)

    @property
    def visible_to(self) -> tuple[Channel, ...]:
        """The channels whose Anbieter may see the offer."""
        return () if self.submitted_at is None else self.form.channels

    def public(self) -> messages.Offering:
        """Return the full public state, as it travels. Only of an offer that has been published."""
        described = {name: getattr(self.form, name) for name in _DESCRIPTION}
        return messages.Offering.model_validate(
            {
                **described,
                "id": self.id,
                "version": self.version,
                "state": self.state,
                "provider": self.provider,
                "channels": self.listings,
                "published_at": self.published_at,
                "changed_at": self.changed_at,
            }
        )

    def _submission(self) -> messages.Submission:
        return messages.Submission(
            offering_id=self.id, title=self.form.title, provider=self.provider, channels=self.form.channels
        )

    @model_serializer(mode="wrap")
    def _with_index_fields(self, handler: SerializerFunctionWrapHandler) -> Mapping[str, Any]:
        """Add the top-level scalars that the collection's indexes are declared over."""
        document: dict[str, Any] = handler(self)
        document["provider_id"] = self.provider.id
        document["public_changed_at"] = None if self.published_at is None else self.changed_at
        for channel in self.visible_to:
            document[seen_by(channel)] = True
        return document


def is_public(state: OfferingState) -> bool:
    """Return whether an offer in this state is in the Schaufenster."""
    return state in (OfferingState.VEROEFFENTLICHT, OfferingState.AUSGESETZT)


def seen_by(channel: Channel) -> str:
    """Return the name of the index field that is set on offers which the Anbieter of ``channel`` may see."""
    return f"seen_by_{channel.value}"
