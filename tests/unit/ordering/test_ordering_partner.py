"""The partner as a machine: what changes it, what it refuses, and what its history and events show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.ordering.domain.partner.partner import (
    MOST_HISTORY,
    MOST_KEYS,
    MOST_ORGANISATIONS,
    MOST_TEXT,
    By,
    Contact,
    Partner,
    PartnerProfile,
)
from services.ordering.domain.partner.transitions import PartnerActor, PartnerCommand
from shared.aggregate.decisions import STATE_BYTES
from shared.errors import ConflictError, ForbiddenError, IllegalMoveError, InvalidError, NotFoundError, RejectedError
from shared.messages.ordering_partners import PartnerKey, PartnerQuota, PartnerState, PublicJwk, Represented
from shared.messages.values import Party, Role

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPERATOR = By(PartnerActor.OPERATOR, "otto", "marktplatz")
ITSELF = By(PartnerActor.PARTNER, "petra", "dataport")
HUSUM = Represented(id="010540056056", name="Husum, Stadt", roles=(Role.KUNDE,))
KIEL = Represented(id="010020000000", name="Kiel, Landeshauptstadt", roles=(Role.KUNDE, Role.BEREITSTELLER))
PROFILE = PartnerProfile(
    name="Beschaffungsportal Nord",
    run_by=Party(id="dataport", name="Dataport AöR"),
    organisations=(HUSUM,),
    contact=Contact(mailbox="schnittstellen@dataport.example"),
)


def key(number: int, valid_from: datetime = AT, valid_until: datetime | None = None) -> PartnerKey:
    jwk = PublicJwk(kty="OKP", crv="Ed25519", x=f"key{number}")
    return PartnerKey(kid=f"k{number}", jwk=jwk, valid_from=valid_from, valid_until=valid_until)


def registered(*keys: PartnerKey) -> Partner:
    partner, _ = Partner.register("nord", PROFILE, OPERATOR, AT)
    for it in keys:
        partner.add_key(it, OPERATOR, AT)
    return partner


def changed(**fields: object) -> PartnerProfile:
    return PROFILE.model_copy(update=fields)


def test_a_partner_begins_active_with_the_default_quota_and_no_key() -> None:
    partner, events = Partner.register("nord", PROFILE, OPERATOR, AT)
    assert (partner.state, partner.keys, partner.quota) == (PartnerState.ACTIVE, (), PartnerQuota())
    assert (partner.quota.records_per_second, partner.quota.bytes_per_second, partner.quota.burst_seconds) == (20, 262144, 10)
    assert [event.TYPE for event in events] == ["ordering.partner.registered.v1"]


def test_no_event_shows_the_contact() -> None:
    partner, events = Partner.register("nord", PROFILE, OPERATOR, AT)
    events += partner.change(changed(contact=Contact(mailbox="neu@dataport.example")), OPERATOR, AT)
    events += [*partner.restate(), *partner.remove("Ende", OPERATOR, AT)]
    assert len(events) == 4
    assert not any("@" in event.model_dump_json() for event in events)
    assert not any("@" in (line.detail or "") for line in partner.history)


def test_a_change_names_in_the_history_who_changed_what_when() -> None:
    partner = registered()
    new = changed(
        name="Portal Nord",
        organisations=(KIEL,),
        quota=PartnerQuota(records_per_second=50),
        contact=Contact(mailbox="a@b.example"),
    )
    (event,) = partner.change(new, OPERATOR, AT + HOUR)
    line = partner.history[-1]
    assert (line.at, line.person, line.organisation, line.command) == (AT + HOUR, "otto", "marktplatz", PartnerCommand.CHANGE)
    assert line.detail is not None
    assert "name Beschaffungsportal Nord to Portal Nord" in line.detail
    assert "organisations +010020000000, -010540056056" in line.detail
    assert '"records_per_second":20' in line.detail and '"records_per_second":50' in line.detail  # noqa: PT018 - one line
    assert (event.TYPE, partner.organisations, partner.changed_at) == ("ordering.partner.changed.v1", (KIEL,), AT + HOUR)
    assert partner.change(new, OPERATOR, AT + 2 * HOUR) == []
    assert len(partner.history) == 2


@pytest.mark.parametrize("roles", [(), (Role.ANBIETER,), (Role.KUNDE, Role.BETREIBER), (Role.KLIENT,)])
def test_a_partner_acts_only_in_roles_of_the_two_sides(roles: tuple[Role, ...]) -> None:
    profile = changed(organisations=(HUSUM.model_copy(update={"roles": roles}),))
    with pytest.raises(InvalidError) as raised:
        Partner.register("nord", profile, OPERATOR, AT)
    assert raised.value.code == "role_not_for_partners"


def test_an_organisation_is_named_once() -> None:
    with pytest.raises(InvalidError) as raised:
        registered().change(changed(organisations=(HUSUM, KIEL, HUSUM)), OPERATOR, AT)
    assert raised.value.code == "organisation_twice"


def test_keys_overlap_while_one_follows_the_other() -> None:
    partner = registered(key(1, valid_until=AT + 3 * HOUR), key(2, valid_from=AT + 2 * HOUR))
    valid = [[it.kid for it in partner.keys if partner.usable_key(it.kid, AT + hours * HOUR)] for hours in range(-1, 5)]
    assert valid == [[], ["k1"], ["k1"], ["k1", "k2"], ["k2"], ["k2"]]


def test_the_same_key_again_changes_nothing() -> None:
    partner = registered(key(1))
    assert partner.add_key(key(1), OPERATOR, AT + HOUR) == []


@pytest.mark.parametrize(
    ("added", "code"),
    [
        (PartnerKey(kid="k1", jwk=key(2).jwk, valid_from=AT), "key_id_used"),
        (PartnerKey(kid="k2", jwk=key(1).jwk, valid_from=AT), "key_known"),
        (key(9), "key_id_used"),
        (key(3, valid_until=AT + HOUR), "key_validity"),
        (key(3, valid_from=AT + 4 * HOUR, valid_until=AT + 3 * HOUR), "key_validity"),
    ],
    ids=["another key of that id", "that key under another id", "an ended key", "ended already", "ends before it begins"],
)
def test_a_key_is_refused(added: PartnerKey, code: str) -> None:
    partner = registered(key(1), key(9, valid_until=AT + HOUR))
    before = partner.model_copy(deep=True)
    with pytest.raises(RejectedError) as raised:
        partner.add_key(added, OPERATOR, AT + 2 * HOUR)
    assert (raised.value.code, partner) == (code, before)


def test_the_number_of_keys_has_a_bound() -> None:
    partner = registered(*(key(number) for number in range(MOST_KEYS)))
    with pytest.raises(InvalidError) as raised:
        partner.add_key(key(MOST_KEYS), OPERATOR, AT)
    assert raised.value.code == "too_many_keys"


def test_a_key_ends_when_it_is_retired_and_may_end_in_the_past() -> None:
    partner = registered(key(1), key(2))
    (event,) = partner.retire_key("k1", AT + 5 * HOUR, OPERATOR, AT + 5 * HOUR)
    assert event.TYPE == "ordering.partner.key-retired.v1"
    assert partner.retire_key("k1", AT + 5 * HOUR, OPERATOR, AT + 6 * HOUR) == []
    partner.retire_key("k1", AT + HOUR, OPERATOR, AT + 6 * HOUR)
    assert partner.usable_key("k1", AT + 2 * HOUR) is None
    assert partner.usable_key("k2", AT + 2 * HOUR) is not None
    with pytest.raises(ConflictError) as raised:
        partner.retire_key("k1", AT + 5 * HOUR, OPERATOR, AT + 6 * HOUR)
    assert raised.value.code == "key_ended"
    with pytest.raises(NotFoundError) as unknown:
        partner.retire_key("k3", AT, OPERATOR, AT)
    assert unknown.value.code == "key_not_found"


def test_a_partner_rotates_its_key_with_an_overlap() -> None:
    partner = registered(key(1))
    (event,) = partner.rotate_key("k1", key(2, valid_from=AT + HOUR), AT + 24 * HOUR, ITSELF, AT + HOUR)
    assert event.TYPE == "ordering.partner.key-added.v1"
    assert partner.key("k1").valid_until == AT + 24 * HOUR
    assert partner.rotate_key("k1", key(2), AT + 48 * HOUR, ITSELF, AT + 2 * HOUR) == []
    assert (partner.history[-1].person, partner.history[-1].detail) == ("petra", "k1 to k2")


def test_a_rotation_never_makes_a_key_last_longer() -> None:
    partner = registered(key(1, valid_until=AT + 2 * HOUR))
    partner.rotate_key("k1", key(2), AT + 24 * HOUR, ITSELF, AT + HOUR)
    assert partner.key("k1").valid_until == AT + 2 * HOUR


def test_a_key_that_has_ended_rotates_nothing() -> None:
    partner = registered(key(1, valid_until=AT + HOUR))
    with pytest.raises(ConflictError) as raised:
        partner.rotate_key("k1", key(2), AT + 24 * HOUR, ITSELF, AT + HOUR)
    assert raised.value.code == "key_not_valid"


def test_a_suspended_partner_rotates_nothing_since_its_key_may_be_stolen() -> None:
    partner = registered(key(1))
    partner.suspend("Schlüssel entwendet", OPERATOR, AT)
    with pytest.raises(IllegalMoveError):
        partner.rotate_key("k1", key(2), AT + HOUR, ITSELF, AT)
    partner.add_key(key(2), OPERATOR, AT)
    assert [event.TYPE for event in partner.resume(OPERATOR, AT)] == ["ordering.partner.resumed.v1"]


def test_a_removed_partner_stays_removed_and_has_no_contact_any_more() -> None:
    partner = registered(key(1))
    (event,) = partner.remove("Vertrag beendet", OPERATOR, AT)
    assert (event.TYPE, partner.state, partner.contact) == ("ordering.partner.removed.v1", PartnerState.REMOVED, None)
    assert partner.remove("noch einmal", OPERATOR, AT) == []
    commands: tuple[Callable[[], object], ...] = (
        lambda: partner.change(PROFILE, OPERATOR, AT),
        lambda: partner.add_key(key(2), OPERATOR, AT),
        lambda: partner.suspend("x", OPERATOR, AT),
        lambda: partner.resume(OPERATOR, AT),
    )
    for command in commands:
        with pytest.raises(IllegalMoveError):
            command()


def test_a_partner_does_nothing_of_an_operators() -> None:
    partner = registered(key(1))
    commands: tuple[Callable[[], object], ...] = (
        lambda: Partner.register("sued", PROFILE, ITSELF, AT),
        lambda: partner.change(PROFILE, ITSELF, AT),
        lambda: partner.add_key(key(2), ITSELF, AT),
        lambda: partner.retire_key("k1", AT, ITSELF, AT),
        lambda: partner.suspend("x", ITSELF, AT),
        lambda: partner.remove("x", ITSELF, AT),
    )
    for command in commands:
        with pytest.raises(ForbiddenError):
            command()


def test_the_history_is_bounded_and_counts_what_it_leaves_out() -> None:
    partner = registered()
    for _ in range(MOST_HISTORY):
        partner.suspend("x" * 5000, OPERATOR, AT)
        partner.resume(OPERATOR, AT)
    assert (len(partner.history), partner.history_omitted) == (MOST_HISTORY, MOST_HISTORY + 1)
    assert max(len(line.detail or "") for line in partner.history) == MOST_TEXT


def test_the_largest_partner_can_still_be_suspended() -> None:
    many = tuple(HUSUM.model_copy(update={"id": f"{number:012d}"}) for number in range(MOST_ORGANISATIONS))
    partner, _ = Partner.register("nord", changed(organisations=many), OPERATOR, AT)
    for _ in range(MOST_HISTORY):
        partner.suspend("ä" * 8000, OPERATOR, AT)
        partner.resume(OPERATOR, AT)
    assert len(partner.model_dump_json().encode()) < STATE_BYTES


def test_a_stored_partner_is_read_as_it_was() -> None:
    partner = registered(key(1))
    partner.suspend("Störung", OPERATOR, AT)
    assert Partner.model_validate(partner.model_dump(), extra="ignore") == partner
