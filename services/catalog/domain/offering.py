"""The offer: its life from draft to withdrawal, its channels and versions. Methods return the events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from services.catalog.domain.completeness import Catalogue, require_complete
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.pending import ChannelReturn, PendingVersion, changed_fields, is_small
from services.catalog.domain.provider import StandingOf, require_accredited
from services.catalog.domain.provision import Provision
from services.catalog.domain.statement import Statement, is_stated
from services.catalog.domain.steps import Beside, Taken, step
from services.catalog.domain.transitions import Actor, Command
from services.catalog.domain.waits import HandedIn, Reminded
from shared.aggregate.base import Aggregate
from shared.calendar import day_of
from shared.errors import ForbiddenError, IllegalMoveError, InvalidError
from shared.messages import catalog as messages
from shared.messages import catalog_versions
from shared.messages.base import Message
from shared.messages.values import Channel, OfferingState, Party, PersonRef, Text, Time

MOST_VERSIONS = 200
DESCRIPTION = (OfferingForm.model_fields.keys() & messages.Offering.model_fields.keys()) - {"channels"}
"""Members of the form that an offer bears by the same name where it travels."""


class Offering(Aggregate):
    """State of one offer. ``listings`` are the channels whose Bereitstellungsvertrag is concluded; the first makes it public.

    A listing names its contract by id; one of version 0.1.0 holds the number that somebody typed until contracts has told of it.
    ``provisions`` are what was asked of contracts, one for each channel (``provisioning``).

    ``version`` is 1 until the published form changes, then rises by one with each change; ``pending`` is one that the Anbieter
    of the channels examine (``examinations``). ``visible_to`` are the channels whose Anbieter may see it: those of the last
    submission but those who have given it back since (``returns``), and none while it is a draft.
    A public offer that is withdrawn stays on its topic for a while from ``removal_counts_from`` on, and is ``removed_at`` the end
    of it. Of one that version 0.1.0 withdrew it counts from when a later version stated that: readers of before know no removal.
    ``suspension`` is of the whole offer, ``channel_suspensions`` are those of Anbieter of their own channels, and
    ``channel_withdrawals`` the channels that their Anbieter have ended for good. ``channel_ends`` are channels that close because
    their Bereitstellungsvertrag ends (``endings``).
    ``closed_channels`` are those of ``listings`` at whose Anbieter the Bereitsteller's accreditation has ended. Accreditations
    count once one was seen (``accreditation_seen``): version 0.1.0 published without.
    ``handed_in`` are channels that the form has come to after its submission, and ``reminded`` holds which reminders the Anbieter
    got of what waits for them (``reminders``).
    """

    provider: Party
    state: OfferingState
    version: Annotated[int, Field(ge=1)] = 1
    form: OfferingForm
    listings: tuple[messages.ChannelListing, ...] = ()
    remarks: Text | None = None
    suspension: messages.Suspension | None = None
    channel_suspensions: tuple[messages.ChannelSuspension, ...] = ()
    channel_withdrawals: tuple[messages.ChannelWithdrawal, ...] = ()
    channel_ends: tuple[messages.ChannelEnd, ...] = ()
    pending: PendingVersion | None = None
    returns: tuple[ChannelReturn, ...] = ()
    handed_in: tuple[HandedIn, ...] = ()
    reminded: tuple[Reminded, ...] = ()
    withdrawal_reason: Text | None = None
    withdrawn_at: Time | None = None
    removal_counts_from: Time | None = None
    removed_at: Time | None = None
    closed_channels: tuple[Channel, ...] = ()
    accreditation_seen: bool = False
    stated: Statement | None = None
    history: tuple[messages.VersionEntry, ...] = ()
    provisions: tuple[Provision, ...] = ()
    created_at: Time
    submitted_at: Time | None = None
    submitted_by: PersonRef | None = None
    published_at: Time | None = None
    changed_at: Time

    @model_validator(mode="after")
    def _date_withdrawal(self) -> Self:
        """Fill in what version 0.1.0 did not note: nothing changes an offer after its withdrawal."""
        if self.state is OfferingState.ZURUECKGEZOGEN and self.withdrawn_at is None:
            self.withdrawn_at = self.changed_at
        return self

    @model_validator(mode="after")
    def _drop_overtaken(self) -> Self:
        """Drop what version 0.1.0 has overtaken: it changes, returns and withdraws without knowing what is examined."""
        if self.pending is not None and (self.pending.base != self.version or not self.is_public):
            self.pending = None
        return self

    def derive(self) -> None:
        """Bring the state of a public offer in line with what is suspended: the whole, or each of its channels."""
        if self.is_public:
            self.state = OfferingState.AUSGESETZT if self._stands_still else OfferingState.VEROEFFENTLICHT

    @property
    def _stands_still(self) -> bool:
        suspended = {it.channel for it in self.channel_suspensions}
        return self.suspension is not None or suspended.issuperset(self.remaining_channels)

    @classmethod
    def draft(cls, offering_id: str, provider: Party, form: OfferingForm, at: datetime) -> tuple[Offering, Sequence[Message]]:
        """Begin an offer with the form as far as it is filled in."""
        offering = cls(id=offering_id, provider=provider, state=OfferingState.ENTWURF, form=form, created_at=at, changed_at=at)
        return offering, [messages.OfferingDrafted(submission=offering.submission(), drafted_at=at)]

    @step(Command.EDIT)
    def edit(self, _actor: Actor, at: datetime, form: OfferingForm, catalogue: Catalogue) -> Taken | Beside | None:
        """Replace the form. Of a public offer it must stay complete and keep its contracted channels.

        There a small change is a new version at once; any other waits until the Anbieter of the channels have accepted it, and
        replaces one that waits. The published form again takes that back.
        Raises InvalidError: ``offering_incomplete``, ``channel_contracted``.
        """
        if form == self.working_form:
            return None
        if self.state is OfferingState.ENTWURF:
            self.form = form
            return lambda: messages.OfferingRevised(submission=self.submission(), revised_at=at)
        require_complete(form, catalogue, day_of(at))
        missing = [channel for channel in self.bound_channels if channel not in form.channels]
        if missing:
            raise InvalidError(
                f"The Bereitstellungsvertrag with {', '.join(missing)} is signed or asked for: the channel cannot be taken from "
                "the form.",
                code="channel_contracted",
                channels=[str(channel) for channel in missing],
            )
        return self._change(form, at)

    def _change(self, form: OfferingForm, at: datetime) -> Taken | Beside:
        fields, pending = changed_fields(self.form, form), self.pending
        corrected = () if pending is None or pending.returned is not None else changed_fields(pending.form, form)
        if pending is not None and corrected and is_small(corrected):
            # What the Anbieter examine stays as it is, and so does what they have accepted of it.
            self.publish(self.form.model_copy(update={name: getattr(form, name) for name in corrected}), at)
            self.pending = pending.model_copy(update={"form": form, "base": self.version})
            return lambda: messages.OfferingChanged(offering=self.public())
        if not fields:
            self.pending = None
            return Beside(lambda: catalog_versions.VersionDiscarded(submission=self.examined(), discarded_at=at))
        if is_small(fields):
            self.pending = None
            self.publish(form, at)
            return lambda: messages.OfferingChanged(offering=self.public())
        self.pending = PendingVersion(base=self.version, form=form, submitted_at=at)
        return self._submit_version(at)

    def _submit_version(self, at: datetime) -> Beside:
        fields = changed_fields(self.form, self.working_form)
        submission = self.examined()
        return Beside(lambda: catalog_versions.VersionSubmitted(submission=submission, changed_fields=fields, submitted_at=at))

    def publish(self, form: OfferingForm, at: datetime, accepted_by: tuple[Channel, ...] = ()) -> None:
        """Put a form in force as the next version, with the Anbieter who have examined it."""
        fields = changed_fields(self.form, form)
        self.form = form
        self.version += 1
        entry = messages.VersionEntry(version=self.version, at=at, changed_fields=fields, accepted_by=accepted_by)
        self.history = (*self.history, entry)[-MOST_VERSIONS:]

    @step(Command.SUBMIT)
    def submit(
        self, _actor: Actor, at: datetime, catalogue: Catalogue, standing_of: StandingOf, person: str | None = None
    ) -> Taken | Beside:
        """Submit the form to the Anbieter of the channels wished: the Bereitsteller's signature of the Bereitstellungsverträge.

        Of a public offer, what was given back goes to the Anbieter again as it is: a version to all of them, the offer to those
        who have never listed it. Raises InvalidError (``offering_incomplete``), IllegalMoveError if nothing was given back, and
        as ``require_accredited``.
        """
        if self.is_public:
            return self._submit_again(at, catalogue, standing_of)
        require_complete(self.form, catalogue, day_of(at))
        require_accredited(self.provider, self.form.channels, standing_of)
        self.submitted_at, self.submitted_by, self.remarks, self.returns, self.handed_in = at, person, None, (), ()
        return lambda: messages.OfferingSubmitted(submission=self.submission(), submitted_at=at)

    def _submit_again(self, at: datetime, catalogue: Catalogue, standing_of: StandingOf) -> Beside:
        pending, channels = self.pending, self.returned_channels
        if pending is not None and pending.returned is not None:
            require_complete(pending.form, catalogue, day_of(at))
            self.pending = PendingVersion(base=pending.base, form=pending.form, submitted_at=at)
            return self._submit_version(at)
        if not channels:
            raise IllegalMoveError(Command.SUBMIT, self.state, [Command.EDIT])
        require_complete(self.form, catalogue, day_of(at))
        require_accredited(self.provider, channels, standing_of)
        self.hand_in(channels, at)
        return Beside(lambda: messages.OfferingSubmitted(submission=self.submission(channels), submitted_at=at))

    def hand_in(self, channels: Sequence[Channel], at: datetime) -> None:
        """Note that the form of the public offer has come to the Anbieter of these channels, also if they had given it back."""
        self.returns = tuple(it for it in self.returns if it.channel not in channels)
        others = (it for it in self.handed_in if it.channel not in channels)
        self.handed_in = (*others, *(HandedIn(channel=channel, at=at) for channel in channels))

    @step(Command.SUSPEND)
    def suspend(self, _actor: Actor, at: datetime, reason: str, by: Party) -> Taken | None:
        """Suspend the whole offer: no new interest for the time being. Anbieter suspend their channels (``channel_states``)."""
        if self.suspension is not None:
            return None
        self.suspension = messages.Suspension(by=by.id, reason=reason, at=at)
        return lambda: messages.OfferingSuspended(offering=self.public(), reason=reason, by=by)

    @step(Command.RESUME)
    def resume(self, actor: Actor, _at: datetime, by: Party) -> Taken | None:
        """Lift the suspension of the whole offer, as the operator those of its channels too.

        Raises ForbiddenError (``suspended_by_other``) if only somebody else has suspended the offer.
        """
        whole, of_channels = self.suspension, self.channel_suspensions
        if actor is Actor.SYSTEM:
            if whole is None and not of_channels:
                return None
            self.channel_suspensions = ()
        elif whole is None and self.state is OfferingState.VEROEFFENTLICHT:
            return None
        elif whole is None:
            raise suspended_by_other(of_channels[0].by)
        elif whole.by != by.id:
            raise suspended_by_other(whole.by)
        self.suspension = None
        return lambda: messages.OfferingResumed(offering=self.public(), by=by)

    @step(Command.WITHDRAW)
    def withdraw(
        self,
        _actor: Actor,
        at: datetime,
        reason: str,
        by: Party | None = None,
        *,
        ends_open_orders: bool = False,
        channel: Channel | None = None,
        contract_ended_on: date | None = None,
    ) -> Taken:
        """End the offer for good; contracts that exist go on, and Vorgänge before their order unless they are to end.

        ``channel``: the last one, with which the offer ends; Vorgänge of others are not touched. ``contract_ended_on``: last day
        of its Bereitstellungsvertrag, if the offer ends with that.
        """
        self.withdrawal_reason, self.suspension, self.channel_suspensions, self.pending = reason, None, (), None
        self.channel_ends = ()
        self.withdrawn_at = self.removal_counts_from = at
        if self.published_at is None:
            return lambda: messages.OfferingDiscarded(submission=self.submission(), reason=reason, discarded_at=at)
        return lambda: messages.OfferingWithdrawn(
            offering=self.public(),
            reason=reason,
            by=by,
            ends_open_orders=ends_open_orders,
            channel=channel,
            contract_ended_on=contract_ended_on,
        )

    def differs_from(self, accredited: Collection[Channel]) -> bool:
        """Return whether ``follow_accreditations`` has something to do."""
        if self.published_at is None or self.state is OfferingState.ZURUECKGEZOGEN:
            return False
        counts = self.accreditation_seen or bool(accredited)
        return counts and not (self.accreditation_seen and self._closed_by(accredited) == self.closed_channels)

    def follow_accreditations(self, accredited: Collection[Channel], at: datetime) -> Sequence[Message]:
        """Close the channels at whose Anbieter the Bereitsteller is not accredited, and open those where they are again.

        The first accreditation seen of a Bereitsteller whose offer is older than this rule makes it count, and states the offer.
        """
        if not self.differs_from(accredited):
            return []
        closed = self._closed_by(accredited)
        changed = closed != self.closed_channels
        self.accreditation_seen, self.closed_channels = True, closed
        self.changed_at, self.stated = at, Statement.now(at)
        offering = self.public()
        return [messages.OfferingChanged(offering=offering) if changed else messages.OfferingRestated(offering=offering)]

    def _closed_by(self, accredited: Collection[Channel]) -> tuple[Channel, ...]:
        return tuple(listing.channel for listing in self.listings if listing.channel not in accredited)

    def remove(self, at: datetime) -> Sequence[Message]:
        """Remove an offer that was public and is withdrawn from its topic; of any other, and the second time, do nothing."""
        if self.published_at is None or self.state is not OfferingState.ZURUECKGEZOGEN or self.removed_at is not None:
            return []
        self.removed_at = at
        return [messages.OfferingRemoved()]

    def restate(self) -> Sequence[Message]:
        """Return the public state again, for readers of a rebuilt topic; nothing of an offer that was never public.

        Of one that was removed it is the tombstone: it never comes back.
        """
        if self.published_at is None:
            return []
        return [messages.OfferingRestated(offering=self.public()) if self.removed_at is None else messages.OfferingRemoved()]

    def state_fully(self, at: datetime) -> Sequence[Message]:
        """Return the public state if the event of the last change did not hold all that this version publishes."""
        if self.published_at is None or self.removed_at is not None or is_stated(self.stated, self.changed_at):
            return []
        self.stated = Statement.now(self.changed_at)
        if self.state is OfferingState.ZURUECKGEZOGEN and self.removal_counts_from is None:
            self.removal_counts_from = at
        return self.restate()

    @property
    def is_public(self) -> bool:
        """Whether everybody may see the offer: it is in the Schaufenster."""
        return is_public(self.state)

    @property
    def orderable_channels(self) -> tuple[Channel, ...]:
        """The channels through which interest can be declared now."""
        if self.state is not OfferingState.VEROEFFENTLICHT:
            return ()
        suspended = {it.channel for it in self.channel_suspensions}
        return tuple(channel for channel in self.open_channels if channel not in suspended)

    @property
    def open_channels(self) -> tuple[Channel, ...]:
        """The channels with a Bereitstellungsvertrag that neither an ended accreditation nor their Anbieter has closed."""
        return tuple(channel for channel in self.remaining_channels if channel not in self.closed_channels)

    @property
    def remaining_channels(self) -> tuple[Channel, ...]:
        """The channels with a Bereitstellungsvertrag that their Anbieter has not withdrawn: those who examine new versions."""
        withdrawn = {it.channel for it in self.channel_withdrawals}
        return tuple(listing.channel for listing in self.listings if listing.channel not in withdrawn)

    @property
    def bound_channels(self) -> tuple[Channel, ...]:
        """The channels whose Bereitstellungsvertrag is concluded or asked for."""
        return (*(listing.channel for listing in self.listings), *(it.channel for it in self.provisions if it.waits))

    @property
    def returned_channels(self) -> tuple[Channel, ...]:
        """The channels whose Anbieter has given back what was last handed in, and has not got it again."""
        returned = {it.channel for it in self.returns if it.submitted_at == self.submitted_at}
        return tuple(channel for channel in self.form.channels if channel in returned and channel not in self.bound_channels)

    @property
    def working_form(self) -> OfferingForm:
        """The form that its Bereitsteller goes on with: the version that waits, or the published one."""
        return self.form if self.pending is None else self.pending.form

    @property
    def visible_to(self) -> tuple[Channel, ...]:
        """The channels whose Anbieter may see the offer."""
        returned = self.returned_channels
        return () if self.submitted_at is None else tuple(channel for channel in self.form.channels if channel not in returned)

    @property
    def examining(self) -> tuple[Channel, ...]:
        """The channels whose Anbieter have still to decide on the version that waits."""
        pending = self.pending
        if pending is None or pending.returned is not None:
            return ()
        return tuple(channel for channel in self.remaining_channels if not pending.is_accepted_by(channel))

    @property
    def public_suspension(self) -> messages.Suspension | None:
        """The suspension of the whole offer; if each Anbieter has suspended their channel, the first of those."""
        if self.suspension is not None or self.state is not OfferingState.AUSGESETZT:
            return self.suspension
        first = self.channel_suspensions[0]
        return messages.Suspension(by=first.by, reason=first.reason, at=first.at)

    def public(self) -> messages.Offering:
        """Return the full public state, as it travels. Only of an offer that has been published."""
        self.derive()
        described = {name: getattr(self.form, name) for name in DESCRIPTION}
        return messages.Offering.model_validate(
            {
                **described,
                "id": self.id,
                "version": self.version,
                "state": self.state,
                "provider": self.provider,
                "channels": self.listings,
                "orderable_channels": self.orderable_channels,
                "suspension": self.public_suspension,
                "channel_suspensions": self.channel_suspensions,
                "channel_withdrawals": self.channel_withdrawals,
                "channel_ends": self.channel_ends,
                "withdrawal_reason": self.withdrawal_reason,
                "withdrawn_at": self.withdrawn_at,
                "history": self.history,
                "published_at": self.published_at,
                "changed_at": self.changed_at,
            }
        )

    def submission(self, channels: Sequence[Channel] | None = None) -> messages.Submission:
        """Return what the Anbieter may know of the offer, handed in to these channels, or to all that are wished for."""
        return messages.Submission(
            offering_id=self.id,
            title=self.form.title,
            provider=self.provider,
            channels=self.form.channels if channels is None else tuple(channels),
        )

    def examined(self) -> messages.Submission:
        """Return what the Anbieter may know of the offer, handed in to those who examine its new versions."""
        return self.submission(self.remaining_channels)

    @model_serializer(mode="wrap")
    def _with_index_fields(self, handler: SerializerFunctionWrapHandler) -> Mapping[str, Any]:
        """Add the top-level scalars that the collection's indexes are declared over."""
        document: dict[str, Any] = handler(self)
        document["provider_id"] = self.provider.id
        document["public_changed_at"] = None if self.published_at is None else self.changed_at
        waits = self.published_at is not None and self.removed_at is None
        document["supersedes"] = self.form.known_listing if self.is_public else None
        document["removal_waits_since"] = self.removal_counts_from if waits else None
        ends = min((it.orderable_until for it in self.channel_ends), default=None) if self.is_public else None
        document["channel_ends_on"] = None if ends is None else ends.isoformat()
        for channel in self.visible_to:
            document[seen_by(channel)] = True
        for channel in self.examining:
            document[examined_by(channel)] = True
        return document


def suspended_by_other(by: str) -> ForbiddenError:
    """Return the error for a suspension that is not the caller's to lift."""
    return ForbiddenError(
        f"The offer was suspended by {by}, who alone can lift that.", code="suspended_by_other", suspended_by=by
    )


def is_public(state: OfferingState) -> bool:
    """Return whether an offer in this state is in the Schaufenster."""
    return state in (OfferingState.VEROEFFENTLICHT, OfferingState.AUSGESETZT)


def seen_by(channel: Channel) -> str:
    """Return the name of the index field that is set on offers which the Anbieter of ``channel`` may see."""
    return f"seen_by_{channel.value}"


def examined_by(channel: Channel) -> str:
    """Return the name of the index field that is set on offers with a version that waits for the Anbieter of ``channel``."""
    return f"examined_by_{channel.value}"
