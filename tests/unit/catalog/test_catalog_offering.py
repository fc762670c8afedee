"""Rules of an offer beside the table, and a random walk that never leaves it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.catalog.domain import provisioning
from services.catalog.domain.channel_states import resume, suspend
from services.catalog.domain.offering import Offering
from services.catalog.domain.pending import changed_fields, is_small
from services.catalog.domain.provider import ProviderStanding
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from shared.errors import ConflictError, ForbiddenError, InvalidError, RejectedError
from shared.messages import catalog as messages
from shared.messages.base import Message
from shared.messages.values import Channel, OfferingState, Party
from shared.topics import OFFERINGS, SUBMISSIONS, topic_of
from tests.support.builders.offerings import AT, CATALOGUE, OFFERING_ID, PROVIDER, admitted, complete_form, give, offering_in
from tests.support.builders.provisions import concluded, declined

LATER = AT + timedelta(hours=1)
OPERATOR = Party(id="marktplatz", name="Marktplatz")
AHEAD = (
    (Command.SUBMIT, Actor.BEREITSTELLER),
    (Command.ACCEPT, Actor.ANBIETER),
    (Command.BEREITSTELLUNGSVERTRAG, Actor.ANBIETER),
)
"""The steps from a draft to a contract that is asked for."""


def test_an_unchanged_form_is_no_change() -> None:
    offering = offering_in(OfferingState.VEROEFFENTLICHT)
    assert offering.edit([Actor.BEREITSTELLER], LATER, offering.form, CATALOGUE) == []
    assert offering.version == 1


def test_a_new_version_says_which_fields_have_changed() -> None:
    offering = offering_in(OfferingState.VEROEFFENTLICHT)
    form = offering.form.model_copy(update={"title": "Neu", "summary": "Ganz neu"})
    (event,) = offering.edit([Actor.BEREITSTELLER], LATER, form, CATALOGUE)
    assert isinstance(event, messages.OfferingChanged)
    assert event.offering.version == offering.version == 2
    assert [(entry.version, entry.changed_fields) for entry in offering.history] == [(1, ()), (2, ("title", "summary"))]


def test_a_public_offer_cannot_become_incomplete_or_drop_a_contracted_channel() -> None:
    offering = offering_in(OfferingState.VEROEFFENTLICHT)
    before = offering.model_copy(deep=True)
    for parts, code in (({"reifegrad": 1}, "offering_incomplete"), ({"channels": (Channel.FITKO,)}, "channel_contracted")):
        with pytest.raises(InvalidError) as raised:
            offering.edit([Actor.BEREITSTELLER], LATER, offering.form.model_copy(update=parts), CATALOGUE)
        assert raised.value.code == code
        assert offering == before


def test_an_incomplete_form_is_not_submitted() -> None:
    offering, _ = Offering.draft(OFFERING_ID, PROVIDER, complete_form(reifegrad=0), AT)
    with pytest.raises(InvalidError):
        offering.submit([Actor.BEREITSTELLER], LATER, CATALOGUE, admitted)
    assert offering.state is OfferingState.ENTWURF


def test_only_who_has_suspended_and_the_operator_lift_a_suspension() -> None:
    anbieter = Party(id="govdigital", name="govdigital eG")
    for actor, party, allowed in (
        (Actor.BEREITSTELLER, PROVIDER, False),
        (Actor.ANBIETER, anbieter, True),
        (Actor.SYSTEM, OPERATOR, True),
    ):
        offering = offering_in(OfferingState.VEROEFFENTLICHT)
        suspend(offering, AT, Channel.GOVDIGITAL, "Vorfall", anbieter)
        assert offering.model_copy().state is OfferingState.AUSGESETZT
        if allowed:
            lift = resume if actor is Actor.ANBIETER else None
            events = lift(offering, LATER, Channel.GOVDIGITAL, party) if lift else offering.resume([actor], LATER, party)
            assert len(events) == 1
            assert offering.model_copy().state is OfferingState.VEROEFFENTLICHT
        else:
            with pytest.raises(ForbiddenError, match="suspended by govdigital"):
                offering.resume([actor], LATER, party)


def test_a_draft_is_visible_to_no_anbieter_before_and_after_a_return() -> None:
    offering = offering_in(OfferingState.ENTWURF)
    assert list(offering.visible_to) == []
    offering.submit([Actor.BEREITSTELLER], AT, CATALOGUE, admitted)
    assert list(offering.visible_to) == [Channel.GOVDIGITAL, Channel.FITKO]
    for channel, left in ((Channel.GOVDIGITAL, [Channel.FITKO]), (Channel.FITKO, [])):
        give(offering, Command.RETURN, Actor.ANBIETER, AT, channel)
        assert list(offering.visible_to) == left
    offering.withdraw([Actor.BEREITSTELLER], AT, "Ende")
    assert list(offering.visible_to) == []


@pytest.mark.parametrize(
    ("standing", "code", "channels"),
    [
        (ProviderStanding(), "provider_not_registered", ["govdigital", "fitko"]),
        (ProviderStanding(registered=True), "provider_not_accredited", ["govdigital", "fitko"]),
        (ProviderStanding(True, frozenset({Channel.GOVDIGITAL})), "provider_not_accredited", ["fitko"]),
    ],
)
def test_who_is_not_admitted_is_refused_and_the_offer_stays_as_it_was(
    standing: ProviderStanding, code: str, channels: list[str]
) -> None:
    offering = offering_in(OfferingState.ENTWURF)
    before = offering.model_copy(deep=True)
    with pytest.raises(ConflictError) as raised:
        offering.submit([Actor.BEREITSTELLER], LATER, CATALOGUE, lambda _: standing)
    assert (raised.value.code, raised.value.context["channels"]) == (code, channels)
    assert offering == before


def test_a_form_that_is_not_complete_is_refused_as_that_first() -> None:
    offering, _ = Offering.draft(OFFERING_ID, PROVIDER, complete_form(reifegrad=0), AT)
    with pytest.raises(InvalidError):
        offering.submit([Actor.BEREITSTELLER], LATER, CATALOGUE, lambda _: ProviderStanding())


def test_an_edit_opens_no_closed_channel() -> None:
    offering = offering_in(OfferingState.VEROEFFENTLICHT)
    offering.follow_accreditations((), LATER)
    (event,) = offering.edit([Actor.BEREITSTELLER], LATER, offering.form.model_copy(update={"title": "Neu"}), CATALOGUE)
    assert isinstance(event, messages.OfferingChanged)
    assert event.offering.orderable_channels == ()


@pytest.mark.parametrize("state", list(OfferingState))
def test_a_stored_offer_is_read_back_as_it_was(state: OfferingState) -> None:
    offering = offering_in(state)
    document = offering.model_dump()
    assert document["provider_id"] == "komm_one"
    assert ("seen_by_fitko" in document) == (state is not OfferingState.ENTWURF)
    assert Offering.model_validate(document, extra="ignore") == offering


class RandomWalk(RuleBasedStateMachine):
    """Anybody gives any command at any time, on the form as it is or spoilt."""

    @initialize(channels=st.sampled_from([["govdigital"], ["fitko", "govdigital"]]), ahead=st.integers(0, len(AHEAD)))
    def begin(self, channels: list[str], ahead: int) -> None:
        self.at = AT
        self.offering, events = Offering.draft(OFFERING_ID, PROVIDER, complete_form(channels=channels), AT)
        self.topics = [topic_of(event).name for event in events]
        for command, actor in AHEAD[:ahead]:
            self.give(command, actor, Channel.GOVDIGITAL)

    @rule(command=st.sampled_from(list(Command)), actor=st.sampled_from(list(Actor)), channel=st.sampled_from(list(Channel)))
    def give(self, command: Command, actor: Actor, channel: Channel) -> None:
        self._step(command, actor, lambda: give(self.offering, command, actor, self.at, channel))

    @rule(actor=st.sampled_from(list(Actor)), reifegrad=st.integers(0, 4))
    def edit(self, actor: Actor, reifegrad: int) -> None:
        form = self.offering.form.model_copy(update={"reifegrad": reifegrad})
        self._step(Command.EDIT, actor, lambda: self.offering.edit([actor], self.at, form, CATALOGUE))

    @rule(channel=st.sampled_from(list(Channel)), concludes=st.booleans())
    def contracts_answers(self, channel: Channel, *, concludes: bool) -> None:
        self.at += timedelta(minutes=1)
        asked = provisioning.of_channel(self.offering, channel)
        if asked is None or not asked.waits:
            return
        before = self.offering.model_copy(deep=True)
        message = (concluded if concludes else declined)(OFFERING_ID, channel, asked.attempt)
        events = provisioning.follow(self.offering, message, self.at, lambda _: None)
        listed = channel in {it.channel for it in self.offering.listings}
        accepted = before.is_public or before.state is OfferingState.BEREITSTELLUNGSVERTRAG_OFFEN
        assert listed is (concludes and accepted)
        assert provisioning.follow(self.offering, message, self.at, lambda _: None) == []
        self.topics += [topic_of(event).name for event in events]

    @rule(accredited=st.frozensets(st.sampled_from(list(Channel))))
    def follow(self, accredited: frozenset[Channel]) -> None:
        self.at += timedelta(minutes=1)
        before = self.offering.model_copy(deep=True)
        public = self.offering.is_public
        events = self.offering.follow_accreditations(accredited, self.at)
        assert self.offering.state is before.state
        assert self.offering.version == before.version
        assert not self.offering.differs_from(accredited)
        if not events:
            assert self.offering == before
        if public:
            assert set(self.offering.open_channels) == set(self.offering.remaining_channels) & accredited
        else:
            assert list(events) == []
        self.topics += [topic_of(event).name for event in events]

    def _step(self, command: Command, actor: Actor, act: Any) -> None:
        self.at += timedelta(minutes=1)
        before = self.offering.model_copy(deep=True)
        try:
            events: list[Message] = list(act())
        except RejectedError:
            assert self.offering == before
            return
        if not events:
            assert self.offering == before
            return
        was_public = before.published_at is not None
        if actor is not Actor.ANBIETER and command not in (Command.SUSPEND, Command.RESUME):
            row = next(
                row for row in TRANSITIONS.rows if row.command is command and actor in row.actors and before.state in row.sources
            )
            assert self.offering.state is (row.target or before.state)
        changed = [event for event in events if isinstance(event, messages.OfferingChanged)]
        assert self.offering.version - before.version == len(changed)
        if was_public and not any(topic_of(event) is OFFERINGS for event in events):
            # What waits is nobody's but the parties'.
            assert self.offering.public() == before.public()
        if command is Command.EDIT and was_public and not changed:
            assert [topic_of(event) for event in events] == [SUBMISSIONS]
        self.topics += [topic_of(event).name for event in events]

    @invariant()
    def public_means_contracted_and_complete(self) -> None:
        if self.offering.is_public:
            assert self.offering.listings
            assert self.offering.form.reifegrad >= 3
            assert self.offering.history[-1].version == self.offering.version

    @invariant()
    def a_public_offer_stands_still_if_it_or_each_of_its_channels_is_suspended(self) -> None:
        if self.offering.is_public:
            suspended = {it.channel for it in self.offering.channel_suspensions}
            listed = {it.channel for it in self.offering.listings}
            listed -= {it.channel for it in self.offering.channel_withdrawals}
            assert listed
            stands_still = self.offering.suspension is not None or listed <= suspended
            assert (self.offering.state is OfferingState.AUSGESETZT) is stands_still
            assert (self.offering.public().suspension is not None) is stands_still
            assert not suspended & set(self.offering.orderable_channels)

    @invariant()
    def the_public_topic_gets_published_offers_only(self) -> None:
        assert (OFFERINGS.name in self.topics) is (self.offering.published_at is not None)

    @invariant()
    def what_waits_differs_in_what_matters_and_some_anbieter_has_it_or_has_given_it_back(self) -> None:
        pending = self.offering.pending
        if pending is not None:
            assert not is_small(changed_fields(self.offering.form, pending.form))
            assert bool(self.offering.examining) is (pending.returned is None)
            assert set(self.offering.examining) <= set(self.offering.remaining_channels)

    @invariant()
    def who_has_given_the_form_back_does_not_see_it(self) -> None:
        assert not set(self.offering.returned_channels) & set(self.offering.visible_to)
        if self.offering.state is OfferingState.EINGEREICHT:
            assert not any(it.waits for it in self.offering.provisions)
        if self.offering.submitted_at is not None and not self.offering.is_public and not self.offering.withdrawn_at:
            assert self.offering.visible_to


TestRandomWalk = RandomWalk.TestCase
TestRandomWalk.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
