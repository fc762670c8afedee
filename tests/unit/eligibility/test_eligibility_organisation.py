"""Registration, users, roles and statements of an organisation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.eligibility.domain.membership import MOST_FORMER_USERS
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.registration import PublicBody
from services.eligibility.domain.statement import Document, RelationType, make_statement
from shared.errors import ConflictError, ForbiddenError, InvalidError, RejectedError
from shared.ids import person_mark
from shared.messages import eligibility as wire
from shared.messages.values import AccreditationState, Channel, OrganisationType, Role
from tests.support.builders.organisations import ANNA, AT, BERT, HUSUM, PATH, SATZUNG, registered, registration, statement

PEOPLE = ("anna", "bert", "cem", "dora")


def code_of(error: pytest.ExceptionInfo[RejectedError]) -> str:
    return error.value.code


class TestRegistration:
    def test_each_role_is_brought_to_each_anbieter(self) -> None:
        asked = registration(roles=(Role.BEREITSTELLER, Role.KUNDE), anbieter=tuple(reversed(Channel)))
        organisation, events = Organisation.register(HUSUM, asked, AT)
        assert {(a.channel, a.role, a.state) for a in organisation.accreditations} == {
            (channel, role, AccreditationState.BEANTRAGT) for channel in Channel for role in (Role.KUNDE, Role.BEREITSTELLER)
        }
        assert [type(event) for event in events] == [wire.OrganisationRegistered, *[wire.AccreditationRequested] * 4]

    def test_no_event_names_a_person(self) -> None:
        _, events = Organisation.register(HUSUM, registration(), AT)
        assert all(ANNA not in event.model_dump_json() for event in events)

    def test_a_kunde_gets_the_ars_of_its_body_and_a_checked_leitweg_id(self) -> None:
        organisation, _ = Organisation.register(HUSUM, registration(ars=HUSUM.ars, leitweg_id="04011000-900x999-08"), AT)
        assert (organisation.ars, organisation.leitweg_id) == (HUSUM.ars, "04011000-900X999-08")

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            (registration(roles=()), "roles_missing"),
            (registration(roles=(Role.KUNDE, Role.ANBIETER)), "role_not_registerable"),
            (registration(roles=(Role.BETREIBER,)), "role_not_registerable"),
            (registration(ars="010540056057"), "ars_differs"),
            (registration(leitweg_id="04011000-900X999-09"), "leitweg_id_check_digits"),
            (registration(roles=(Role.BEREITSTELLER,), leitweg_id="992-90009-96"), "customer_details_without_role"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, asked: object, code: str) -> None:
        with pytest.raises(InvalidError) as refused:
            Organisation.register(HUSUM, asked, AT)  # type: ignore[arg-type] # parametrised
        assert code_of(refused) == code

    @pytest.mark.parametrize(
        ("body", "ars"),
        [
            (PublicBody("01054", "Nordfriesland", OrganisationType.KREIS, "SH"), "010540000000"),
            (PublicBody("DE-SH", "Schleswig-Holstein", OrganisationType.LAND, "SH"), "010000000000"),
        ],
    )
    def test_a_kreis_or_land_has_no_other_ars_than_its_own_key_with_zeros(self, body: PublicBody, ars: str) -> None:
        organisation, _ = Organisation.register(body, registration(ars=ars), AT)
        assert organisation.ars == ars
        with pytest.raises(InvalidError) as refused:
            Organisation.register(body, registration(ars=HUSUM.ars), AT)
        assert (code_of(refused), refused.value.context["expected"]) == ("ars_differs", ars)

    def test_a_repeat_by_the_same_person_changes_nothing(self) -> None:
        assert registered().registered_again(registration()) == []

    def test_a_second_person_may_know_to_ask_an_active_user(self) -> None:
        with pytest.raises(ConflictError) as refused:
            registered().registered_again(registration(person=BERT))
        assert code_of(refused) == "already_registered"
        assert "active user" in refused.value.detail

    @pytest.mark.parametrize("changes", [{"roles": (Role.KUNDE, Role.KLIENT)}, {"anbieter": (Channel.FITKO,)}])
    def test_another_registration_by_the_same_person_is_a_conflict(self, changes: dict[str, object]) -> None:
        with pytest.raises(ConflictError):
            registered().registered_again(replace(registration(), **changes))  # type: ignore[arg-type] # parametrised


class TestChange:
    def test_roles_are_added_later(self) -> None:
        organisation = registered()
        (event,) = organisation.change(ANNA, AT, add_roles=(Role.BUENDELNDE_ORGANISATION,))
        assert isinstance(event, wire.OrganisationChanged)
        assert organisation.roles == (Role.KUNDE, Role.BUENDELNDE_ORGANISATION)

    def test_the_same_again_changes_nothing(self) -> None:
        organisation = registered()
        assert organisation.change(ANNA, AT, add_roles=(Role.KUNDE,), add_users=(ANNA,)) == []

    def test_a_stranger_changes_nothing(self) -> None:
        with pytest.raises(ForbiddenError) as refused:
            registered().change(BERT, AT, add_users=(BERT,))
        assert code_of(refused) == "not_a_user"

    def test_the_last_user_stays(self) -> None:
        with pytest.raises(ConflictError) as refused:
            registered().change(ANNA, AT, remove_users=(ANNA,))
        assert code_of(refused) == "last_user"

    def test_too_many_users_are_refused(self) -> None:
        with pytest.raises(InvalidError) as refused:
            registered().change(ANNA, AT, add_users=tuple(f"person{n}" for n in range(200)))
        assert code_of(refused) == "too_many_users"


def test_the_public_state_marks_who_has_left_and_names_nobody() -> None:
    organisation = registered()
    organisation.change(ANNA, AT, add_users=("bernd", "carla"))
    (event,) = organisation.change(ANNA, AT, remove_users=("bernd", "nobody"))
    assert list(organisation.former_users) == ["bernd"]
    assert organisation.public().former_users == (person_mark(organisation.id, "bernd"),)
    assert "bernd" not in event.model_dump_json()
    organisation.change("carla", AT, remove_users=(ANNA,))
    assert list(organisation.former_users) == ["bernd", ANNA]
    organisation.change("carla", AT, add_users=("bernd",))
    assert list(organisation.former_users) == [ANNA]


def test_of_many_who_have_left_the_last_are_kept() -> None:
    organisation = registered()
    for number in range(MOST_FORMER_USERS + 3):
        organisation.change(ANNA, AT, add_users=(f"p{number}",))
        organisation.change(ANNA, AT, remove_users=(f"p{number}",))
    assert organisation.former_users == tuple(f"p{number}" for number in range(3, MOST_FORMER_USERS + 3))


class TestStatement:
    def test_the_same_word_twice_is_one_statement(self) -> None:
        organisation = registered()
        assert len(organisation.state_relation(statement(), ANNA, AT)) == 1
        assert organisation.state_relation(statement(person=ANNA), ANNA, AT) == []
        assert len(organisation.statements) == 1

    def test_other_evidence_makes_another_statement(self) -> None:
        newer = SATZUNG.model_copy(update={"valid_from": date(2025, 1, 1)})
        assert statement().id != statement(documents=(newer,)).id

    def test_the_first_leg_must_be_ones_own(self) -> None:
        with pytest.raises(InvalidError) as refused:
            registered().state_relation(statement(path=("itvsh", "dataport")), ANNA, AT)
        assert code_of(refused) == "own_leg_missing"

    def test_statements_on_file_are_limited(self) -> None:
        organisation = registered()
        for number in range(50):
            organisation.state_relation(statement(path=(HUSUM.id, f"body{number}")), ANNA, AT)
        with pytest.raises(ConflictError) as refused:
            organisation.state_relation(statement(), ANNA, AT)
        assert code_of(refused) == "too_many_statements"

    @pytest.mark.parametrize(
        ("path", "kind", "end", "documents", "code"),
        [
            (PATH, RelationType.PART, None, (SATZUNG,), "relation_type"),
            (PATH, RelationType.MEMBER, date(2012, 1, 1), (SATZUNG,), "period_empty"),
            ((*PATH, "itvsh"), RelationType.MEMBER, None, (SATZUNG,), "path_circle"),
            (PATH, RelationType.MEMBER, None, (), "evidence_missing"),
            (
                PATH,
                RelationType.MEMBER,
                None,
                (SATZUNG.model_copy(update={"valid_from": date(2020, 1, 1), "valid_to": date(2019, 1, 1)}),),
                "period_empty",
            ),
        ],
    )
    def test_a_word_that_says_nothing_is_refused(
        self, path: tuple[str, ...], kind: RelationType, end: date | None, documents: tuple[Document, ...], code: str
    ) -> None:
        with pytest.raises(InvalidError) as refused:
            make_statement(path, (kind, date(2012, 1, 1), end), documents, None, ANNA, AT)
        assert code_of(refused) == code


class UsersWalk(RuleBasedStateMachine):
    """Random people register, add and remove each other: there is always an active user, and only they change anything."""

    @initialize()
    def start(self) -> None:
        self.organisation = registered()
        self.users = {ANNA}

    @rule(person=st.sampled_from(PEOPLE))
    def register_again(self, person: str) -> None:
        try:
            assert self.organisation.registered_again(registration(person=person)) == []
            assert person == ANNA
        except ConflictError:
            assert person != ANNA

    @rule(person=st.sampled_from(PEOPLE), add=st.sets(st.sampled_from(PEOPLE)), remove=st.sets(st.sampled_from(PEOPLE)))
    def change_users(self, person: str, add: set[str], remove: set[str]) -> None:
        after = (self.users | add) - remove
        try:
            events = self.organisation.change(person, AT, add_users=sorted(add), remove_users=sorted(remove))
        except ForbiddenError:
            assert person not in self.users
        except ConflictError:
            assert not after
        else:
            assert person in self.users
            assert bool(events) == (after != self.users)
            self.users = after

    @rule(person=st.sampled_from(PEOPLE), role=st.sampled_from(Role))
    def add_role(self, person: str, role: Role) -> None:
        try:
            self.organisation.change(person, AT, add_roles=(role,))
        except ForbiddenError:
            assert person not in self.users
        except InvalidError:
            assert role in (Role.ANBIETER, Role.BETREIBER)
        else:
            assert role in self.organisation.roles

    @invariant()
    def somebody_is_there(self) -> None:
        assert set(self.organisation.users) == self.users
        assert self.users
        assert self.organisation.registered_by == ANNA


TestUsersWalk = UsersWalk.TestCase
TestUsersWalk.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
