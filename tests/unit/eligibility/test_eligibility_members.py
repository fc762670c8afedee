"""Members of an organisation with their functions, and what versions before functions have stored."""

from __future__ import annotations

from typing import Any

import pytest

from services.eligibility.domain.members import EVERY_FUNCTION
from services.eligibility.domain.organisation import Organisation
from services.eligibility.repository import ORGANISATIONS
from shared.aggregate.record import Record, RecordType
from shared.errors import ConflictError, ForbiddenError
from shared.messages.values import Channel, Function, Role
from tests.support.builders.organisations import ANNA, AT, BERT, registered, statement

RECORDS = RecordType(Organisation, ORGANISATIONS)


def functions_of(organisation: Organisation) -> dict[str, tuple[Function, ...]]:
    return {member.person: member.functions for member in organisation.members}


def stored(organisation: Organisation) -> dict[str, Any]:
    return Record(organisation.id, state=organisation).document()


def before_functions(document: dict[str, Any], users: list[str]) -> dict[str, Any]:
    """Return the document as a version before functions writes it: other users, fields it does not know as they were."""
    return {**document, "users": users}


def test_whoever_registers_has_every_function() -> None:
    assert functions_of(registered()) == {ANNA: EVERY_FUNCTION}


def test_functions_are_given_and_taken() -> None:
    organisation = registered()
    organisation.change(ANNA, AT, functions={BERT: [Function.ZEICHNUNG, Function.BEARBEITUNG, Function.ZEICHNUNG]})
    assert functions_of(organisation)[BERT] == (Function.BEARBEITUNG, Function.ZEICHNUNG)
    organisation.change(ANNA, AT, functions={BERT: []})
    assert functions_of(organisation)[BERT] == ()


def test_the_last_administrator_keeps_the_function() -> None:
    organisation = registered()
    organisation.change(ANNA, AT, functions={BERT: [Function.BEARBEITUNG]})
    changes: tuple[dict[str, Any], ...] = ({"functions": {ANNA: []}}, {"remove_users": [ANNA]})
    for change in changes:
        with pytest.raises(ConflictError) as refused:
            organisation.change(ANNA, AT, **change)
        assert refused.value.code == "last_administrator"
    assert functions_of(organisation)[ANNA] == EVERY_FUNCTION


@pytest.mark.parametrize("held", [(), (Function.ZEICHNUNG,), (Function.BEARBEITUNG, Function.ZEICHNUNG)])
def test_without_verwaltung_nobody_changes_members_or_asks_for_accreditation(held: tuple[Function, ...]) -> None:
    organisation = registered()
    organisation.change(ANNA, AT, functions={BERT: held})
    with pytest.raises(ForbiddenError) as refused:
        organisation.change(BERT, AT, functions={BERT: EVERY_FUNCTION})
    assert refused.value.code == "function_missing"
    with pytest.raises(ForbiddenError):
        organisation.request_accreditation(Channel.FITKO, Role.KUNDE, BERT, AT)


def test_without_bearbeitung_nobody_states_a_relation() -> None:
    organisation = registered()
    organisation.change(ANNA, AT, functions={BERT: [Function.ZEICHNUNG, Function.VERWALTUNG]})
    with pytest.raises(ForbiddenError):
        organisation.state_relation(statement(person=BERT), BERT, AT)


def test_users_stored_before_functions_are_members_with_every_function() -> None:
    document = stored(registered())
    del document["members"]
    document["users"] = [ANNA, BERT]
    assert functions_of(RECORDS.state_of(document)) == {ANNA: EVERY_FUNCTION, BERT: EVERY_FUNCTION}


def test_a_version_before_functions_reads_the_members_as_users() -> None:
    organisation = registered()
    organisation.change(ANNA, AT, functions={BERT: []})
    assert list(stored(organisation)["users"]) == [ANNA, BERT]


def test_functions_outlive_a_version_that_does_not_know_them() -> None:
    organisation = registered()
    organisation.change(ANNA, AT, functions={BERT: [Function.BEARBEITUNG], "carla": []})
    found = RECORDS.state_of(before_functions(stored(organisation), [ANNA, BERT, "doris"]))
    assert functions_of(found) == {ANNA: EVERY_FUNCTION, BERT: (Function.BEARBEITUNG,), "doris": EVERY_FUNCTION}


def test_whom_a_version_before_functions_removes_is_no_member_any_more() -> None:
    organisation = registered()
    organisation.change(ANNA, AT, functions={BERT: EVERY_FUNCTION})
    found = RECORDS.state_of(before_functions(stored(organisation), [BERT]))
    assert functions_of(found) == {BERT: EVERY_FUNCTION}


def test_a_stored_organisation_is_read_as_it_was_written() -> None:
    organisation = registered()
    organisation.change(ANNA, AT, functions={BERT: [Function.BEARBEITUNG]})
    assert RECORDS.state_of(stored(organisation)) == organisation
