"""Every call of an API that a page shows as a command fits the API's description: its path, parameters, headers and body."""

from __future__ import annotations

import functools
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import Draft202012Validator

from deploy.site import openapi_page

ROOT: Final = Path(__file__).resolve().parents[3]
PAGES: Final = sorted({ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "kits").glob("*/README.md")})
SERVICES: Final = ("catalog", "eligibility", "ordering", "contracts", "notify")
AN_ID: Final = "0b0e7c0a-6a55-5a43-9d4c-1d6c5f2a7d11"
"""Stands for an id that an earlier answer has given."""
BLOCK: Final = re.compile(r"^ *```sh\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
ASSIGNED: Final = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)
WITH_VALUE: Final = frozenset({"-X", "-H", "-d", "-o", "-D", "--data-binary"})


documents = functools.cache(openapi_page.documents)


@dataclass
class Call:
    """A call by ``curl``: method, URL, headers by name in small letters, and the body if the command holds it."""

    url: str = ""
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None

    @classmethod
    def read(cls, words: Sequence[str]) -> Call:
        """Return what a command says whose first word was ``curl``; it ends where its next word is no part of it."""
        call, rest, sends = cls(), iter(words), False
        for word in rest:
            if word in WITH_VALUE:
                value = next(rest)
                if word == "-X":
                    call.method = value
                elif word == "-H":
                    name, _, text = value.partition(":")
                    call.headers[name.lower()] = text.strip()
                elif word in {"-d", "--data-binary"}:
                    sends = True
                    call.body = value if word == "-d" else None
            elif call.url and not word.startswith("-"):
                break
            elif not word.startswith("-"):
                call.url = word
        call.method = call.method or ("POST" if sends else "GET")
        return call


def _calls(block: str) -> Iterator[Call]:
    """Yield the calls of a block whose URL begins with the variable of a service, with the other variables put in."""
    known: dict[str, str] = {}
    lines = block.replace("\\\n", " ")
    words = shlex.split(re.sub(r"<[^<>\n\"']+>", AN_ID, lines), comments=True)
    for place, word in enumerate(words):
        if assigned := ASSIGNED.fullmatch(word):
            known[assigned[1]] = assigned[2]
        if word == "curl" or word.endswith("=$(curl"):
            call = Call.read(words[place + 1 :])
            call.url = _filled(call.url, known, keep=True)
            if call.url.partition("/")[0].removeprefix("$").lower() in SERVICES and not re.search(r"\$\d", call.url):
                call.body = None if call.body is None else _filled(call.body, known)
                yield call


def _filled(text: str, known: Mapping[str, str], *, keep: bool = False) -> str:
    """Return a text with its variables put in; ``keep``: but for those of services, by which URLs begin."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if keep and name.lower() in SERVICES:
            return found[0]
        said = known.get(name, "")
        return AN_ID if not said or "$(" in said else _filled(said, known, keep=keep)

    return re.sub(r"\$\{?([A-Z_]+)\}?", value, text)


def _operation(document: Mapping[str, Any], call: Call, path: str) -> Mapping[str, Any] | None:
    """Return the operation that a path leads to, that with the most literal parts first."""
    parts = path.split("/")
    fitting = [
        template
        for template in document["paths"]
        if len(names := template.split("/")) == len(parts)
        and all(name.startswith("{") or name == part for name, part in zip(names, parts, strict=True))
    ]
    for template in sorted(fitting, key=lambda it: it.count("{")):
        operation: Mapping[str, Any] | None = document["paths"][template].get(call.method.lower())
        if operation is not None:
            return operation
    return None


def _faults(call: Call) -> Iterator[str]:
    address = urlsplit(call.url.partition("/")[1] + call.url.partition("/")[2])
    document = documents()[call.url.partition("/")[0].removeprefix("$").lower()]
    operation = _operation(document, call, address.path)
    if operation is None:
        yield "there is no such operation"
        return
    parameters = operation.get("parameters", ())
    queried = {name for name, _ in parse_qsl(address.query, keep_blank_values=True)}
    yield from (f"no parameter {it}" for it in queried - {it["name"] for it in parameters if it["in"] == "query"})
    needed = {it["name"].lower() for it in parameters if it["in"] == "header" and it.get("required")}
    yield from (f"no header {it}" for it in needed - call.headers.keys())
    content = operation.get("requestBody", {}).get("content", {})
    kind = call.headers.get("content-type")
    if kind is not None and kind not in content:
        yield f"does not take {kind}"
    if call.body is not None and kind == "application/json":
        schema = {**content[kind]["schema"], "components": document["components"]}
        for error in Draft202012Validator(schema).iter_errors(json.loads(call.body)):
            yield f"{error.json_path}: {error.message}"


SHOWN: Final = [(page, call) for page in PAGES for block in BLOCK.findall(page.read_text("utf-8")) for call in _calls(block)]


def test_the_guide_shows_every_api() -> None:
    assert {call.url.partition("/")[0].removeprefix("$").lower() for _, call in SHOWN} == set(SERVICES)
    assert len(SHOWN) > 70


@pytest.mark.parametrize(
    "wrong", ["$CATALOG/v1/offers", "$CATALOG/v1/offerings?quarrel=1", "$ORDERING/v1/orders -d '{\"offer\": 1}'"]
)
def test_a_call_that_does_not_fit_is_found(wrong: str) -> None:
    (call,) = _calls(f"curl {wrong} -H 'Content-Type: application/json'" if "-d" in wrong else f"curl {wrong}")
    assert list(_faults(call))


@pytest.mark.parametrize("page", sorted({page for page, _ in SHOWN}), ids=lambda it: str(it.relative_to(ROOT)))
def test_each_call_that_a_page_shows_fits_the_description_of_its_api(page: Path) -> None:
    found = {f"{call.method} {call.url}": list(_faults(call)) for shown, call in SHOWN if shown == page}
    assert {name: faults for name, faults in found.items() if faults} == {}
