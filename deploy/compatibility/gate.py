"""Two versions of the messages side by side: schemas by rules and by ``jsoncompat``, topics and keys, examples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsoncompat
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from deploy.compatibility.contract import Contract
from deploy.compatibility.findings import NEW_TOPIC, Finding
from deploy.compatibility.rules import KEEP, broken
from shared.messages.open_enum import READING
from shared.schemas.jsonschema import Schema, opened

_FACTS = {
    "key": "the key decides which records are in order, and what compaction keeps",
    "producer": "readers take the type from one writer only",
    "compacted": "readers rely on what the topic keeps",
    "partitions": "records of one key would no longer be in order",
}


def breaks(old: Contract, new: Contract) -> list[Finding]:
    """Return what the new contract breaks of the old one; types that only the new one has break nothing."""
    found = []
    for name in sorted(old.schemas):
        if name not in new.schemas:
            found.append(Finding(name, "type", "the type is gone", "leave it for as long as its events may be read"))
            continue
        found += [*_moved(name, old, new), *_of_schema(name, old.schemas[name], new.schemas[name])]
        found += _refused(name, new.examples[name], old.schemas[name])
    return found


def unread(release: Contract, models: Mapping[str, type[BaseModel]]) -> list[Finding]:
    """Return the examples of a release that today's models do not read; of signed events the models of their data."""
    found = []
    for name, written in release.examples.items():
        if name not in models:
            continue
        example = written["data"] if release.facts[name].get("signed") else written
        try:
            models[name].model_validate_json(json.dumps(example), extra="ignore", context=dict(READING))
        except ValidationError as error:
            what = f"today's model does not read the example of {release.version}: {error.errors()[0]['msg']}"
            found.append(Finding(name, ".".join(map(str, error.errors()[0]["loc"])) or "body", what, KEEP))
    return found


def _moved(name: str, old: Contract, new: Contract) -> Iterator[Finding]:
    before, after = old.facts[name], new.facts[name]
    for topic in sorted(set(before["topics"]) - set(after["topics"])):
        yield Finding(name, f"topic {topic}", f"the type moved to {', '.join(after['topics'])}", NEW_TOPIC)
    for fact, why in _FACTS.items():
        if fact in before and before[fact] != after.get(fact):
            yield Finding(name, fact, f"changed from {before[fact]} to {after.get(fact)}: {why}", NEW_TOPIC)


def _of_schema(name: str, old: Schema, new: Schema) -> list[Finding]:
    """Return the findings of the rules; where they have none, that of the checker that knows the whole of JSON Schema.

    A writer sends nothing beside its schema, a reader passes over what it does not know: so one side is closed, the other open.
    """
    found = broken(name, old, new)
    if found:
        return found
    before, after = _plain(old), _plain(new)
    if not jsoncompat.check_compat(json.dumps(before), json.dumps(opened(after)), "deserializer"):
        found.append(Finding(name, "body", "today's readers refuse events of the release", KEEP))
    if not jsoncompat.check_compat(json.dumps(opened(before)), json.dumps(after), "serializer"):
        found.append(Finding(name, "body", "readers of the release refuse today's events", KEEP))
    return found


def _refused(name: str, example: Any, schema: Schema) -> Iterator[Finding]:  # noqa: ANN401 - any JSON
    """Yield where the release's schema, as its readers take it, refuses today's example."""
    validator = Draft202012Validator(opened(schema), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in validator.iter_errors(example):
        place = ".".join(["body", *map(str, error.absolute_path)])
        yield Finding(name, place, f"the released schema refuses today's example ({error.validator})", KEEP)


def _plain(schema: Schema) -> Schema:
    """Return the schema without its own name, against which the checker would resolve references, and without examples."""
    return {name: value for name, value in schema.items() if name not in {"$id", "examples"}}
