"""The transition table of offers: every command from every state by everybody."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from shared.errors import ForbiddenError, IllegalMoveError
from shared.messages import catalog as messages
from shared.messages.base import Message
from shared.messages.catalog_provisions import ProvisionRequested
from shared.messages.values import Channel, OfferingState
from tests.support.builders.offerings import AT, CATALOGUE, PROVIDER, complete_form, give, offering_in

S, C, A = OfferingState, Command, Actor

EVENTS: dict[tuple[Command, bool], type[Message]] = {
    (C.EDIT, False): messages.OfferingRevised,
    (C.EDIT, True): messages.OfferingChanged,
    (C.SUBMIT, False): messages.OfferingSubmitted,
    (C.RETURN, False): messages.OfferingReturned,
    (C.ACCEPT, False): messages.OfferingAccepted,
    (C.BEREITSTELLUNGSVERTRAG, False): ProvisionRequested,
    (C.BEREITSTELLUNGSVERTRAG, True): ProvisionRequested,
    (C.SUSPEND, True): messages.OfferingSuspended,
    (C.RESUME, True): messages.OfferingResumed,
    (C.WITHDRAW, False): messages.OfferingDiscarded,
    (C.WITHDRAW, True): messages.OfferingWithdrawn,
}
"""Which event a command gives, by whether the offer was public before."""
PUBLIC = (S.VEROEFFENTLICHT, S.AUSGESETZT)
OF_CHANNELS = (C.SUSPEND, C.RESUME, C.WITHDRAW, C.ACCEPT, C.RETURN)
"""What an Anbieter decides for the own channel, which is walked in ``test_catalog_examinations``."""
CASES = [
    (command, actor)
    for command, actor in product(C, A)
    if command not in (C.SUSPEND, C.RESUME) and (command not in OF_CHANNELS or actor is not A.ANBIETER)
]


@pytest.mark.parametrize(("command", "actor"), CASES)
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
    elif command is C.SUBMIT and state in PUBLIC:
        with pytest.raises(IllegalMoveError):  # nobody has given anything back
            give(offering, command, actor, AT + timedelta(hours=1))
        assert offering == before
    elif row is not None:
        events = give(offering, command, actor, AT + timedelta(hours=1))
        assert offering.state is (row.target or state)
        assert [type(event) for event in events] == [EVENTS[command, was_public]]
        beside = command is C.BEREITSTELLUNGSVERTRAG and was_public
        assert offering.changed_at == (before.changed_at if beside else AT + timedelta(hours=1))
    elif any(other.target is state for other in rows):
        assert give(offering, command, actor, AT + timedelta(hours=1)) == []
        assert offering == before
    else:
        with pytest.raises(IllegalMoveError) as raised:
            give(offering, command, actor, AT + timedelta(hours=1))
        assert raised.value.context["current_state"] == state.value
        assert raised.value.context["allowed_moves"] == [move.value for move in TRANSITIONS.allowed(state, actor)]
        assert offering == before


@pytest.mark.parametrize("state", list(S))
def test_who_may_suspend_and_resume_goes_by_the_table_and_a_repeat_changes_nothing(state: OfferingState) -> None:
    for command, actor in product((C.SUSPEND, C.RESUME), A):
        offering = offering_in(state)
        before = offering.model_copy(deep=True)
        if state not in (S.VEROEFFENTLICHT, S.AUSGESETZT):
            with pytest.raises(IllegalMoveError):
                give(offering, command, actor, AT + timedelta(hours=1), Channel.GOVDIGITAL)
        elif command is C.RESUME and state is S.AUSGESETZT and actor is A.ANBIETER:
            with pytest.raises(ForbiddenError):  # its Bereitsteller has suspended it
                give(offering, command, actor, AT + timedelta(hours=1), Channel.GOVDIGITAL)
        elif actor is not A.ANBIETER and (command is C.SUSPEND) is (state is S.AUSGESETZT):
            assert give(offering, command, actor, AT + timedelta(hours=1)) == []
        elif command is C.RESUME and state is S.VEROEFFENTLICHT:
            assert give(offering, command, actor, AT + timedelta(hours=1), Channel.GOVDIGITAL) == []
        else:
            (event,) = give(offering, command, actor, AT + timedelta(hours=1), Channel.GOVDIGITAL)
            assert type(event) is EVENTS[command, True]
            assert offering.state is (S.AUSGESETZT if command is C.SUSPEND else S.VEROEFFENTLICHT)
            continue
        assert offering == before


def test_every_state_can_be_reached_and_only_the_last_is_an_end() -> None:
    targets = {row.target for row in TRANSITIONS.rows if row.target} | {S.ENTWURF}
    assert targets == set(S)
    assert [state for state in S if not TRANSITIONS.allowed(state)] == [S.ZURUECKGEZOGEN]


def test_no_actor_but_the_owner_touches_the_form() -> None:
    assert {actor for row in TRANSITIONS.rows if row.command in (C.EDIT, C.SUBMIT) for actor in row.actors} == {A.BEREITSTELLER}


def test_of_several_capacities_the_one_counts_that_the_table_gives_the_command_to() -> None:
    offering = offering_in(S.VEROEFFENTLICHT)
    assert offering.suspend([A.ANBIETER, A.BEREITSTELLER], AT, "Wartung", PROVIDER)
    with pytest.raises(ForbiddenError) as refused:
        offering.edit([A.SYSTEM, A.ANBIETER], AT, complete_form(), CATALOGUE)
    assert refused.value.context["actor"] == A.SYSTEM
