"""The glossary explains every German word that messages and APIs are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from marktplatz.assembly import BUILDERS
from shared.messages.base import message_types
from tests.faults.malformed.apis import document
from tests.support.documents import ROOT, code_links

GLOSSARY = ROOT / "docs" / "glossary.md"
ENGLISH = (Path(__file__).parent / "english_words.txt").read_text(encoding="utf-8").split()
_ROW = re.compile(r"^\| (?P<german>[^|]+) \| (?P<english>[^|]+) \| (?P<source>[^|]+) \| (?P<code>[^|]+) \|$", re.MULTILINE)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_NAME = re.compile(r"`([^`]+)`")
_EXAMPLES = ("example", "examples", "default")

ROWS = [match for match in _ROW.finditer(GLOSSARY.read_text(encoding="utf-8")) if match["german"] not in ("German", "---")]


def words_of(text: str) -> set[str]:
    """Return the words of names and sentences: parted at blanks, underscores and inner capitals, umlauts written out."""
    return {word.lower() for word in _WORD.findall(text.translate(_UMLAUTS))}


def explained_words() -> set[str]:
    """Return the words of the German terms and of the names in code that stand beside them."""
    return {word for row in ROWS for text in (row["german"], *_NAME.findall(row["code"])) for word in words_of(text)}


def names_in(schema: Any) -> Iterator[str]:
    """Yield what a JSON Schema or OpenAPI document names: properties, types, values of lists, parameters, segments of paths."""
    if isinstance(schema, list):
        for item in schema:
            yield from names_in(item)
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key in _EXAMPLES:
            continue
        if key in ("properties", "$defs", "schemas", "paths") and isinstance(value, dict):
            yield from value
        if key in ("enum", "x-extensible-enum"):
            yield from (str(item) for item in value)
        if key == "const" or (key == "name" and isinstance(value, str)):
            yield str(value)
        yield from names_in(value)


def public_names() -> set[str]:
    names = {name for service in BUILDERS for name in names_in(document(service))}
    for kind, message in message_types().items():
        names |= {kind, message.__name__, *names_in(message.model_json_schema(mode="serialization"))}
    return names


def test_every_german_word_of_a_public_name_has_a_row() -> None:
    explained = explained_words()
    unknown = {name: sorted(words) for name in public_names() if (words := words_of(name) - explained - set(ENGLISH))}
    assert unknown == {}, "give German words a row in docs/glossary.md, English ones a line in english_words.txt"


def test_every_row_explains_its_word_and_leads_to_code() -> None:
    links = {link.name.strip("`") for link in code_links(GLOSSARY)}
    assert [row["german"] for row in ROWS if not set(_NAME.findall(row["code"])) <= links] == []
    assert [row["german"] for row in ROWS if "`" not in row["code"]] == []


def test_no_word_is_explained_twice() -> None:
    terms = [row["german"].lower() for row in ROWS]
    assert sorted(terms) == sorted(set(terms))


def test_the_list_of_english_words_is_sorted_and_holds_none_of_the_glossary() -> None:
    assert sorted(set(ENGLISH)) == ENGLISH
    terms = {term.strip() for row in ROWS for term in row["german"].split(",")}
    assert {word for term in terms if term.isalpha() for word in words_of(term)} & set(ENGLISH) == set()


@pytest.mark.parametrize(
    ("name", "unknown"),
    [("AnbindungsartChanged", set()), ("zahlungsziel", {"zahlungsziel"}), ("MAHNUNG_OFFEN", {"mahnung"})],
    ids=["explained", "one word", "part of a name"],
)
def test_a_german_word_without_a_row_is_found(name: str, unknown: set[str]) -> None:
    explained = explained_words()
    assert words_of(name) - explained - set(ENGLISH) == unknown
