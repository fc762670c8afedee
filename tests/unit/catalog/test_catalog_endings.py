"""The end of a Bereitstellungsvertrag: announced with day and reason, taken back by what follows it, and the channel closes."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from typing import Final

import pytest

from services.catalog.domain import endings
from services.catalog.domain.offering import Offering
from shared.calendar import day_of
from shared.messages import catalog as messages
from shared.messages.contracts_chain import ChainEvent, ChainState, ContractEnded
from shared.messages.contracts_changes import AgreedPart, ContractAmended
from shared.messages.ordering import OrderParty
from shared.messages.values import Channel, OfferingState
from tests.support.builders.offerings import AT, OFFERING_ID, PROVIDER
from tests.support.builders.provisions import concluded, ending, succeeded
from tests.unit.catalog.test_catalog_examinations import listed

GD, FT = Channel.GOVDIGITAL, Channel.FITKO
LAST: Final = date(2027, 12, 31)
NEXT: Final = date(2030, 12, 31)
NOTICE: Final = ending(OFFERING_ID, GD, LAST, OrderParty.ANBIETER)
FOLLOWS: Final = succeeded(OFFERING_ID, GD)


def heard(offering: Offering, *events: ChainEvent) -> list[str]:
    """Return the types of what is told of these events."""
    return [it.TYPE.split(".")[2] for event in events for it in endings.follow(offering, event, AT)]


def amended(last_day: date | None) -> ContractAmended:
    """Return the event that the contract has another agreed end."""
    head = concluded(OFFERING_ID, GD).contract.model_copy(update={"ends_on": last_day})
    return ContractAmended(contract=head, at=AT, change_id=OFFERING_ID, version=2, parts=(AgreedPart.VALID_TO,))


def test_notice_is_announced_with_day_and_reason_and_the_channel_stays_open_until_then() -> None:
    offering = listed(GD, FT)
    assert heard(offering, concluded(OFFERING_ID, GD), NOTICE, NOTICE) == ["changed"]
    (announced,) = offering.public().channel_ends
    assert (announced.channel, announced.orderable_until) == (GD, LAST)
    assert announced.reason == "Der Bereitstellungsvertrag mit govdigital endet durch Kündigung am 31.12.2027."
    assert offering.public().orderable_channels == (GD, FT)
    assert [it.ends_on for it in offering.provisions] == [None, LAST]
    assert endings.close_channels(offering, LAST, AT) == []


@pytest.mark.parametrize(
    ("by", "who"), [(OrderParty.ANBIETER, "govdigital"), (OrderParty.BEREITSTELLER, PROVIDER.id), (None, PROVIDER.id)]
)
def test_the_channel_closes_on_the_day_after_and_open_vorgaenge_end_with_it(by: OrderParty | None, who: str) -> None:
    offering = listed(GD, FT)
    heard(offering, ending(OFFERING_ID, GD, LAST, by))
    (event,) = endings.close_channels(offering, LAST + timedelta(days=1), AT)
    assert isinstance(event, messages.OfferingWithdrawn)
    assert (event.channel, event.ends_open_orders, event.contract_ended_on) == (GD, True, LAST)
    assert (event.offering.orderable_channels, event.offering.channel_ends, event.offering.state) == (
        (FT,),
        (),
        OfferingState.VEROEFFENTLICHT,
    )
    (closed,) = event.offering.channel_withdrawals
    assert (closed.by, "31.12.2027" in closed.reason) == (who, True)
    assert endings.close_channels(offering, LAST + timedelta(days=2), AT) == []
    over = NOTICE.contract.model_copy(update={"state": ChainState.BEENDET})
    assert heard(offering, ContractEnded(contract=over, at=AT), FOLLOWS) == [], "a channel that is closed stays closed"


def test_the_offer_ends_with_its_last_channel() -> None:
    offering = listed(GD)
    heard(offering, NOTICE)
    (event,) = endings.close_channels(offering, LAST + timedelta(days=1), AT)
    assert isinstance(event, messages.OfferingWithdrawn)
    assert (offering.state, offering.withdrawal_reason) == (OfferingState.ZURUECKGEZOGEN, event.reason)
    assert (event.ends_open_orders, event.contract_ended_on, offering.channel_ends) == (True, LAST, ())


@pytest.mark.parametrize("order", tuple(permutations((NOTICE, FOLLOWS, ending(OFFERING_ID, GD, date(2028, 6, 30))))))
def test_what_follows_the_contract_takes_back_what_was_announced_in_any_order(order: tuple[ChainEvent, ...]) -> None:
    offering = listed(GD)
    heard(offering, *order)
    assert offering.channel_ends == ()
    assert endings.close_channels(offering, NEXT, AT) == []


def test_of_contracts_that_follow_one_another_the_last_end_counts() -> None:
    offering = listed(GD)
    assert heard(offering, NOTICE, FOLLOWS, succeeded(OFFERING_ID, GD, NEXT)) == ["changed", "changed", "changed"]
    (announced,) = offering.channel_ends
    assert announced.orderable_until == NEXT
    assert announced.reason == "Der Bereitstellungsvertrag mit govdigital endet mit der vereinbarten Laufzeit am 31.12.2030."


def test_an_agreed_end_is_announced_and_a_longer_term_takes_it_back() -> None:
    offering = listed(GD)
    assert heard(offering, amended(LAST)) == ["changed"]
    over = ContractEnded(contract=amended(LAST).contract.model_copy(update={"state": ChainState.BEENDET}), at=AT)
    assert heard(offering, over) == [], "the calendar tells nothing new"
    assert heard(offering, amended(None)) == ["changed"]
    assert offering.channel_ends == ()


def test_of_a_channel_that_does_not_list_the_offer_nothing_follows() -> None:
    offering = listed(GD)
    before = offering.model_copy(deep=True)
    assert heard(offering, ending(OFFERING_ID, FT, LAST)) == []
    assert offering == before
    assert day_of(AT) < LAST
