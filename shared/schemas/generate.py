"""``python -m shared.schemas.generate [--check | --freeze FOLDER]``: write the schemas, compare them, or freeze a release."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.messages.base import message_types
from shared.messages.dataschema import dataschema_of
from shared.schemas import asyncapi
from shared.schemas.jsonschema import schema_of
from shared.topics import TOPICS

FOLDER = Path(__file__).parent
MESSAGES = "messages"


def generated() -> dict[str, str]:
    """Return the text of every generated file by its path inside the folder."""
    types = dict(sorted(message_types().items()))
    files = {f"{MESSAGES}/{name}.json": _text(schema_of(message)) for name, message in types.items()}
    files["asyncapi.json"] = _text(asyncapi.document())
    files["index.json"] = _text({"messages": {name: _entry(name, message.__name__) for name, message in types.items()}})
    return files


def stale(folder: Path) -> list[str]:
    """Return the paths that differ from the models: missing, changed, or of no type any more."""
    files = generated()
    present = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.json")}
    return sorted(path for path in files.keys() | present.keys() if files.get(path) != present.get(path))


def write(folder: Path) -> list[str]:
    """Write the folder's files from the models and return the paths that changed."""
    files = generated()
    changed = stale(folder)
    for path in changed:
        file = folder / path
        if path in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(files[path], "utf-8")
        else:
            file.unlink()
    return changed


def freeze(folder: Path) -> None:
    """Copy the schemas of the message types into a new folder: from now on they are a promise. Raises FileExistsError."""
    folder.mkdir(parents=True)
    for path, text in generated().items():
        if path.startswith(f"{MESSAGES}/"):
            (folder / Path(path).name).write_text(text, "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m shared.schemas.generate", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="change nothing; fail if a file is not up to date")
    choice.add_argument("--freeze", type=Path, metavar="FOLDER", help="copy the message schemas of a release into a new folder")
    chosen = parser.parse_args(arguments)
    if chosen.freeze is not None:
        freeze(chosen.freeze)
        return 0
    differing = stale(FOLDER) if chosen.check else write(FOLDER)
    for path in differing:
        sys.stdout.write(f"{'not up to date' if chosen.check else 'written'}: shared/schemas/{path}\n")
    return 1 if chosen.check and differing else 0


def _entry(name: str, title: str) -> dict[str, Any]:
    topics = [topic for topic in TOPICS if any(name == message.TYPE for message in topic.messages)]
    return {
        "title": title,
        "dataschema": dataschema_of(name),
        "schema": f"{MESSAGES}/{name}.json",
        "topics": [topic.name for topic in topics],
        "key": topics[0].key if topics else None,
        "producer": topics[0].producer if topics else None,
        "consumers": sorted({group for topic in topics for group in topic.consumers}),
    }


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
