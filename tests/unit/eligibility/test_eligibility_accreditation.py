"""Accreditation: every command in every state by every actor, its terms, and a random walk against a model."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.eligibility.domain.accreditation import Term
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.transitions import OPEN, TRANSITIONS, Actor, Command
from shared.errors import ConflictError, ForbiddenError, IllegalMoveError, InvalidError, NotFoundError
from shared.messages import eligibility as wire
from shared.messages.base import Message
from shared.messages.values import AccreditationState as S
from shared.messages.values import Channel, Role
from tests.support.builders.organisations import ANNA, AT, BERT, STAFF, TODAY, move, registered, statement

END = date(2028, 3, 2)
A, O, SYS = Actor.ANBIETER, Actor.ORGANISATION, Actor.SYSTEM  # noqa: E741 - one column each in the table below
EXPECTED: dict[tuple[Command, Actor], dict[S, S]] = {
    (Command.REQUEST, O): {S.ABGELEHNT: S.BEANTRAGT, S.ABGELAUFEN: S.BEANTRAGT, S.ENTZOGEN: S.BEANTRAGT},
    (Command.REVIEW, A): {S.BEANTRAGT: S.IN_PRUEFUNG},
    (Command.QUERY, A): {S.IN_PRUEFUNG: S.RUECKFRAGE},
    (Command.ANSWER, O): {S.RUECKFRAGE: S.IN_PRUEFUNG},
    (Command.GRANT, A): {S.IN_PRUEFUNG: S.ERTEILT, S.RUECKFRAGE: S.ERTEILT, S.ERTEILT: S.ERTEILT},
    (Command.REFUSE, A): {S.IN_PRUEFUNG: S.ABGELEHNT, S.RUECKFRAGE: S.ABGELEHNT},
    (Command.REVOKE, A): {S.ERTEILT: S.ENTZOGEN},
    (Command.EXPIRE, SYS): {S.ERTEILT: S.ABGELAUFEN},
}
TARGET = {
    Command.REQUEST: S.BEANTRAGT,
    Command.REVIEW: S.IN_PRUEFUNG,
    Command.QUERY: S.RUECKFRAGE,
    Command.ANSWER: S.IN_PRUEFUNG,
    Command.GRANT: S.ERTEILT,
    Command.REFUSE: S.ABGELEHNT,
    Command.REVOKE: S.ENTZOGEN,
    Command.EXPIRE: S.ABGELAUFEN,
}


def in_state(state: S) -> Organisation:
    organisation = registered()
    record = organisation.accreditations[0]
    organisation.accreditations = (record.model_copy(update={"state": state, "valid_to": END}),)
    return organisation


def state_of(organisation: Organisation) -> S:
    return organisation.get_accreditation(Channel.GOVDIGITAL, Role.KUNDE).state


def give(organisation: Organisation, command: Command, actor: Actor, term: Term = Term()) -> list[Message]:  # noqa: B008 - frozen
    if command is Command.GRANT:
        return organisation.grant(move(command, actor), term, TODAY, END)
    return organisation.move(move(command, actor))


@pytest.mark.parametrize(("command", "state", "actor"), list(product(Command, S, Actor)))
def test_who_may_do_what_when(command: Command, state: S, actor: Actor) -> None:
    organisation = in_state(state)
    before = organisation.model_copy(deep=True)
    allowed = EXPECTED.get((command, actor))
    if allowed is None:
        with pytest.raises(ForbiddenError):
            give(organisation, command, actor)
    elif state in allowed:
        assert len(give(organisation, command, actor, Term(valid_to=END + timedelta(days=1)))) == 1
        assert state_of(organisation) is allowed[state]
        return
    elif state is TARGET[command]:
        assert give(organisation, command, actor) == []
    else:
        with pytest.raises(IllegalMoveError) as refused:
            give(organisation, command, actor)
        assert refused.value.context["allowed_moves"] == [str(c) for c in TRANSITIONS.allowed(state, actor)]
    assert organisation == before


def test_the_table_has_no_other_rows() -> None:
    rows = {(row.command, actor): row.sources for row in TRANSITIONS.rows for actor in row.actors}
    assert rows == {key: frozenset(moves) for key, moves in EXPECTED.items()}


class TestGrant:
    def test_a_grant_keeps_decider_term_and_reason(self) -> None:
        organisation = in_state(S.IN_PRUEFUNG)
        (event,) = organisation.grant(move(Command.GRANT, note="Satzung liegt vor"), Term(valid_to=END), TODAY, date(2030, 1, 1))
        record = organisation.accreditations[0]
        assert (record.decider, record.reason, record.valid_from, record.valid_to) == (STAFF, "Satzung liegt vor", TODAY, END)
        assert isinstance(event, wire.AccreditationDecided)
        assert STAFF not in event.model_dump_json()

    def test_without_a_named_end_the_default_term_holds(self) -> None:
        organisation = in_state(S.IN_PRUEFUNG)
        organisation.accreditations = (organisation.accreditations[0].model_copy(update={"valid_to": None}),)
        organisation.grant(move(Command.GRANT), Term(), TODAY, END)
        assert organisation.expires_on == END

    def test_the_same_grant_again_changes_nothing(self) -> None:
        organisation = in_state(S.IN_PRUEFUNG)
        organisation.grant(move(Command.GRANT), Term(), TODAY, END)
        assert organisation.grant(move(Command.GRANT), Term(), TODAY + timedelta(days=9), END + timedelta(days=9)) == []

    def test_a_grant_in_force_can_be_prolonged(self) -> None:
        organisation = in_state(S.ERTEILT)
        assert len(organisation.grant(move(Command.GRANT), Term(valid_to=date(2030, 1, 1)), TODAY, END)) == 1
        assert organisation.accreditations[0].valid_to == date(2030, 1, 1)

    @pytest.mark.parametrize("term", [Term(valid_to=TODAY), Term(valid_from=date(2027, 1, 1), valid_to=date(2027, 1, 1))])
    def test_an_empty_or_past_term_is_refused(self, term: Term) -> None:
        organisation = in_state(S.IN_PRUEFUNG)
        with pytest.raises(InvalidError) as refused:
            organisation.grant(move(Command.GRANT), term, TODAY, END)
        assert refused.value.code == "term_invalid"
        assert state_of(organisation) is S.IN_PRUEFUNG

    def test_only_statements_on_file_can_be_granted_on(self) -> None:
        with pytest.raises(InvalidError) as refused:
            in_state(S.IN_PRUEFUNG).grant(move(Command.GRANT), Term(statements=(statement().id,)), TODAY, END)
        assert refused.value.code == "statement_unknown"


class TestStatementsCited:
    def test_a_statement_is_confirmed_while_a_grant_that_cites_it_is_in_force(self) -> None:
        organisation = registered()
        word = statement()
        organisation.state_relation(word, ANNA, AT)
        assert not organisation.confirmed(word.id)
        give(organisation, Command.REVIEW, A)
        give(organisation, Command.GRANT, A)
        assert organisation.confirmed(word.id)
        give(organisation, Command.REVOKE, A)
        assert not organisation.confirmed(word.id)

    def test_a_statement_made_after_the_grant_is_not_confirmed_by_it(self) -> None:
        organisation = in_state(S.ERTEILT)
        organisation.state_relation(statement(), ANNA, AT)
        assert not organisation.confirmed(statement().id)
        assert len(organisation.grant(move(Command.GRANT), Term(statements=(statement().id,)), TODAY, END)) == 1
        assert organisation.confirmed(statement().id)

    def test_a_request_made_anew_rests_on_all_statements(self) -> None:
        organisation = in_state(S.ABGELEHNT)
        organisation.state_relation(statement(), ANNA, AT)
        organisation.request_accreditation(Channel.GOVDIGITAL, Role.KUNDE, ANNA, AT)
        record = organisation.accreditations[0]
        assert record.statements == (statement().id,)
        assert (record.valid_to, record.decider) == (None, None)


class TestRequest:
    def test_a_role_not_held_cannot_be_accredited(self) -> None:
        with pytest.raises(InvalidError) as refused:
            registered().request_accreditation(Channel.GOVDIGITAL, Role.BEREITSTELLER, ANNA, AT)
        assert refused.value.code == "role_not_held"

    def test_a_klient_applies_for_its_accreditation_as_every_other_role(self) -> None:
        (record,) = registered(Channel.GOVDIGITAL, roles=(Role.KLIENT,)).accreditations
        assert (record.channel, record.role) == (Channel.GOVDIGITAL, Role.KLIENT)

    def test_only_active_users_ask_and_answer(self) -> None:
        with pytest.raises(ForbiddenError):
            registered().request_accreditation(Channel.FITKO, Role.KUNDE, BERT, AT)

    def test_an_anbieter_never_asked_has_nothing_to_decide(self) -> None:
        organisation = registered(Channel.FITKO)
        with pytest.raises(NotFoundError):
            organisation.move(move(Command.REVIEW))

    @pytest.mark.parametrize(
        ("command", "state"), [(Command.QUERY, S.IN_PRUEFUNG), (Command.REFUSE, S.IN_PRUEFUNG), (Command.REVOKE, S.ERTEILT)]
    )
    def test_a_question_or_a_no_needs_words(self, command: Command, state: S) -> None:
        organisation = in_state(state)
        with pytest.raises(InvalidError) as refused:
            organisation.move(move(command, note=None))
        assert refused.value.code == "note_missing"
        assert state_of(organisation) is state


class TestExpiry:
    def test_an_accreditation_runs_out_on_the_day_its_term_ends(self) -> None:
        organisation = in_state(S.ERTEILT)
        assert organisation.expire(END - timedelta(days=1), AT) == []
        (event,) = organisation.expire(END, AT)
        assert isinstance(event, wire.AccreditationDecided)
        assert state_of(organisation) is S.ABGELAUFEN
        assert organisation.expires_on is None
        assert organisation.expire(END, AT) == []


class AccreditationWalk(RuleBasedStateMachine):
    """Random commands by random actors: the aggregate does what the table says and keeps its books."""

    @initialize()
    def start(self) -> None:
        self.organisation = registered()
        self.model = S.BEANTRAGT
        self.steps = 1
        self.statements = 0

    @rule(command=st.sampled_from(Command), actor=st.sampled_from(Actor))
    def command(self, command: Command, actor: Actor) -> None:
        target = EXPECTED.get((command, actor), {}).get(self.model)
        renewed_alike = command is Command.GRANT and self.model is S.ERTEILT
        before = self.organisation.model_copy(deep=True)
        try:
            events = give(self.organisation, command, actor)
        except (ForbiddenError, ConflictError):
            assert target is None
            assert self.organisation == before
            return
        if target is None or renewed_alike:
            assert events == []
            assert self.organisation == before
            return
        assert len(events) == 1
        self.model = target
        self.steps += 1

    @rule(number=st.integers(0, 5))
    def state_relation(self, number: int) -> None:
        word = statement(path=(self.organisation.id, f"body{number}"))
        known = word.id in {s.id for s in self.organisation.statements}
        assert bool(self.organisation.state_relation(word, ANNA, AT)) is not known

    @invariant()
    def the_books_agree(self) -> None:
        record = self.organisation.get_accreditation(Channel.GOVDIGITAL, Role.KUNDE)
        assert record.state is self.model
        assert len(record.history) == self.steps
        assert record.history[-1].state is record.state
        assert (self.organisation.waiting_since(Channel.GOVDIGITAL) is not None) == (record.state in OPEN)
        assert self.organisation.waiting_since(Channel.FITKO) is None
        assert (self.organisation.expires_on is not None) == (record.state is S.ERTEILT)
        public = self.organisation.public()
        assert public.accreditations == (record.public(),)
        assert not any(person in public.model_dump_json() for person in (ANNA, STAFF))


TestAccreditationWalk = AccreditationWalk.TestCase
TestAccreditationWalk.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
