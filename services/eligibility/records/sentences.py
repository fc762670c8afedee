"""The explanation of an answer in sentences, made of the stored verdict alone, and as a tree that people read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from services.eligibility.sentences import Language, Reader


def reader_for(facts: Iterable[Mapping[str, Any]], language: Language) -> Reader:
    """Return who makes sentences of facts in the shape in which they are recorded."""
    by_id = {fact["id"]: fact for fact in facts}
    names = {id_: fact["name"] for id_, fact in by_id.items() if fact["kind"] == "organisation"}
    return Reader(language, names, by_id)


def sentences(answer: Mapping[str, Any], readers: Mapping[Language, Reader]) -> list[dict[str, Any]]:
    """Return each result of the legs with its sentence, and those of its remedies, by language."""
    return [
        {
            "leg": leg["leg"],
            "rule": result["rule"],
            "law": result["law"],
            "code": result["code"],
            "outcome": result["outcome"],
            "text": {language: reader.result(result) for language, reader in readers.items()},
            "remedies": [
                {"code": remedy["code"], "text": {language: reader.remedy(remedy) for language, reader in readers.items()}}
                for remedy in result["remedy"]
            ],
        }
        for leg in answer["explanation"]
        for result in leg["results"]
    ]


def tree(answer: Mapping[str, Any], reader: Reader) -> str:
    """Return an answer as text: the verdict, each leg, each result with its law, facts, documents and remedies."""
    return "\n".join(_lines(answer, reader))


def _lines(answer: Mapping[str, Any], reader: Reader) -> Iterator[str]:
    request = answer["request"]
    until = "" if answer["changes_on"] is None else f"; {answer['changes_to']} from {answer['changes_on']} on"
    yield f"{answer['verdict']}  {request['as_of']}, {answer['rule_set']}{until}"
    yield f"hash {answer['hash']}, known at {request['known_at'] or 'any time'}"
    legs: Sequence[Mapping[str, Any]] = answer["explanation"]
    for position, leg in enumerate(legs):
        last = position == len(legs) - 1
        awarder, contractor = (reader.names.get(leg[part], leg[part]) for part in ("awarder", "contractor"))
        route = f", route {leg['route']}" if leg["route"] else ""
        yield f"{_branch(last)}{leg['leg']} {leg['verdict']}: {awarder} -> {contractor}{route}"
        yield from _results(leg["results"], reader, _stem(last), more=bool(leg["alternatives"]))
        for number, other in enumerate(leg["alternatives"]):
            ends = number == len(leg["alternatives"]) - 1
            yield f"{_stem(last)}{_branch(ends)}not taken: route {other['route']} {other['verdict']}"
            yield from _results(other["results"], reader, _stem(last) + _stem(ends), more=False)


def _results(results: Sequence[Mapping[str, Any]], reader: Reader, stem: str, *, more: bool) -> Iterator[str]:
    for position, result in enumerate(results):
        last = position == len(results) - 1 and not more
        yield f"{stem}{_branch(last)}{result['rule']} {result['outcome']} {result['code']} ({result['law']})"
        inner = stem + _stem(last)
        yield f"{inner}{reader.result(result)}"
        for fact in result["facts"]:
            yield f"{inner}- {reader.fact(fact)} [{fact}]"
        for document in result["evidence"]:
            yield f"{inner}- {document}"
        for remedy in result["remedy"]:
            yield f"{inner}> {reader.remedy(remedy)}"


def _branch(last: bool) -> str:  # noqa: FBT001 - the place in a list
    return "└─ " if last else "├─ "


def _stem(last: bool) -> str:  # noqa: FBT001 - as above
    return "   " if last else "│  "
