"""Who reuses an offer is counted by running contracts: once each, in whatever order their events arrive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import permutations
from typing import Final

import pytest

from services.catalog.domain.reuse import FOLLOWED, Reuse, follow, stated_by
from services.catalog.entries import InUse
from shared.laender import LAENDER
from shared.messages.base import Message
from shared.messages.contracts import Leg
from shared.messages.contracts_chain import ChainConcluded, ChainState, ContractSigned
from shared.messages.values import Channel
from tests.support.builders.offerings import AT, OFFERING_ID
from tests.support.builders.provisions import concluded
from tests.support.builders.provisions import ending as provision_ending
from tests.support.builders.reuse import PROVIDER, acceded, chained, continued, ended, left, ordered, passed_on, terminated

DRESDEN: Final = "146120000000"
LEIPZIG: Final = "147130000000"
HUSUM: Final = "010540056056"
END: Final = date(2028, 12, 31)


def counted(events: Sequence[Message]) -> InUse | None:
    """Return what is counted after these events."""
    found: dict[str | None, Reuse] = {}
    for event in events:
        stated = stated_by(event)
        if stated is not None:
            assert type(event) in FOLLOWED
            found[stated.land], out = follow(found.get(stated.land), stated, AT)
            assert list(out) == []
    return InUse.of({land: reuse.bodies for land, reuse in found.items()})


def test_bodies_and_their_laender_are_counted_each_once() -> None:
    bodies = (DRESDEN, LEIPZIG, HUSUM, "DE-SN", "14612", "dataport", "DE")
    events = [ordered(body, OFFERING_ID) for body in bodies]
    assert counted([*events, *events]) == InUse(7, ("DE-SH", "DE-SN"))
    assert counted([ordered(DRESDEN, OFFERING_ID), ordered(DRESDEN, OFFERING_ID, 2)]) == InUse(1, ("DE-SN",))
    assert counted([ordered("dataport", OFFERING_ID)]) == InUse(1, ())
    assert counted([passed_on(HUSUM, OFFERING_ID, "DE-SH")]) == InUse(1, ("DE-SH",))
    assert counted([]) is None


@pytest.mark.parametrize(("ars", "land"), LAENDER.items())
def test_each_land_is_known_by_the_keys_of_its_bodies(ars: str, land: str) -> None:
    for body in (land, f"{ars}123", f"{ars}1230000000"):
        assert counted([ordered(body, OFFERING_ID)]) == InUse(1, (land,))


def test_a_contract_counts_until_its_last_day_is_over() -> None:
    begun = ordered(DRESDEN, OFFERING_ID)
    assert counted([begun, terminated(DRESDEN, OFFERING_ID)]) == InUse(1, ("DE-SN",))
    assert counted([begun, terminated(DRESDEN, OFFERING_ID), ended(DRESDEN, OFFERING_ID)]) is None
    assert counted([begun, continued(DRESDEN, OFFERING_ID), ended(DRESDEN, OFFERING_ID)]) == InUse(1, ("DE-SN",))


@pytest.mark.parametrize("over", [it for it in ChainState if it in {"BEENDET", "ABGELEHNT", "ZURUECKGEZOGEN", "NICHTIG"}])
def test_a_contract_that_is_void_counts_no_more(over: ChainState) -> None:
    end = ended(DRESDEN, OFFERING_ID)
    void = end.model_copy(update={"contract": end.contract.model_copy(update={"state": over})})
    assert counted([ordered(DRESDEN, OFFERING_ID), ordered(LEIPZIG, OFFERING_ID), void]) == InUse(1, ("DE-SN",))


def test_the_order_of_events_does_not_matter() -> None:
    events = (
        ordered(DRESDEN, OFFERING_ID),
        terminated(DRESDEN, OFFERING_ID),
        ended(DRESDEN, OFFERING_ID),
        ordered(HUSUM, OFFERING_ID),
    )
    for order in permutations(events):
        assert counted([*order, ordered(DRESDEN, OFFERING_ID)]) == InUse(1, ("DE-SH",))


def test_other_contracts_and_those_that_are_not_concluded_count_nothing() -> None:
    provision = concluded(OFFERING_ID, Channel.GOVDIGITAL)
    offered = ContractSigned(contract=chained(DRESDEN, OFFERING_ID, ChainState.ANGEBOTEN), at=AT)
    later = ChainConcluded(
        contract=chained(DRESDEN, OFFERING_ID, ChainState.GESCHLOSSEN, leg=Leg.read("A_LATER_LEG"), grantor=PROVIDER), at=AT
    )
    assert counted([provision, provision_ending(OFFERING_ID, Channel.GOVDIGITAL, None), offered, later]) is None


def test_a_body_that_has_acceded_to_a_contract_counts_until_its_last_day_is_over() -> None:
    last = date(2027, 6, 30)
    assert counted([acceded(DRESDEN, OFFERING_ID), ordered("DE-SN", OFFERING_ID)]) == InUse(2, ("DE-SN",))
    assert counted([acceded(DRESDEN, OFFERING_ID), ordered(DRESDEN, OFFERING_ID)]) == InUse(1, ("DE-SN",)), "it is one body"
    for order in permutations((acceded(DRESDEN, OFFERING_ID), left(DRESDEN, OFFERING_ID, last), left(DRESDEN, OFFERING_ID, END))):
        reuse: Reuse | None = None
        for event in order:
            stated = stated_by(event)
            assert stated is not None
            reuse, _ = follow(reuse, stated, AT)
        assert reuse is not None
        assert (reuse.bodies, reuse.model_dump()["ends_next"]) == (1, "2027-06-30")
        reuse.end(last, AT)
        assert reuse.bodies == 1
        reuse.end(last + timedelta(days=1), AT)
        assert (reuse.bodies, reuse.model_dump()["ends_next"]) == (0, None)
        again = stated_by(acceded(DRESDEN, OFFERING_ID))
        assert again is not None
        assert follow(reuse, again, AT)[0].bodies == 0


def test_a_stored_count_is_read_back_and_its_number_stands_beside_it() -> None:
    stated = stated_by(ordered(DRESDEN, OFFERING_ID))
    assert stated is not None
    reuse, _ = follow(None, stated, AT)
    document = reuse.model_dump()
    assert (document["bodies"], document["land"]) == (1, "DE-SN")
    stored = {name: value for name, value in document.items() if name not in {"bodies", "ends_next"}}
    assert Reuse.model_validate(stored) == reuse
