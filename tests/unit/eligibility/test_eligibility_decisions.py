"""Decisions on accreditations by two persons, answers to queries, statements taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.eligibility.domain.accreditation import Move, Term
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.transitions import Actor, Command
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.messages import eligibility as wire
from shared.messages.base import Message
from shared.messages.values import AccreditationState, Channel, Role
from tests.support.builders.organisations import ANNA, AT, HUSUM, STAFF, TODAY, move, registered, registration, statement

SECOND = "govdigital-second"
END = date(2028, 1, 1)


def under_review() -> Organisation:
    organisation = registered()
    organisation.state_relation(statement(), ANNA, AT)
    organisation.move(move(Command.REVIEW))
    return organisation


def grant(organisation: Organisation, person: str, term: Term | None = None, note: str | None = None) -> list[Message]:
    asked: Move = replace(move(Command.GRANT), person=person, note=note)
    return organisation.grant(asked, term or Term(), TODAY, END, four_eyes=True)


def state_of(organisation: Organisation) -> AccreditationState:
    return organisation.get_accreditation(Channel.GOVDIGITAL, Role.KUNDE).state


class TestFourEyes:
    def test_one_person_proposes_and_another_grants_what_was_proposed(self) -> None:
        organisation = under_review()
        (event,) = grant(organisation, STAFF, Term(valid_to=date(2027, 6, 1)), "Satzung liegt vor.")
        assert isinstance(event, wire.OrganisationChanged)
        assert state_of(organisation) is AccreditationState.IN_PRUEFUNG
        (event,) = grant(organisation, SECOND)
        assert isinstance(event, wire.AccreditationDecided)
        record = organisation.accreditations[0]
        assert (record.state, record.valid_to) == (AccreditationState.ERTEILT, date(2027, 6, 1))
        assert (record.proposer, record.decider, record.reason) == (STAFF, SECOND, "Satzung liegt vor.")
        assert record.proposal is None

    def test_nobody_confirms_their_own_proposal(self) -> None:
        organisation = under_review()
        grant(organisation, STAFF)
        assert grant(organisation, STAFF) == []
        assert state_of(organisation) is AccreditationState.IN_PRUEFUNG

    def test_another_term_is_a_proposal_of_its_own(self) -> None:
        organisation = under_review()
        grant(organisation, STAFF, Term(valid_to=date(2027, 6, 1)))
        grant(organisation, SECOND, Term(valid_to=date(2027, 1, 1)))
        record = organisation.accreditations[0]
        assert record.state is AccreditationState.IN_PRUEFUNG
        assert record.proposal is not None
        assert (record.proposal.person, record.proposal.valid_to) == (SECOND, date(2027, 1, 1))
        grant(organisation, STAFF)
        assert organisation.accreditations[0].valid_to == date(2027, 1, 1)

    def test_a_refusal_does_not_confirm_a_grant(self) -> None:
        organisation = under_review()
        grant(organisation, STAFF)
        organisation.move(replace(move(Command.REFUSE), person=SECOND), four_eyes=True)
        assert state_of(organisation) is AccreditationState.IN_PRUEFUNG
        organisation.move(replace(move(Command.REFUSE), person=STAFF), four_eyes=True)
        assert state_of(organisation) is AccreditationState.ABGELEHNT

    def test_a_withdrawal_needs_two_persons_and_an_end_of_term_nobody(self) -> None:
        organisation = under_review()
        grant(organisation, STAFF)
        grant(organisation, SECOND)
        organisation.move(replace(move(Command.REVOKE), person=STAFF), four_eyes=True)
        assert state_of(organisation) is AccreditationState.ERTEILT
        (event,) = organisation.expire(END, AT + timedelta(days=1))
        assert isinstance(event, wire.AccreditationDecided)
        record = organisation.accreditations[0]
        assert (record.state, record.proposal) == (AccreditationState.ABGELAUFEN, None)

    def test_an_invalid_term_is_refused_before_it_is_proposed(self) -> None:
        organisation = under_review()
        with pytest.raises(InvalidError):
            grant(organisation, STAFF, Term(valid_to=TODAY))
        assert organisation.accreditations[0].proposal is None

    def test_without_four_eyes_one_person_decides(self) -> None:
        organisation = under_review()
        organisation.grant(move(Command.GRANT), Term(), TODAY, END)
        record = organisation.accreditations[0]
        assert (record.state, record.decider, record.proposer) == (AccreditationState.ERTEILT, STAFF, None)


def test_an_answer_travels_as_an_answer_with_its_text_and_its_question() -> None:
    organisation = under_review()
    organisation.move(move(Command.QUERY, note="Welcher Verband?"))
    (event,) = organisation.move(move(Command.ANSWER, Actor.ORGANISATION, note="Der ITVSH."))
    assert isinstance(event, wire.AccreditationAnswered)
    assert (event.question, event.answer) == ("Welcher Verband?", "Der ITVSH.")
    assert event.accreditation.state is AccreditationState.IN_PRUEFUNG


class TestTakingBack:
    def test_open_accreditations_rest_on_it_no_more_and_the_record_stays(self) -> None:
        organisation = under_review()
        wrong = organisation.statements[0]
        (event,) = organisation.take_back(wrong.id, ANNA, AT, "Falscher Verband")
        assert isinstance(event, wire.OrganisationChanged)
        assert organisation.statements == ()
        assert organisation.accreditations[0].statements == ()
        (former,) = organisation.former_statements
        assert (former.statement, former.taken_back_by, former.reason) == (wrong, ANNA, "Falscher Verband")
        assert organisation.take_back(wrong.id, ANNA, AT, None) == []

    def test_it_can_be_stated_again(self) -> None:
        organisation = under_review()
        wrong = organisation.statements[0]
        organisation.take_back(wrong.id, ANNA, AT, None)
        organisation.state_relation(wrong, ANNA, AT)
        assert organisation.accreditations[0].statements == (wrong.id,)

    def test_what_an_anbieter_has_granted_on_stays(self) -> None:
        organisation = under_review()
        organisation.grant(move(Command.GRANT), Term(), TODAY, END)
        with pytest.raises(ConflictError) as refused:
            organisation.take_back(organisation.statements[0].id, ANNA, AT, None)
        assert refused.value.code == "statement_confirmed"
        organisation.move(move(Command.REVOKE))
        assert len(organisation.take_back(organisation.statements[0].id, ANNA, AT, None)) == 1

    def test_an_unknown_one_is_not_found(self) -> None:
        with pytest.raises(NotFoundError):
            registered().take_back(statement().id, ANNA, AT, None)


class TestRepeatedRegistration:
    def test_other_details_are_a_conflict(self) -> None:
        organisation, _ = Organisation.register(HUSUM, registration(leitweg_id="04011000-900X999-08"), AT)
        assert organisation.registered_again(registration()) == []
        assert organisation.registered_again(registration(leitweg_id="04011000-900x999-08", ars=HUSUM.ars)) == []
        with pytest.raises(ConflictError) as refused:
            organisation.registered_again(registration(leitweg_id="04011000-900X998-11"))
        assert refused.value.code == "already_registered"

    @pytest.mark.parametrize(
        ("details", "code"),
        [
            ({"leitweg_id": "developer"}, "leitweg_id_form"),
            ({"ars": "01054005"}, "ars_form"),
            ({"ars": "170540056056"}, "ars_region"),
            ({"ars": "010540056057"}, "ars_differs"),
        ],
    )
    def test_details_that_fit_nobody_are_refused_at_the_first_and_at_a_second_time(
        self, details: dict[str, str], code: str
    ) -> None:
        with pytest.raises(InvalidError) as first:
            Organisation.register(HUSUM, registration(**details), AT)  # type: ignore[arg-type] # parametrised
        with pytest.raises(InvalidError) as second:
            registered().registered_again(registration(**details))  # type: ignore[arg-type] # parametrised
        assert (first.value.code, second.value.code) == (code, code)
