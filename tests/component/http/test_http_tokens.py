"""Bearer tokens: every way in which one can be wrong is refused, with a code and a challenge, and never with a 500."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from pydantic import TypeAdapter

from shared.clock import now
from shared.http.auth import AuthSettings, OidcAuthenticator
from shared.http.keys import FRESH_FOR, UNKNOWN_PAUSE, UrlKeys
from shared.ids import person_ref
from shared.messages.values import PersonRef, Role
from tests.component.http.probe import Probe, open_probe
from tests.support.http import client

ISSUER, AUDIENCE, JWKS_URL = "https://idp.land.test/realms/efa", "efa-marktplatz", "https://idp.land.test/jwks"
KEY = RSAKey.generate_key(2048)
OTHER_RSA, EC, ED = RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")


def published(**keys: Key) -> dict[str, Any]:
    return {"keys": [{**key.as_dict(private=False), "kid": kid, "use": "sig"} for kid, key in keys.items()]}


def sign(key: Key = KEY, kid: str | None = "rsa", alg: str = "RS256", **changes: Any) -> str:
    at = int(now().timestamp())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "anna",
        "org": "010510044044",
        "org_name": "Stadt Heide",
        "roles": ["KUNDE"],
        "iat": at,
        "exp": at + 300,
        **changes,
    }
    header = {"alg": alg, **({"kid": kid} if kid else {})}
    return jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, key, algorithms=[alg])


class Provider:
    """An identity provider whose key set the test changes, and which it can take away."""

    def __init__(self) -> None:
        self.document: Any = published(rsa=KEY, ec=EC, ed=ED)
        self.away = False
        self.asked = 0
        self.time = 1000.0
        transport = httpx.MockTransport(self._answer)
        keys = UrlKeys(JWKS_URL, clock=lambda: self.time, transport=transport)
        settings = AuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=JWKS_URL, environment="production")
        self.authenticator = OidcAuthenticator(settings, keys=keys)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.away:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json=self.document)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def guarded(provider: Provider) -> AsyncIterator[Probe]:
    found = await open_probe(provider.authenticator)
    yield found
    await found.store.close()


async def ask(probe: Probe, token: str) -> httpx.Response:
    async with client(probe.app, token) as http:
        return await http.get("/v1/me")


def unsigned(alg: str) -> str:
    parts = ({"alg": alg, "kid": "rsa"}, {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "org": "x", "roles": [], "exp": 9e9})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def tampered() -> str:
    head, body, signature = sign().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "org": "fitko"}).encode()).rstrip(b"=").decode()
    return f"{head}.{forged}.{signature}"


def jwt_of_list() -> str:
    return jws.serialize_compact({"alg": "RS256", "kid": "rsa"}, b"[]", KEY)


def keyed_with_the_public_key() -> str:
    claims = sign().split(".")[1]
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa"}').rstrip(b"=").decode()
    mac = hmac.digest(KEY.as_pem(private=False), f"{head}.{claims}".encode(), "sha256")
    return f"{head}.{claims}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


BAD: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned("none"),
    "alg of other case": lambda: unsigned("None"),
    "shared secret made of the public key": keyed_with_the_public_key,
    "algorithm off the list": lambda: sign(alg="RS512"),
    "algorithm of another kind of key": lambda: sign(EC, kid="rsa", alg="ES256"),
    "key of somebody else": lambda: sign(OTHER_RSA),
    "unknown key id": lambda: sign(kid="gone"),
    "no key id": lambda: sign(kid=None),
    "key id of an embedded issuer": lambda: sign(kid="embedded-rsa"),
    "changed body": tampered,
    "other issuer": lambda: sign(iss="https://evil.test"),
    "no issuer": lambda: sign(iss=None),
    "issuer of wrong type": lambda: sign(iss=[ISSUER]),
    "other audience": lambda: sign(aud="another-service"),
    "no audience": lambda: sign(aud=None),
    "no expiry": lambda: sign(exp=None),
    "expiry of wrong type": lambda: sign(exp="tomorrow"),
    "not valid yet": lambda: sign(nbf=int(now().timestamp()) + 600),
    "no subject": lambda: sign(sub=None),
    "subject that is not ASCII": lambda: sign(sub="anna müller"),
    "subject of 256 characters": lambda: sign(sub="a" * 256),
    "empty subject": lambda: sign(sub=""),
    "subject with a line break": lambda: sign(sub="anna\nbob"),
    "subject that is a number": lambda: sign(sub=17),
    "no organisation": lambda: sign(org=None),
    "organisation of wrong type": lambda: sign(org=10510044044),
    "organisation with a path": lambda: sign(org="../fitko"),
    "no roles": lambda: sign(roles=None),
    "roles as object": lambda: sign(roles={"KUNDE": True}),
    "roles as number": lambda: sign(roles=1),
    "name of two lines": lambda: sign(org_name="Heide\nBetreiber"),
    "alg that is a list": lambda: "eyJhbGciOlsiUlMyNTYiXSwia2lkIjoicnNhIn0.e30.c2ln",
    "not a token": lambda: "abc",
    "two parts": lambda: "a.b",
    "five parts": lambda: "a.b.c.d.e",
    "header that is no JSON": lambda: "bm9wZQ.e30.c2ln",
    "header that is no object": lambda: "W10.e30.c2ln",
    "body that is no object": jwt_of_list,
    "very long": lambda: sign(org_name="x" * 9000),
}


@pytest.mark.parametrize("made", BAD.values(), ids=BAD.keys())
async def test_a_faulty_token_is_refused_with_a_challenge(guarded: Probe, made: Callable[[], str]) -> None:
    answer = await ask(guarded, made())
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="efa-marktplatz", error="invalid_token"')


async def test_an_expired_token_has_a_code_of_its_own(guarded: Probe) -> None:
    answer = await ask(guarded, sign(exp=int(now().timestamp()) - 60))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


async def test_clocks_may_differ_by_a_few_seconds(guarded: Probe) -> None:
    at = int(now().timestamp())
    assert (await ask(guarded, sign(exp=at - 10, iat=at + 10))).status_code == 200


@pytest.mark.parametrize(
    ("key", "kid", "alg"), [(KEY, "rsa", "RS256"), (KEY, "rsa", "PS256"), (EC, "ec", "ES256"), (ED, "ed", "Ed25519")]
)
async def test_a_good_token_is_accepted_in_every_algorithm_of_the_list(guarded: Probe, key: Key, kid: str, alg: str) -> None:
    answer = await ask(guarded, sign(key, kid=kid, alg=alg))
    assert (answer.status_code, answer.json()) == (200, {"subject": "anna"})


async def test_the_caller_is_what_the_claims_say_and_foreign_roles_count_for_nothing(provider: Provider) -> None:
    caller = await provider.authenticator.authenticate(
        sign(roles=["KUNDE", "offline_access", "BETREIBER"], aud=["account", AUDIENCE])
    )
    assert (caller.subject, caller.organisation, caller.organisation_name) == ("anna", "010510044044", "Stadt Heide")
    assert caller.roles == {Role.KUNDE, Role.BETREIBER}


SUBJECTS = (
    "hmcvOkkfKDXvSg1/q9nTIDbQiTmj+7Md2iYh3b1xYtI=",
    "uid=erika,ou=people,dc=husum,dc=example",
    "https://idp.example/users/42",
    "_erika",
    "erika mustermann",
    "~" * 255,
    "sub-" + "0" * 64,
)


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_any_subject_that_openid_connect_allows_is_somebody_with_a_safe_reference(provider: Provider, subject: str) -> None:
    first, second = [await provider.authenticator.authenticate(sign(sub=subject)) for _ in range(2)]
    assert first.subject == second.subject != subject
    assert TypeAdapter(PersonRef).validate_python(first.subject) == first.subject
    assert person_ref(first.subject, given=True) == first.subject
    assert person_ref(subject) == first.subject


def test_different_subjects_are_different_persons() -> None:
    assert len({person_ref(subject) for subject in (*SUBJECTS, "anna", "Anna", "anna ")}) == len(SUBJECTS) + 3


@pytest.mark.parametrize("subject", ["anna", "f:0b1c:anna", "anna@heide.example", "auth0|5f7c", "a" * 128])
async def test_a_safe_subject_is_kept_as_it_is(provider: Provider, subject: str) -> None:
    assert (await provider.authenticator.authenticate(sign(sub=subject))).subject == subject


@pytest.mark.parametrize(
    ("roles", "found"),
    [
        ("KUNDE", {Role.KUNDE}),
        ("offline_access", set()),
        ([1, None, "KUNDE", ["ANBIETER"], "x" * 900], {Role.KUNDE}),
        ([], set()),
    ],
)
async def test_one_role_may_be_plain_text_and_foreign_ones_spoil_nothing(
    provider: Provider, roles: Any, found: set[Role]
) -> None:
    assert (await provider.authenticator.authenticate(sign(roles=roles))).roles == found


UNUSABLE: list[Any] = [
    {"kty": "EC", "crv": "BP-256", "x": "AA", "y": "AA", "kid": "bp", "use": "sig"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off-curve", "use": "sig"},
    {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": 7},
    {"kty": "RSA", "n": "!!", "e": "AQAB", "kid": "bad"},
    {"kty": "RSA", "kid": "bare"},
    {"kty": "FUTURE", "kid": "f"},
    {"kty": ["RSA"], "kid": "list"},
    {"kty": "oct", "k": "c2VjcmV0", "kid": "rsa"},
    {"kid": "no kind"},
    {**KEY.as_dict(private=False), "kid": "enc", "use": "enc"},
    {**OTHER_RSA.as_dict(private=True), "kid": "rsa"},
    {},
    [],
    None,
    17,
]


@pytest.mark.parametrize("bad", UNUSABLE, ids=[str(number) for number in range(len(UNUSABLE))])
@pytest.mark.parametrize("first", [True, False])
async def test_one_unusable_key_spoils_nothing(guarded: Probe, provider: Provider, bad: Any, first: bool) -> None:  # noqa: FBT001
    good = published(rsa=KEY)["keys"]
    provider.document = {"keys": [bad, *good] if first else [*good, bad]}
    assert (await ask(guarded, sign())).status_code == 200
    assert (await ask(guarded, sign(OTHER_RSA))).status_code == 401


@pytest.mark.parametrize(("key", "alg"), [(KEY, "RS256"), (EC, "ES256"), (OTHER_RSA, "RS256"), (ED, "Ed25519")])
async def test_of_several_keys_with_one_id_the_fitting_one_is_taken(
    guarded: Probe, provider: Provider, key: Key, alg: str
) -> None:
    provider.document = {
        "keys": [
            *published(same=KEY)["keys"],
            *published(same=EC)["keys"],
            *published(same=OTHER_RSA)["keys"],
            *published(same=ED)["keys"],
        ]
    }
    assert (await ask(guarded, sign(key, kid="same", alg=alg))).status_code == 200


async def test_a_key_for_another_algorithm_verifies_nothing(guarded: Probe, provider: Provider) -> None:
    provider.document = {"keys": [{**published(rsa=KEY)["keys"][0], "alg": "PS256"}]}
    assert (await ask(guarded, sign())).status_code == 401
    assert (await ask(guarded, sign(alg="PS256"))).status_code == 200


async def test_the_organisation_without_a_name_is_called_by_its_id(provider: Provider) -> None:
    assert (await provider.authenticator.authenticate(sign(org_name=None))).organisation_name == "010510044044"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "Token x", "x"])
async def test_another_scheme_is_refused_also_where_no_token_is_needed(guarded: Probe, header: str) -> None:
    async with client(guarded.app) as http:
        answer = await http.get("/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_two_tokens_in_one_request_are_refused(guarded: Probe) -> None:
    async with client(guarded.app) as http:
        answer = await http.get("/v1/me", headers=[("Authorization", f"Bearer {sign()}"), ("Authorization", f"Bearer {sign()}")])
    assert answer.status_code == 401


async def test_without_a_token_only_public_reads_are_served(guarded: Probe) -> None:
    async with client(guarded.app) as http:
        assert (await http.get("/v1/me")).json() == {"subject": None}
        answer = await http.get("/v1/things")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="efa-marktplatz"'


async def test_keys_are_kept_for_ten_minutes(guarded: Probe, provider: Provider) -> None:
    for _ in range(3):
        assert (await ask(guarded, sign())).status_code == 200
    assert provider.asked == 1
    provider.time += FRESH_FOR.total_seconds()
    await ask(guarded, sign())
    assert provider.asked == 2


async def test_a_new_key_is_found_at_once_and_unknown_ids_do_not_flood_the_provider(guarded: Probe, provider: Provider) -> None:
    await ask(guarded, sign())
    provider.time += UNKNOWN_PAUSE.total_seconds()
    provider.document = published(new=OTHER_RSA)
    assert (await ask(guarded, sign(OTHER_RSA, kid="new"))).status_code == 200
    asked = provider.asked
    for number in range(20):
        assert (await ask(guarded, sign(kid=f"unknown-{number}"))).status_code == 401
    assert provider.asked == asked


async def test_a_withdrawn_key_ends_with_the_kept_copy(guarded: Probe, provider: Provider) -> None:
    await ask(guarded, sign())
    provider.document = published(new=OTHER_RSA)
    provider.time += FRESH_FOR.total_seconds()
    assert (await ask(guarded, sign())).status_code == 401


async def test_while_the_provider_is_away_known_keys_go_on_serving(guarded: Probe, provider: Provider) -> None:
    await ask(guarded, sign())
    provider.away = True
    provider.time += FRESH_FOR.total_seconds()
    assert (await ask(guarded, sign())).status_code == 200


@pytest.mark.parametrize("document", ["<html>", [], {}, {"keys": []}, {"keys": [1]}, {"keys": [KEY.as_dict(private=True)]}, None])
async def test_without_any_keys_the_answer_is_try_again_later(guarded: Probe, provider: Provider, document: Any) -> None:
    provider.document = document
    provider.away = document is None
    answer = await ask(guarded, sign())
    assert (answer.status_code, answer.json()["code"]) == (503, "token_keys_unavailable")
    assert "retry-after" in answer.headers
    assert "idp.land.test" not in answer.text
    provider.document, provider.away = published(rsa=KEY), False
    provider.time += UNKNOWN_PAUSE.total_seconds()
    assert (await ask(guarded, sign())).status_code == 200
