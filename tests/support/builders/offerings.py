"""A standard form that is complete, for tests, whose every part can be replaced; offers in each state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.catalog.domain import channel_states, examinations, provisioning
from services.catalog.domain.completeness import Catalogue
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.domain.provider import ProviderStanding
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from shared.messages.base import Message
from shared.messages.values import Channel, OfferingState, Party
from tests.support.builders.provisions import concluded

S, C, A = OfferingState, Command, Actor
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROVIDER = Party(id="komm_one", name="Komm.ONE")
ADMITTED = ProviderStanding(registered=True, channels=frozenset(Channel))
"""The standing of a Bereitsteller whom every Anbieter has accredited."""
OFFERING_ID = "00000000-0000-5000-8000-000000000001"

MUSTS = ("R1", "R2", "O1")
CATALOGUE = Catalogue(
    topic_ids=frozenset({"mobilitaet_reisen", "bildung"}),
    ozg_ids=frozenset({"10113", "10169"}),
    leika_keys=frozenset({"99108001001000", "99050012104000"}),
    known_listings=frozenset({"E008"}),
    requirements=frozenset({*MUSTS, "DES-3"}),
    conditional=frozenset({"O1"}),
    musts=MUSTS,
)


def form_body(musts: tuple[str, ...] = MUSTS, **parts: Any) -> dict[str, Any]:
    """Return the JSON body of a complete form; ``parts`` replace fields."""
    return {
        "title": "Digitaler Führerscheinantrag",
        "summary": "Antrag auf Erteilung einer Fahrerlaubnis.",
        "technical_concept": "Webanwendung in Containern.",
        "nachnutzung": "Gebühren sind Parameter.",
        "topic_id": "mobilitaet_reisen",
        "ozg_ids": ["10169"],
        "leika_keys": ["99108001001000"],
        "anbindungsarten": ["FIT_CONNECT", "OSCI_XTA"],
        "parameters": [{"name": "gebuehr", "label": "Gebühr"}],
        "price_items": [
            {
                "kind": "BETRIEB_ONLINEDIENST",
                "label": "Betrieb",
                "amount": {"cents": 240000},
                "period": "JAHR",
                "valid_from": "2027-01-01",
            }
        ],
        "channels": ["govdigital"],
        "reifegrad": 3,
        "requirements": [{"id": must, "fulfilment": "ERFUELLT"} for must in musts],
        **parts,
    }


def complete_form(**parts: Any) -> OfferingForm:
    """Return a complete form."""
    return OfferingForm.model_validate(form_body(**parts))


def admitted(_organisation: str) -> ProviderStanding:
    """Give the standing of whom every Anbieter has accredited, for any organisation."""
    return ADMITTED


def give(offering: Offering, command: Command, actor: Actor, at: datetime, channel: Channel = Channel.FITKO) -> Sequence[Message]:
    """Give one command with arguments that are in order."""
    form = offering.form.model_copy(update={"title": f"{offering.form.title}."})
    acts: dict[Command, Callable[[], Sequence[Message]]] = {
        C.EDIT: lambda: offering.edit([actor], at, form, CATALOGUE),
        C.SUBMIT: lambda: offering.submit([actor], at, CATALOGUE, admitted),
        C.RETURN: lambda: examinations.send_back(offering, [actor], at, channel, "Bitte ergänzen.", anbieter(channel)),
        C.ACCEPT: lambda: accept(offering, actor, at, channel),
        C.BEREITSTELLUNGSVERTRAG: lambda: provisioning.ask(offering, [actor], at, channel, "gina", admitted),
        C.SUSPEND: lambda: _suspend(offering, actor, at, channel),
        C.RESUME: lambda: _resume(offering, actor, at, channel),
        C.WITHDRAW: lambda: _withdraw(offering, actor, at, channel),
    }
    return acts[command]()


def anbieter(channel: Channel) -> Party:
    """Return the Anbieter of a channel."""
    return Party(id=channel.value, name=channel.value)


def accept(offering: Offering, actor: Actor, at: datetime, channel: Channel) -> Sequence[Message]:
    """Accept what lies before the Anbieter of a channel."""
    return examinations.accept(offering, [actor], at, channel, anbieter(channel), "gina", admitted)


def _withdraw(offering: Offering, actor: Actor, at: datetime, channel: Channel) -> Sequence[Message]:
    if actor is A.ANBIETER:
        return channel_states.withdraw(offering, at, channel, "Ende", anbieter(channel))
    return offering.withdraw([actor], at, "Ende")


def _suspend(offering: Offering, actor: Actor, at: datetime, channel: Channel) -> Sequence[Message]:
    if actor is A.ANBIETER:
        return channel_states.suspend(offering, at, channel, "Wartung", anbieter(channel))
    return offering.suspend([actor], at, "Wartung", PROVIDER)


def _resume(offering: Offering, actor: Actor, at: datetime, channel: Channel) -> Sequence[Message]:
    if actor is A.ANBIETER:
        return channel_states.resume(offering, at, channel, anbieter(channel))
    return offering.resume([actor], at, PROVIDER)


def contract(offering: Offering, channel: Channel, at: datetime) -> list[Message]:
    """Have an accepted offer ask for a contract, and contracts conclude it; return the events."""
    asked = provisioning.ask(offering, [Actor.ANBIETER], at, channel, "gina", admitted)
    return [*asked, *provisioning.follow(offering, concluded(offering.id, channel), at, lambda _: None)]


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
        at = AT + timedelta(minutes=step)
        give(offering, command, actor, at, Channel.GOVDIGITAL)
        if command is C.BEREITSTELLUNGSVERTRAG:
            provisioning.follow(offering, concluded(offering.id, Channel.GOVDIGITAL), at, lambda _: None)
    assert offering.state is state
    return offering
