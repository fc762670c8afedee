"""``python -m shared.schemas.generate [--check | --freeze FOLDER]``: write the schemas, compare them, or freeze a release."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.messages.base import message_types
from shared.messages.dataschema import dataschema_of
from shared.schemas import asyncapi, audiences, signed
from shared.schemas.examples import example_of
from shared.schemas.jsonschema import Schema, reader_schema_of, schema_of
from shared.topics import TOPICS, CleanupPolicy, partner_orders, partner_receipts

FOLDER = Path(__file__).parent
MESSAGES = "messages"
"""Folder of the reader's forms: unknown fields pass."""
STRICT = "strict"
"""Folder of the writer's forms: nothing beside what they name."""
EXAMPLES = "examples"
"""Folder of a release's examples; those of now stand in the schemas."""


def generated() -> dict[str, str]:
    """Return the text of every generated file by its path inside the folder."""
    made = {"asyncapi.json": asyncapi.document()}
    made |= {f"asyncapi-{name}.json": document for name, document in audiences.documents().items()}
    return _messages() | {path: _text(document) for path, document in made.items()}


def stale(folder: Path) -> list[str]:
    """Return the paths that differ from the models: missing, changed, or of no type any more."""
    return _differing(folder, generated())


def _differing(folder: Path, files: Mapping[str, str]) -> list[str]:
    present = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.json")}
    return sorted(path for path in files.keys() | present.keys() if files.get(path) != present.get(path))


def write(folder: Path) -> list[str]:
    """Write the folder's files from the models and return the paths that changed."""
    files = generated()
    changed = _differing(folder, files)
    for path in changed:
        file = folder / path
        if path in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(files[path], "utf-8")
        else:
            file.unlink()
    return changed


def release() -> dict[str, str]:
    """Return what a release promises: the strict schemas, an example of each type, and the index, by path."""
    promised = {path: text for path, text in _messages().items() if not path.startswith(f"{MESSAGES}/")}
    examples = {
        Path(path).name: json.loads(text)["examples"][0] for path, text in promised.items() if path.startswith(f"{STRICT}/")
    }
    return promised | {f"{EXAMPLES}/{name}": _text(example) for name, example in examples.items()}


def freeze(folder: Path) -> None:
    """Write what a release promises into a new folder: from now on it is a promise. Raises FileExistsError."""
    folder.mkdir(parents=True)
    for path, text in release().items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m shared.schemas.generate", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="change nothing; fail if a file is not up to date")
    choice.add_argument("--freeze", type=Path, metavar="FOLDER", help="write what a release promises into a new folder")
    chosen = parser.parse_args(arguments)
    if chosen.freeze is not None:
        freeze(chosen.freeze)
        return 0
    differing = stale(FOLDER) if chosen.check else write(FOLDER)
    for path in differing:
        sys.stdout.write(f"{'not up to date' if chosen.check else 'written'}: shared/schemas/{path}\n")
    return 1 if chosen.check and differing else 0


def _messages() -> dict[str, str]:
    types = dict(sorted(message_types().items()))
    files = {}
    for name, message in types.items():
        strict = schema_of(message)
        example = example_of(strict)
        files[f"{STRICT}/{name}.json"] = _text(_with_example(strict, example))
        files[f"{MESSAGES}/{name}.json"] = _text(_with_example(reader_schema_of(message), example))
    entries = {name: _entry(name, message.__name__) for name, message in types.items()}
    for name in signed.TYPES:
        strict, example = signed.strict_event(name), signed.example_event(name)
        files[f"{STRICT}/{name}.json"] = _text(_with_example(strict, example))
        files[f"{MESSAGES}/{name}.json"] = _text(_with_example(signed.reader_event(name), example))
        entries[name] = _signed_entry(name, strict["title"])
    return files | {"index.json": _text({"messages": entries})}


def _entry(name: str, title: str) -> dict[str, Any]:
    topics = [topic for topic in TOPICS if any(name == message.TYPE for message in topic.messages)]
    return {
        "title": title,
        "dataschema": dataschema_of(name),
        "schema": f"{MESSAGES}/{name}.json",
        "strict": f"{STRICT}/{name}.json",
        "topics": [topic.name for topic in topics],
        "key": topics[0].key if topics else None,
        "producer": topics[0].producer if topics else None,
        "partitions": topics[0].partitions if topics else None,
        "compacted": topics[0].keep is CleanupPolicy.COMPACT if topics else None,
        "consumers": sorted({group for topic in topics for group in topic.consumers}),
    }


def _signed_entry(name: str, title: str) -> dict[str, Any]:
    topic = (partner_orders if name in signed.EVENTS else partner_receipts)("{partner}")
    return {
        "title": title,
        "dataschema": dataschema_of(name),
        "schema": f"{MESSAGES}/{name}.json",
        "strict": f"{STRICT}/{name}.json",
        "topics": [topic.name],
        "key": topic.key,
        "producer": topic.producer,
        "partitions": topic.partitions,
        "compacted": False,
        "consumers": list(topic.consumers),
        "signed": True,
    }


def _with_example(schema: Schema, example: dict[str, Any]) -> Schema:
    definitions = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return {name: value for name, value in schema.items() if name != "$defs"} | {"examples": [example]} | definitions


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
