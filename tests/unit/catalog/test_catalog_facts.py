"""Facts about stored offers: only what was ever public has one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.catalog.domain.provision import ProvisionState
from services.catalog.facts import FACTS, OfferingFact, ProvidedFact, UnpublishedOfferFact, is_published
from services.catalog.repository import OFFERINGS
from shared.ids import bereitstellung_id
from shared.messages.values import Channel, OfferingState
from tests.support.builders.offerings import offering_in
from tests.support.stored import stored

PUBLIC = {OfferingState.VEROEFFENTLICHT, OfferingState.AUSGESETZT, OfferingState.ZURUECKGEZOGEN}


@pytest.mark.parametrize("state", OfferingState)
async def test_an_offer_that_is_or_was_public_has_a_fact_and_must_be_on_its_topic(state: OfferingState) -> None:
    offering = offering_in(state)
    document = await stored(OFFERINGS, offering)
    contract = bereitstellung_id(Channel.GOVDIGITAL.value, offering.id)
    number = f"BV/govdigital/{offering.id[:8]}"
    provided = ProvidedFact(offering.id, Channel.GOVDIGITAL, contract, ProvisionState.GESCHLOSSEN, number)
    numbers = {contract: (Channel.GOVDIGITAL, number)}
    fact = OfferingFact(
        *(offering.id, offering.form.title, offering.version, state),
        numbers=numbers,
        provided=(provided,),
        listed=(contract,),
    )
    asked = replace(provided, state=ProvisionState.ANGEFRAGT, number=None)
    waiting = UnpublishedOfferFact(offering.id, waits=True, provided=(asked,))
    waits = waiting if state is OfferingState.BEREITSTELLUNGSVERTRAG_OFFEN else None
    expected = fact if state in PUBLIC else waits
    assert FACTS[OFFERINGS](document) == expected
    assert is_published(document) is bool(offering.restate()) is (state in PUBLIC)
