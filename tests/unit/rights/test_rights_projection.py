"""What a person may do follows from the topic of rights alone, and from nothing when too little of it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ForbiddenError, MarktplatzError
from shared.http.caller import Person
from shared.http.problem import RefusedRequestError
from shared.messages.eligibility_rights import OrganisationRights, RoleTerm
from shared.messages.values import Channel, Function, Role
from shared.rights.errors import RightsUnavailableError
from tests.support.rights import EVERYTHING, MOST_AGE, ReadRights, rights_of, until

ANNA = Person("anna")
HUSUM, SYLT, FITKO = "010540056056", "010545488132", "fitko"


def code_of(decide: Callable[[], object]) -> str:
    """Return the code of the refusal."""
    with pytest.raises(MarktplatzError) as refused:
        decide()
    return refused.value.code


def test_the_only_organisation_of_a_person_is_implied() -> None:
    read = ReadRights()
    read.put(rights_of(HUSUM, {"anna": EVERYTHING}))
    caller = read.rights.caller(ANNA, None)
    assert (caller.organisation, caller.roles, caller.functions) == (HUSUM, frozenset({Role.KUNDE}), frozenset(EVERYTHING))


def test_a_member_of_two_organisations_names_one_of_them() -> None:
    read = ReadRights()
    read.put(rights_of(HUSUM, {"anna": EVERYTHING}))
    read.put(rights_of(SYLT, {"anna": [Function.BEARBEITUNG]}, [Role.BEREITSTELLER]))
    with pytest.raises(RefusedRequestError) as refused:
        read.rights.caller(ANNA, None)
    assert (refused.value.status, refused.value.code) == (400, "organisation_needed")
    assert refused.value.context["organisations"] == [HUSUM, SYLT]
    caller = read.rights.caller(ANNA, SYLT)
    assert (caller.organisation, caller.roles, caller.functions) == (
        SYLT,
        frozenset({Role.BEREITSTELLER}),
        frozenset({Function.BEARBEITUNG}),
    )


def test_nobody_acts_for_an_organisation_without_being_a_member_and_does_not_learn_whether_it_exists() -> None:
    read = ReadRights()
    read.put(rights_of(HUSUM, {"anna": EVERYTHING}))
    read.put(rights_of(SYLT, {"bert": EVERYTHING}))
    details = []
    for organisation in (SYLT, FITKO):
        with pytest.raises(ForbiddenError) as refused:
            read.rights.caller(ANNA, organisation)
        assert refused.value.code == "not_a_member"
        details.append(refused.value.detail.replace(organisation, "X"))
    assert details[0] == details[1]
    assert code_of(lambda: read.rights.caller(Person("cem"), None)) == "no_membership"


def test_a_removed_member_is_none_from_the_next_request_on() -> None:
    read = ReadRights()
    read.put(rights_of(HUSUM, {"anna": EVERYTHING, "bert": EVERYTHING}))
    assert read.rights.caller(ANNA, HUSUM).organisation == HUSUM
    read.put(rights_of(HUSUM, {"bert": EVERYTHING}))
    assert code_of(lambda: read.rights.caller(ANNA, HUSUM)) == "not_a_member"
    assert code_of(lambda: read.rights.caller(ANNA, None)) == "no_membership"


def test_what_a_topic_read_from_its_beginning_no_longer_holds_is_gone() -> None:
    read = ReadRights()
    read.put(rights_of(HUSUM, {"anna": EVERYTHING}))
    read.put(rights_of(SYLT, {"anna": EVERYTHING}))
    assert code_of(lambda: read.rights.caller(ANNA, None)) == "organisation_needed"
    read.read_again([rights_of(SYLT, {"anna": [Function.BEARBEITUNG]})])
    caller = read.rights.caller(ANNA, None)
    assert (caller.organisation, caller.functions) == (SYLT, frozenset({Function.BEARBEITUNG}))


@pytest.mark.parametrize(
    ("day", "roles"),
    [
        (date(2026, 12, 31), {Role.KUNDE, Role.BEREITSTELLER}),
        (date(2027, 1, 1), {Role.BEREITSTELLER}),
        (date(2025, 1, 1), {Role.KUNDE}),
    ],
)
def test_a_role_holds_from_its_first_day_and_no_longer_on_its_end(day: date, roles: set[Role]) -> None:
    read = ReadRights(clock=lambda: datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12))
    later = RoleTerm(role=Role.BEREITSTELLER, valid_from=date(2026, 1, 1))
    read.put(rights_of(HUSUM, {"anna": EVERYTHING}, [until(date(2027, 1, 1)), later]))
    assert read.rights.caller(ANNA, HUSUM).roles == roles


def test_an_accreditation_counts_at_its_own_anbieter_only() -> None:
    read = ReadRights()
    term = RoleTerm(role=Role.BEREITSTELLER, channel=Channel.GOVDIGITAL)
    read.put(rights_of(HUSUM, {"anna": EVERYTHING}, [Role.BEREITSTELLER, term]))
    assert read.rights.is_accredited(HUSUM, Role.BEREITSTELLER, Channel.GOVDIGITAL)
    assert not read.rights.is_accredited(HUSUM, Role.BEREITSTELLER, Channel.FITKO)
    assert not read.rights.is_accredited(HUSUM, Role.KUNDE, Channel.GOVDIGITAL)
    assert not read.rights.is_accredited(SYLT, Role.BEREITSTELLER, Channel.GOVDIGITAL)


def test_before_the_topic_was_read_through_nobody_has_rights() -> None:
    read = ReadRights()
    read.mirror.content, read.mirror.confirmed_at = None, None
    assert not read.rights.ready()
    assert code_of(lambda: read.rights.caller(ANNA, None)) == "rights_unavailable"


def test_rights_that_the_broker_has_not_confirmed_for_too_long_are_not_gone_by() -> None:
    at = [1000.0]
    read = ReadRights(steady=lambda: at[0])
    read.put(rights_of(HUSUM, {"anna": EVERYTHING}))
    read.mirror.confirmed_at = at[0]
    at[0] += MOST_AGE.total_seconds()
    assert read.rights.caller(ANNA, None).organisation == HUSUM
    at[0] += 1
    with pytest.raises(RightsUnavailableError):
        read.rights.caller(ANNA, None)
    with pytest.raises(RightsUnavailableError):
        read.rights.roles_of(HUSUM)
    assert read.rights.ready(), "it was read through: a restart would not help"
    read.mirror.confirmed_at = at[0]
    assert read.rights.caller(ANNA, None).organisation == HUSUM


@pytest.mark.parametrize("value", [b"no JSON", b'{"rights":{"organisation":"%s","name":"X"}}' % SYLT.encode(), b"{}"])
def test_rights_that_nobody_can_read_are_none(value: bytes) -> None:
    read = ReadRights()
    read.put(rights_of(HUSUM, {"anna": EVERYTHING}))
    assert read.rights.caller(ANNA, None).organisation == HUSUM
    read.take(HUSUM, value)
    assert code_of(lambda: read.rights.caller(ANNA, HUSUM)) == "not_a_member"


@pytest.mark.parametrize(("value", "kind"), [(None, "eligibility.rights.ended.v1"), (b"{}", "eligibility.rights.sealed.v1")])
def test_what_another_version_wrote_last_ends_the_rights_of_before(value: bytes | None, kind: str) -> None:
    read = ReadRights()
    read.put(rights_of(HUSUM, {"anna": EVERYTHING}))
    assert read.rights.caller(ANNA, None).organisation == HUSUM
    read.take(HUSUM, value, kind)
    assert code_of(lambda: read.rights.caller(ANNA, HUSUM)) == "not_a_member"


def test_functions_and_roles_of_a_later_version_are_passed_over_by_whoever_does_not_know_them() -> None:
    read = ReadRights()
    body = '{"rights":{"organisation":"%s","name":"X","members":[{"person":"anna","functions":["SIEGEL"],"since":1}],"roles":[{"role":"PATE"}]}}'
    read.take(HUSUM, (body % HUSUM).encode())
    caller = read.rights.caller(ANNA, HUSUM)
    assert not caller.functions & set(Function)
    assert not caller.roles & set(Role)


_CHANGES = st.lists(
    st.tuples(
        st.sampled_from([HUSUM, SYLT, FITKO]),
        st.dictionaries(st.sampled_from(["anna", "bert", "cem"]), st.lists(st.sampled_from(EVERYTHING), unique=True)),
    )
)


@given(_CHANGES, st.integers(0, 5))
def test_whoever_follows_and_whoever_begins_again_decide_alike(
    changes: list[tuple[str, Mapping[str, Iterable[Function]]]], every: int
) -> None:
    following, last = ReadRights(), dict[str, OrganisationRights]()
    for number, (organisation, members) in enumerate(changes):
        last[organisation] = rights_of(organisation, members)
        following.put(last[organisation])
        if every and number % every == 0:
            following.rights.ready()
    beginning = ReadRights()
    beginning.read_again(last.values())
    for person in ("anna", "bert", "cem"):
        for named in (None, HUSUM, SYLT, FITKO):
            assert _decided(following, person, named) == _decided(beginning, person, named)


def _decided(read: ReadRights, person: str, organisation: str | None) -> object:
    try:
        return read.rights.caller(Person(person), organisation)
    except MarktplatzError as refused:
        return refused.code, refused.context
