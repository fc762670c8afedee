"""What the Anbieter of a channel decides for that channel: on the form when it comes first, later on each new version."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from services.catalog.domain import examinations, provisioning
from services.catalog.domain.completeness import shortcomings
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.domain.pending import SMALL
from services.catalog.domain.transitions import Actor, Command
from shared.calendar import day_of
from shared.errors import ForbiddenError, IllegalMoveError, InvalidError
from shared.messages import catalog as messages
from shared.messages import catalog_versions
from shared.messages.base import Message
from shared.messages.catalog_provisions import ProvisionRequested, ProvisionWithdrawn
from shared.messages.values import Channel, OfferingState, PriceItem
from tests.support.builders.offerings import (
    AT,
    CATALOGUE,
    OFFERING_ID,
    PROVIDER,
    accept,
    admitted,
    anbieter,
    complete_form,
    contract,
    form_body,
    give,
    offering_in,
)
from tests.support.builders.provisions import concluded, declined

GD, FT = Channel.GOVDIGITAL, Channel.FITKO
S, C, A = OfferingState, Command, Actor
LATER = AT + timedelta(hours=1)
BS, AN = [A.BEREITSTELLER], [A.ANBIETER]


def listed(*channels: Channel) -> Offering:
    """Return an offer that is public in these channels."""
    offering, _ = Offering.draft(OFFERING_ID, PROVIDER, complete_form(channels=[it.value for it in channels]), AT)
    offering.submit(BS, AT, CATALOGUE, admitted)
    for channel in channels:
        accept(offering, A.ANBIETER, AT, channel)
        contract(offering, channel, AT)
    assert [it.channel for it in offering.listings] == list(channels)
    return offering


def dearer(form: OfferingForm, cents: int = 24_000_000) -> OfferingForm:
    body = form_body()["price_items"][0] | {"amount": {"cents": cents}}
    return form.model_copy(update={"price_items": (PriceItem.model_validate(body),)})


def edit(offering: Offering, **parts: Any) -> list[type[Message]]:
    """Change parts of the form that its Bereitsteller goes on with."""
    form = OfferingForm.model_validate(offering.working_form.model_dump() | parts)
    return [type(event) for event in offering.edit(BS, LATER, form, CATALOGUE)]


def send_back(offering: Offering, channel: Channel, remarks: str = "Zu teuer.") -> list[type[Message]]:
    events = examinations.send_back(offering, AN, LATER, channel, remarks, anbieter(channel))
    return [type(event) for event in events]


OTHER_VALUES: dict[str, Any] = {
    "topic_id": "bildung",
    "ozg_ids": ("10113",),
    "leika_keys": ("99050012104000",),
    "anbindungsarten": ("FIT_CONNECT",),
    "parameters": (),
    "price_items": form_body()["price_items"] * 1 + [form_body()["price_items"][0] | {"kind": "WEITERENTWICKLUNG"}],
    "funding": "Konjunkturpaket",
    "documents": ({"title": "Leistung", "url": "https://a.example/b", "sha256": "0" * 64, "media_type": "application/pdf"},),
    "reifegrad": 4,
    "requirements": (*form_body()["requirements"], {"id": "DES-3", "fulfilment": "ERFUELLT"}),
    "licence_free_for_states": ("DE-SH",),
    "known_listing": "E008",
    "availability": {"basis_points": 9950, "period": "MONAT"},
    "fault_times": ({"fault": "LEICHT", "reaction_minutes": 240},),
    "screenshots": ({"title": "Startseite", "url": "https://a.example/b", "sha256": "0" * 64, "media_type": "image/png"},),
}
SMALL_VALUES: dict[str, Any] = {
    "contact_mailbox": "funktion@komm-one.example",
    "support": ({"level": "FIRST_LEVEL", "mailbox": "hilfe@komm-one.example"},),
    "go_lives": ({"on": "2026-03-02", "land": "DE-BW"},),
}


def test_every_field_that_is_not_small_has_a_value_to_try() -> None:
    assert set(OfferingForm.model_fields) == SMALL | OTHER_VALUES.keys()


@pytest.mark.parametrize("name", sorted(OTHER_VALUES))
def test_a_change_that_matters_waits_and_the_published_version_stays_in_force(name: str) -> None:
    offering = listed(GD)
    public, changed_at = offering.public(), offering.changed_at
    assert edit(offering, **{name: OTHER_VALUES[name]}) == [catalog_versions.VersionSubmitted]
    assert offering.public() == public
    assert (offering.version, offering.changed_at) == (1, changed_at)
    assert shortcomings(offering.working_form, CATALOGUE, day_of(LATER)) == []
    accept(offering, A.ANBIETER, LATER, GD)
    assert (offering.version, offering.history[-1].changed_fields, offering.history[-1].accepted_by) == (2, (name,), (GD,))
    assert offering.pending is None


@pytest.mark.parametrize("name", sorted(SMALL - {"channels"}))
def test_a_small_change_goes_out_at_once(name: str) -> None:
    offering = listed(GD)
    assert edit(offering, **{name: SMALL_VALUES.get(name, "Neu")}) == [messages.OfferingChanged]
    assert (offering.version, offering.history[-1].accepted_by, offering.pending) == (2, (), None)


@pytest.mark.parametrize("order", list(permutations((GD, FT))))
def test_a_version_is_in_force_once_every_anbieter_has_accepted_it(order: tuple[Channel, Channel]) -> None:
    offering = listed(GD, FT)
    edit(offering, reifegrad=4)
    first, last = order
    (accepted,) = accept(offering, A.ANBIETER, LATER, first)
    assert isinstance(accepted, catalog_versions.VersionAccepted)
    assert (accepted.channel, accepted.waiting_for, accepted.by) == (first, (last,), anbieter(first))
    assert offering.form.reifegrad == 3
    assert accept(offering, A.ANBIETER, LATER, first) == [], "a repeat"
    whole, changed = accept(offering, A.ANBIETER, LATER + timedelta(hours=1), last)
    assert isinstance(whole, catalog_versions.VersionAccepted)
    assert whole.waiting_for == ()
    assert isinstance(changed, messages.OfferingChanged)
    assert (changed.offering.version, changed.offering.reifegrad) == (2, 4)
    assert changed.offering.changed_at == offering.history[-1].at == LATER + timedelta(hours=1)
    assert accept(offering, A.ANBIETER, LATER, last) == [], "a repeat"


def test_a_return_leaves_the_published_version_and_ends_the_examination() -> None:
    offering = listed(GD, FT)
    edit(offering, reifegrad=4)
    accept(offering, A.ANBIETER, LATER, GD)
    assert send_back(offering, FT) == [catalog_versions.VersionReturned]
    assert (offering.form.reifegrad, offering.examining) == (3, ())
    assert offering.pending is not None
    assert offering.pending.returned is not None
    assert (offering.pending.returned.channel, offering.pending.returned.remarks) == (FT, "Zu teuer.")
    assert accept(offering, A.ANBIETER, LATER, FT) == [], "it does not lie before them any more"
    assert send_back(offering, FT) == [], "a repeat"
    with pytest.raises(IllegalMoveError):
        send_back(offering, GD)


def test_what_was_given_back_is_examined_anew_by_all_changed_or_not() -> None:
    for again in (
        lambda it: [type(event) for event in it.submit(BS, LATER, CATALOGUE, admitted)],
        lambda it: edit(it, summary="Genauer gesagt."),
        lambda it: edit(it, reifegrad=4, funding="Land"),
    ):
        offering = listed(GD, FT)
        edit(offering, reifegrad=4)
        accept(offering, A.ANBIETER, LATER, GD)
        send_back(offering, FT)
        assert again(offering) == [catalog_versions.VersionSubmitted]
        assert offering.examining == (GD, FT)
        assert offering.version == 1


def test_a_small_change_beside_a_version_that_waits_goes_out_and_leaves_what_is_accepted() -> None:
    offering = listed(GD, FT)
    edit(offering, reifegrad=4)
    accept(offering, A.ANBIETER, LATER, GD)
    assert edit(offering, summary="Genauer gesagt.") == [messages.OfferingChanged]
    assert (offering.version, offering.form.summary, offering.form.reifegrad) == (2, "Genauer gesagt.", 3)
    assert offering.examining == (FT,)
    accept(offering, A.ANBIETER, LATER, FT)
    assert (offering.version, offering.form.summary, offering.form.reifegrad) == (3, "Genauer gesagt.", 4)
    assert offering.history[-1].changed_fields == ("reifegrad",)


def test_texts_that_come_with_a_change_that_matters_wait_with_it() -> None:
    offering = listed(GD)
    edit(offering, summary="Für 24 Euro.", reifegrad=4)
    assert offering.form.summary != "Für 24 Euro."
    edit(offering, nachnutzung="Siehe Anlage.")
    assert (offering.form.nachnutzung, offering.form.summary != "Für 24 Euro.") == ("Siehe Anlage.", True)
    accept(offering, A.ANBIETER, LATER, GD)
    assert (offering.form.summary, offering.form.nachnutzung) == ("Für 24 Euro.", "Siehe Anlage.")


def test_a_further_change_begins_the_examination_anew_and_the_published_form_takes_it_back() -> None:
    offering = listed(GD, FT)
    edit(offering, reifegrad=4)
    accept(offering, A.ANBIETER, LATER, GD)
    assert edit(offering, funding="Land") == [catalog_versions.VersionSubmitted]
    assert offering.examining == (GD, FT)
    (event,) = offering.edit(BS, LATER, offering.form, CATALOGUE)
    assert isinstance(event, catalog_versions.VersionDiscarded)
    assert (offering.pending, offering.version) == (None, 1)
    edit(offering, reifegrad=4)
    form = offering.form.model_copy(update={"title": "Kleinigkeit"})
    (changed,) = offering.edit(BS, LATER, form, CATALOGUE)
    assert isinstance(changed, messages.OfferingChanged), "nothing is left to examine"
    assert (offering.pending, offering.version, offering.form.reifegrad) == (None, 2, 3)


def test_a_version_that_waits_must_be_complete_and_keep_its_channels() -> None:
    offering = listed(GD)
    for parts, code in (({"reifegrad": 1}, "offering_incomplete"), ({"reifegrad": 4, "channels": (FT,)}, "channel_contracted")):
        with pytest.raises(InvalidError) as raised:
            edit(offering, **parts)
        assert raised.value.code == code
        assert offering.pending is None


def test_a_channel_that_is_listed_meanwhile_examines_too_and_stays() -> None:
    offering = listed(GD)
    edit(offering, channels=("govdigital", "fitko"))
    edit(offering, reifegrad=4, channels=("govdigital",))
    accept(offering, A.ANBIETER, LATER, FT)
    contract(offering, FT, LATER)
    assert offering.examining == (GD, FT)
    for channel in (GD, FT):
        accept(offering, A.ANBIETER, LATER, channel)
    assert (offering.form.reifegrad, offering.form.channels) == (4, (GD, FT))


def test_a_channel_that_its_anbieter_withdraws_is_waited_for_no_more() -> None:
    offering = listed(GD, FT)
    edit(offering, reifegrad=4)
    accept(offering, A.ANBIETER, LATER, GD)
    withdrawn, changed = give(offering, C.WITHDRAW, A.ANBIETER, LATER, FT)
    assert isinstance(withdrawn, messages.OfferingWithdrawn)
    assert (withdrawn.channel, withdrawn.offering.state, withdrawn.offering.version) == (FT, S.VEROEFFENTLICHT, 1)
    assert isinstance(changed, messages.OfferingChanged)
    assert (offering.orderable_channels, offering.form.reifegrad) == ((GD,), 4)
    assert [(it.channel, it.reason) for it in changed.offering.channel_withdrawals] == [(FT, "Ende")]
    assert give(offering, C.WITHDRAW, A.ANBIETER, LATER, FT) == []
    with pytest.raises(InvalidError, match="not listed through fitko"):
        give(offering, C.SUSPEND, A.ANBIETER, LATER, FT)


def test_with_its_last_channel_an_offer_ends() -> None:
    offering = listed(GD, FT)
    give(offering, C.WITHDRAW, A.ANBIETER, LATER, FT)
    (event,) = give(offering, C.WITHDRAW, A.ANBIETER, LATER, GD)
    assert isinstance(event, messages.OfferingWithdrawn)
    assert (event.channel, offering.state, offering.withdrawal_reason) == (GD, S.ZURUECKGEZOGEN, "Ende")
    assert not event.ends_open_orders
    assert offering.orderable_channels == ()


def test_a_channel_that_is_left_alone_and_suspended_suspends_the_offer() -> None:
    offering = listed(GD, FT)
    give(offering, C.SUSPEND, A.ANBIETER, LATER, GD)
    give(offering, C.WITHDRAW, A.ANBIETER, LATER, FT)
    assert (offering.state, offering.public().suspension is not None) == (S.AUSGESETZT, True)


def test_a_form_that_one_anbieter_gives_back_goes_on_at_the_other() -> None:
    offering = offering_in(S.EINGEREICHT)
    assert send_back(offering, FT, "Nicht bei uns.") == [messages.OfferingReturned]
    assert (offering.state, offering.visible_to, offering.remarks) == (S.EINGEREICHT, (GD,), "Nicht bei uns.")
    assert [type(it) for it in accept(offering, A.ANBIETER, LATER, GD)] == [messages.OfferingAccepted, ProvisionRequested]
    contract(offering, GD, LATER)
    assert (offering.state, offering.orderable_channels) == (S.VEROEFFENTLICHT, (GD,))
    changed_at = offering.changed_at
    (again,) = offering.submit(BS, LATER + timedelta(hours=1), CATALOGUE, admitted)
    assert isinstance(again, messages.OfferingSubmitted)
    assert (again.submission.channels, offering.visible_to, offering.changed_at) == ((FT,), (GD, FT), changed_at)


def test_each_anbieter_accepts_for_itself() -> None:
    offering = offering_in(S.EINGEREICHT)
    accept(offering, A.ANBIETER, LATER, GD)
    assert offering.bound_channels == (GD,)
    assert accept(offering, A.ANBIETER, LATER, GD) == []
    assert examinations.moves_of(offering, GD) == [C.RETURN]
    assert examinations.moves_of(offering, FT) == [C.RETURN, C.ACCEPT]
    contract(offering, GD, LATER)
    events = accept(offering, A.ANBIETER, LATER, FT)
    assert [type(it) for it in events] == [messages.OfferingAccepted, ProvisionRequested], "also once it is public"


def test_a_form_that_all_have_given_back_is_a_draft_again() -> None:
    for order in permutations((GD, FT)):
        offering = offering_in(S.BEREITSTELLUNGSVERTRAG_OFFEN)
        kinds = [kind for channel in order for kind in send_back(offering, channel, f"Von {channel}.")]
        assert sorted(it.__name__ for it in kinds) == ["OfferingReturned", "OfferingReturned", "ProvisionWithdrawn"]
        assert ProvisionWithdrawn in kinds
        assert (offering.state, offering.visible_to, offering.remarks) == (S.ENTWURF, (), f"Von {order[-1]}.")
        assert {it.channel for it in offering.returns} == {GD, FT}
        offering.submit(BS, LATER, CATALOGUE, admitted)
        assert (offering.returns, offering.visible_to) == ((), (GD, FT))


def test_after_the_only_acceptance_is_given_back_the_form_is_handed_in_and_no_more() -> None:
    offering = offering_in(S.BEREITSTELLUNGSVERTRAG_OFFEN)
    send_back(offering, GD)
    assert offering.state is S.EINGEREICHT


def test_a_contract_that_is_declined_gives_the_form_back_from_that_channel_alone() -> None:
    offering = offering_in(S.BEREITSTELLUNGSVERTRAG_OFFEN)
    (event,) = provisioning.follow(offering, declined(OFFERING_ID, GD), LATER, lambda _: None)
    assert isinstance(event, messages.OfferingReturned)
    assert (offering.state, offering.visible_to) == (S.EINGEREICHT, (FT,))
    accept(offering, A.ANBIETER, LATER, FT)
    provisioning.follow(offering, concluded(OFFERING_ID, FT), LATER, lambda _: None)
    assert (offering.state, offering.orderable_channels) == (S.VEROEFFENTLICHT, (FT,))


def test_only_an_anbieter_decides_and_only_on_what_lies_before_them() -> None:
    for actor in (A.BEREITSTELLER, A.SYSTEM):
        for command in (C.ACCEPT, C.RETURN):
            with pytest.raises(ForbiddenError):
                give(offering_in(S.EINGEREICHT), command, actor, LATER, GD)
    for state in S:
        offering = offering_in(state)
        before = offering.model_copy(deep=True)
        if state in (S.ENTWURF, S.ZURUECKGEZOGEN):
            for command in (C.ACCEPT, C.WITHDRAW):
                with pytest.raises(IllegalMoveError):
                    give(offering, command, A.ANBIETER, LATER, GD)
        if state in (S.VEROEFFENTLICHT, S.AUSGESETZT):
            with pytest.raises(IllegalMoveError) as raised:
                send_back(offering, GD)
            assert raised.value.context["allowed_moves"] == [it.value for it in examinations.moves_of(offering, GD)]
        assert offering == before


def test_what_version_0_1_0_changes_overtakes_what_waits() -> None:
    offering = listed(GD)
    edit(offering, reifegrad=4)
    document = offering.model_dump()
    assert document["examined_by_govdigital"] is True
    assert Offering.model_validate(document, extra="ignore") == offering
    overtaken = Offering.model_validate(document | {"version": 2}, extra="ignore")
    assert (overtaken.pending, overtaken.examining) == (None, ())
    withdrawn = Offering.model_validate(document | {"state": "ZURUECKGEZOGEN"}, extra="ignore")
    assert withdrawn.pending is None
