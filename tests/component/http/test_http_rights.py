"""Who calls comes from the token, for whom they act from the header and the rights of the marketplace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends
from pydantic import ValidationError

from shared.http.app import create_app
from shared.http.auth import ADMINISTRATION, NO_FUNCTION, Caller, needs
from shared.http.dependencies import CurrentCaller, CurrentPerson, OptionalCaller
from shared.http.issuer import EmbeddedIssuer
from shared.http.oidc import AuthSettings, OidcAuthenticator, RightsFrom, SubjectAuthenticator, authenticator_of
from shared.messages.values import Function, Role
from shared.store.sqlite.store import SqliteStore
from tests.support.http import FixedHealth
from tests.support.rights import EVERYTHING, ReadRights, rights_of

HUSUM, SYLT = "010540056056", "010545488132"


def settings_of(issuer: EmbeddedIssuer, rights_from: RightsFrom) -> AuthSettings:
    given = {name.removeprefix("AUTH_").lower(): value for name, value in issuer.environment().items()}
    return AuthSettings(**given | {"rights_from": rights_from})  # type: ignore[arg-type] # texts, as from the environment


@pytest.fixture
def issuer(tmp_path: Path) -> EmbeddedIssuer:
    return EmbeddedIssuer(tmp_path / "issuer")


@pytest.fixture
def read() -> ReadRights:
    read = ReadRights()
    read.put(rights_of(HUSUM, {"anna": EVERYTHING, "leo": [], "zoe": [Function.ZEICHNUNG]}))
    read.put(rights_of(SYLT, {"anna": [Function.BEARBEITUNG]}, [Role.BEREITSTELLER]))
    return read


def routes() -> APIRouter:
    router = APIRouter()

    @router.get("/own")
    async def own(caller: CurrentCaller) -> dict[str, str]:
        return {"organisation": caller.organisation}

    @router.post("/own")
    async def change(caller: CurrentCaller) -> dict[str, str]:
        return {"organisation": caller.organisation}

    @router.post("/members", openapi_extra=ADMINISTRATION)
    async def members(caller: CurrentCaller) -> dict[str, str]:
        return {"organisation": caller.organisation}

    @router.post("/checks", openapi_extra=NO_FUNCTION)
    async def checks(caller: CurrentCaller) -> dict[str, str]:
        return {"organisation": caller.organisation}

    @router.get("/offers")
    async def offers(caller: Annotated[Caller, Depends(needs(Role.BEREITSTELLER))]) -> dict[str, str]:
        return {"organisation": caller.organisation}

    @router.get("/public")
    async def public(caller: OptionalCaller) -> dict[str, str | None]:
        return {"organisation": caller.organisation if caller else None}

    @router.post("/registrations", openapi_extra=NO_FUNCTION)
    async def register(person: CurrentPerson) -> dict[str, str]:
        return {"person": person.subject}

    return router


class Api:
    """The API, asked with tokens that only say who somebody is."""

    def __init__(self, issuer: EmbeddedIssuer, client: httpx.AsyncClient) -> None:
        self.issuer = issuer
        self.client = client

    async def ask(self, subject: str, method: str, path: str, *organisations: str) -> tuple[int, object]:
        headers = [("Authorization", f"Bearer {self.issuer.sign_token(subject=subject)}")]
        headers += [("X-Organisation", organisation) for organisation in organisations]
        answer = await self.client.request(method, path, headers=headers)
        body = answer.json()
        return answer.status_code, next(iter(body.values())) if answer.is_success else body["code"]


@pytest.fixture
async def api(issuer: EmbeddedIssuer, read: ReadRights) -> AsyncIterator[Api]:
    app = create_app(
        "probe",
        routes(),
        authenticator=SubjectAuthenticator(settings_of(issuer, RightsFrom.MARKETPLACE)),
        rights=read.rights,
        store=SqliteStore(None),
        health=FixedHealth(),
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://probe.test") as client:
        yield Api(issuer, client)


async def test_members_of_several_organisations_choose_per_request(api: Api) -> None:
    assert await api.ask("anna", "GET", "/own") == (400, "organisation_needed")
    assert await api.ask("anna", "GET", "/own", HUSUM) == (200, HUSUM)
    assert await api.ask("anna", "GET", "/own", SYLT) == (200, SYLT)
    assert await api.ask("leo", "GET", "/own") == (200, HUSUM)


@pytest.mark.parametrize("named", [("",), ("a b",), (HUSUM, SYLT), ("x" * 65,)])
async def test_a_header_that_names_no_one_organisation_is_refused(api: Api, named: tuple[str, ...]) -> None:
    assert await api.ask("anna", "GET", "/own", *named) == (400, "organisation_header_invalid")


async def test_functions_belong_to_one_organisation(api: Api) -> None:
    assert await api.ask("anna", "POST", "/members", HUSUM) == (200, HUSUM)
    assert await api.ask("anna", "POST", "/members", SYLT) == (403, "function_missing")
    assert await api.ask("anna", "POST", "/own", SYLT) == (200, SYLT)
    assert await api.ask("zoe", "POST", "/own") == (403, "function_missing"), "no function stands for another"
    assert await api.ask("leo", "POST", "/checks") == (200, HUSUM)


async def test_roles_belong_to_one_organisation(api: Api) -> None:
    assert await api.ask("anna", "GET", "/offers", SYLT) == (200, SYLT)
    assert await api.ask("anna", "GET", "/offers", HUSUM) == (403, "role_missing")


async def test_what_is_public_is_so_for_whoever_acts_for_nobody(api: Api) -> None:
    for subject in ("anna", "nobody"):
        assert await api.ask(subject, "GET", "/public") == (200, None)
    assert await api.ask("anna", "GET", "/public", SYLT) == (200, SYLT)
    assert await api.ask("nobody", "GET", "/public", SYLT) == (403, "not_a_member")


async def test_whoever_is_a_member_of_nothing_can_still_begin(api: Api) -> None:
    assert await api.ask("nobody", "POST", "/registrations") == (200, "nobody")


async def test_rights_that_a_token_claims_are_not_believed(api: Api, issuer: EmbeddedIssuer) -> None:
    token = issuer.sign_token(subject="nobody", organisation=HUSUM, organisation_name="Husum", roles=list(Role))
    answer = await api.client.get("/own", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "no_membership")


async def test_a_subject_that_is_no_safe_text_is_known_by_its_reference(issuer: EmbeddedIssuer) -> None:
    authenticator = SubjectAuthenticator(settings_of(issuer, RightsFrom.MARKETPLACE))
    person = await authenticator.authenticate(issuer.sign_token(subject="CN=Anna,O=Husum"))
    assert person.subject.startswith("sub-")


async def test_the_document_states_header_and_function_of_each_operation(api: Api) -> None:
    document = (await api.client.get("/openapi.json")).json()["paths"]
    assert {path: operations["post"].get("x-function") for path, operations in document.items() if "post" in operations} == {
        "/own": "BEARBEITUNG",
        "/members": "VERWALTUNG",
        "/checks": "none",
        "/registrations": "none",
    }
    assert "X-Organisation" in {parameter["name"] for parameter in document["/own"]["get"]["parameters"]}


@pytest.mark.parametrize("environment", ["production", "staging", "development"])
def test_claims_are_rights_in_test_environments_only(environment: str, tmp_path: Path) -> None:
    fields: dict[str, Any] = {"issuer": "https://idp.example", "audience": "x", "jwks_file": tmp_path, "environment": environment}
    with pytest.raises(ValidationError, match="AUTH_RIGHTS_FROM is 'claims'"):
        AuthSettings(**fields, rights_from=RightsFrom.CLAIMS)
    assert AuthSettings(**fields).rights_from is RightsFrom.MARKETPLACE


@pytest.mark.parametrize("environment", ["embedded", "test"])
def test_where_only_tests_run_claims_may_be_rights(environment: str, tmp_path: Path) -> None:
    fields: dict[str, Any] = {"issuer": "https://idp.example", "audience": "x", "jwks_file": tmp_path, "environment": environment}
    assert isinstance(authenticator_of(AuthSettings(**fields, rights_from=RightsFrom.CLAIMS)), OidcAuthenticator)
    assert isinstance(authenticator_of(AuthSettings(**fields)), SubjectAuthenticator)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=-1)])
def test_rights_of_no_age_are_no_setting(age: timedelta, tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        AuthSettings(issuer="https://idp.example", audience="x", jwks_file=tmp_path, rights_most_age=age)
