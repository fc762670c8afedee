"""Every operation of every API goes by the rights of the marketplace: by membership, function, organisation and channel."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from marktplatz.assembly import BUILDERS
from shared.http.auth import FUNCTION
from tests.faults.malformed.apis import document, operations
from tests.faults.tenants.functions import FUNCTIONS
from tests.faults.tenants.marketplace_rights import PEOPLE, Members, expected, most_privileged, with_members
from tests.faults.tenants.scene import Caller, Scene
from tests.faults.tenants.table import ROWS, Reach, Row

pytestmark = pytest.mark.slow

REGISTRATION = "eligibility POST /v1/organisations"
"""Open to persons who are members of nothing yet; whoever has registered the body of the table is asked for by all others."""
OF_PERSONS = ("/v1/registrations", "/v1/invitations/accept")
"""What is for persons, members of something or not."""
_UNSUPPORTED = 415
EACH_ROW = pytest.mark.parametrize("row", [row for row in ROWS if set(row.expected) != {_UNSUPPORTED}], ids=str)
"""All rows but those of contents, which are refused for their kind before anybody is looked at: the harness sends JSON."""


@pytest_asyncio.fixture(scope="session", name="members")
async def _members(scene: Scene) -> AsyncIterator[Members]:
    async with with_members(scene) as members:
        yield members


def test_the_table_of_functions_names_every_operation_that_changes_something_as_the_documents_do() -> None:
    described = {}
    for service in BUILDERS:
        api = document(service)
        for one in operations(service, api):
            operation = api["paths"][one.path][one.method.lower()]
            if one.method not in ("GET", "HEAD") or FUNCTION in operation:
                described[f"{service.value} {one.method} {one.path}"] = operation[FUNCTION]
    assert described == FUNCTIONS


@EACH_ROW
async def test_a_member_gets_what_the_table_has_for_their_organisation_and_channel(members: Members, row: Row) -> None:
    members.admit()
    wrong = []
    for person in PEOPLE:
        answer = await members.send(row, person)
        status = _registration(person) if row.operation == REGISTRATION else expected(row, person)
        if answer.status_code != status:
            wrong.append(f"{person.name} gets {answer.status_code}, not {status}: {answer.text[:200]}")
    assert wrong == []


@EACH_ROW
async def test_a_member_without_functions_may_read_and_change_nothing(members: Members, row: Row) -> None:
    person = most_privileged(row)
    members.admit(())
    answer = await members.send(row, person)
    needed = FUNCTIONS.get(row.operation, "none")
    if needed == "none":
        assert answer.status_code == expected(row, person), answer.text
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "function_missing")
        assert answer.json()["required_function"] == needed


@EACH_ROW
async def test_a_member_who_was_removed_a_moment_ago_is_nobody(members: Members, row: Row) -> None:
    person = most_privileged(row)
    members.admit()
    before = await members.send(row, person)
    assert before.status_code == (_registration(person) if row.operation == REGISTRATION else expected(row, person))
    members.admit(without=person)
    answer = await members.send(row, person)
    if row.reach is Reach.TOKEN and not _of_persons(row):
        assert (answer.status_code, answer.json()["code"]) == (403, "no_membership")
    elif row.reach is Reach.VISITOR:
        assert answer.status_code == (200 if row.thing is None else 404)
    else:
        assert answer.status_code == before.status_code


@EACH_ROW
async def test_nobody_acts_for_an_organisation_by_naming_it(members: Members, row: Row) -> None:
    members.admit()
    person = most_privileged(row)
    stranger = next(other for other in PEOPLE if other.organisation != person.organisation)
    answer = await members.send(row, stranger, organisation=person.organisation)
    if row.reach is Reach.PUBLIC:
        assert answer.status_code == expected(row, stranger)
    elif _of_persons(row):
        assert answer.status_code == (_registration(stranger) if row.operation == REGISTRATION else expected(row, stranger))
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "not_a_member")


@EACH_ROW
async def test_while_rights_are_too_old_nobody_gets_anything_but_what_is_public(members: Members, row: Row) -> None:
    members.admit()
    person = most_privileged(row)
    confirmed, members.read.mirror.confirmed_at = members.read.mirror.confirmed_at, -1000.0
    try:
        answer = await members.send(row, person)
    finally:
        members.read.mirror.confirmed_at = confirmed
    if row.reach is Reach.PUBLIC:
        assert answer.status_code == expected(row, person)
    elif _of_persons(row):
        assert answer.status_code == (_registration(person) if row.operation == REGISTRATION else expected(row, person))
    else:
        assert (answer.status_code, answer.json()["code"]) == (503, "rights_unavailable")
        assert int(answer.headers["Retry-After"]) > 0


@EACH_ROW
async def test_without_a_token_there_is_only_what_is_public(members: Members, row: Row) -> None:
    request, body = row.request("" if row.thing is None else members.scene.ids[row.thing], members.parts)
    answer = await members.ask(None, request, body, {})
    if row.reach is Reach.TOKEN:
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    else:
        assert answer.status_code == (200 if row.thing is None else 404)


def _of_persons(row: Row) -> bool:
    return row.operation == REGISTRATION or row.operation.split()[2].startswith(OF_PERSONS)


def _registration(person: Caller) -> int:
    return 200 if person.name == "kunde" else 409
