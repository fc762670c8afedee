"""The transition table of offers: every command from every state by everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.catalog.domain.offering import Offering
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from shared.errors import ForbiddenError, IllegalMoveError
from shared.messages import catalog as messages
from shared.messages.base import Message
from shared.messages.values import Channel, OfferingState, Party
from tests.support.offerings import CATALOGUE, complete_form

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROVIDER = Party(id="komm_one", name="Komm.ONE")
OFFERING_ID = "00000000-0000-5000-8000-000000000001"
S, C, A = OfferingState, Command, Actor

EVENTS: dict[tuple[Command, bool], type[Message]] = {
    (C.EDIT, False): messages.OfferingRevised,
    (C.EDIT, True): messages.OfferingChanged,
    (C.SUBMIT, False): messages.OfferingSubmitted,
    (C.RETURN, False): messages.OfferingReturned,
    (C.ACCEPT, False): messages.OfferingAccepted,
    (C.BEREITSTELLUNGSVERTRAG, False): messages.OfferingPublished,
    (C.BEREITSTELLUNGSVERTRAG, True): messages.OfferingChanged,
    (C.SUSPEND, True): messages.OfferingSuspended,
    (C.RESUME, True): messages.OfferingResumed,
    (C.WITHDRAW, False): messages.OfferingDiscarded,
    (C.WITHDRAW, True): messages.OfferingWithdrawn,
}
"""Which event a command gives, by whether the offer was public before."""


def give(offering: Offering, command: Command, actor: Actor, at: datetime, channel: Channel = Channel.FITKO) -> Sequence[Message]:
    """Give one command with arguments that are in order."""
    form = offering.form.model_copy(update={"title": f"{offering.form.title}."})
    acts: dict[Command, Callable[[], Sequence[Message]]] = {
        C.EDIT: lambda: offering.edit([actor], at, form, CATALOGUE),
        C.SUBMIT: lambda: offering.submit([actor], at, CATALOGUE),
        C.RETURN: lambda: offering.send_back([actor], at, "Bitte ergänzen."),
        C.ACCEPT: lambda: offering.accept([actor], at),
        C.BEREITSTELLUNGSVERTRAG: lambda: offering.record_bereitstellungsvertrag([actor], at, channel, f"BV-{channel}", at),
        C.SUSPEND: lambda: offering.suspend([actor], at, "Wartung", PROVIDER),
        C.RESUME: lambda: offering.resume([actor], at, PROVIDER),
        C.WITHDRAW: lambda: offering.withdraw([actor], at, "Ende"),
    }
    return acts[command]()


def offering_in(state: OfferingState) -> Offering:
    """Return an offer that went the straight way to ``state``."""
    offering, _ = Offering.draft(OFFERING_ID, PROVIDER, complete_form(channels=["govdigital", "fitko"]), AT)
    way = {
        S.ENTWURF: [],
        S.EINGEREICHT: [C.SUBMIT],
        S.BEREITSTELLUNGSVERTRAG_OFFEN: [C.SUBMIT, C.ACCEPT],
        S.VEROEFFENTLICHT: [C.SUBMIT, C.ACCEPT, C.BEREITSTELLUNGSVERTRAG],
        S.AUSGESETZT: [C.SUBMIT, C.ACCEPT, C.BEREITSTELLUNGSVERTRAG, C.SUSPEND],
        S.ZURUECKGEZOGEN: [C.SUBMIT, C.ACCEPT, C.BEREITSTELLUNGSVERTRAG, C.WITHDRAW],
    }[state]
    for step, command in enumerate(way, start=1):
        actor = next(actor for row in TRANSITIONS.rows if row.command is command for actor in sorted(row.actors))
        actor = A.BEREITSTELLER if command in (C.SUSPEND, C.WITHDRAW) else actor
        give(offering, command, actor, AT + timedelta(minutes=step), Channel.GOVDIGITAL)
    assert offering.state is state
    return offering


@pytest.mark.parametrize("actor", list(A))
@pytest.mark.parametrize("command", list(C))
@pytest.mark.parametrize("state", list(S))
def test_every_command_does_what_the_table_says(state: OfferingState, command: Command, actor: Actor) -> None:
    offering = offering_in(state)
    before = offering.model_copy(deep=True)
    was_public = offering.published_at is not None
    rows = [row for row in TRANSITIONS.rows if row.command is command and actor in row.actors]
    row = next((row for row in rows if state in row.sources), None)
    if not rows:
        with pytest.raises(ForbiddenError):
            give(offering, command, actor, AT + timedelta(hours=1))
        assert offering == before
    elif row is not None:
        events = give(offering, command, actor, AT + timedelta(hours=1))
        assert offering.state is (row.target or state)
        assert [type(event) for event in events] == [EVENTS[command, was_public]]
        assert offering.changed_at == AT + timedelta(hours=1)
    elif any(other.target is state for other in rows):
        assert give(offering, command, actor, AT + timedelta(hours=1)) == []
        assert offering == before
    else:
        with pytest.raises(IllegalMoveError) as raised:
            give(offering, command, actor, AT + timedelta(hours=1))
        assert raised.value.context["current_state"] == state.value
        assert raised.value.context["allowed_moves"] == [move.value for move in TRANSITIONS.allowed(state, actor)]
        assert offering == before


def test_every_state_can_be_reached_and_only_the_last_is_an_end() -> None:
    targets = {row.target for row in TRANSITIONS.rows if row.target} | {S.ENTWURF}
    assert targets == set(S)
    assert [state for state in S if not TRANSITIONS.allowed(state)] == [S.ZURUECKGEZOGEN]


def test_no_actor_but_the_owner_touches_the_form() -> None:
    assert {actor for row in TRANSITIONS.rows if row.command in (C.EDIT, C.SUBMIT) for actor in row.actors} == {A.BEREITSTELLER}


def test_of_several_capacities_the_one_counts_that_the_table_gives_the_command_to() -> None:
    offering = offering_in(S.EINGEREICHT)
    assert offering.accept([A.BEREITSTELLER, A.ANBIETER], AT)
    with pytest.raises(ForbiddenError) as refused:
        offering.accept([A.SYSTEM, A.BEREITSTELLER], AT)
    assert refused.value.context["actor"] == A.SYSTEM
