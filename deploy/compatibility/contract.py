"""What a version promises about its messages: schemas, examples, and where each type travels."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.schemas import generate
from shared.schemas.jsonschema import Schema

RELEASED = Path(__file__).resolve().parents[2] / "tests/contract/messages/released"


@dataclass(frozen=True, slots=True)
class Contract:
    """The messages of one version: strict schemas, examples and facts (topics, key, ...) by type."""

    version: str
    schemas: Mapping[str, Schema]
    examples: Mapping[str, Any]
    facts: Mapping[str, Mapping[str, Any]]


def current() -> Contract:
    """Return what the models and the topic registry of this tree promise."""
    return _contract("now", {path: json.loads(text) for path, text in generate.release().items()})


def released(folder: Path) -> Contract:
    """Return what a release promised, from its folder. Raises FileNotFoundError if it has no index."""
    if not (folder / "index.json").is_file():
        raise FileNotFoundError(f"{folder} has no index.json: freeze releases by python -m shared.schemas.generate --freeze")
    files = {str(file.relative_to(folder)): json.loads(file.read_text("utf-8")) for file in sorted(folder.rglob("*.json"))}
    return _contract(folder.name, files)


def releases(folder: Path = RELEASED) -> list[Contract]:
    """Return all releases, the oldest first. Raises FileNotFoundError if there is none: then nothing would be checked."""
    found = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: _version(path.name))
    if not found:
        raise FileNotFoundError(f"{folder} holds no release")
    return [released(path) for path in found]


def _version(name: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d+(\.\d+)*", name):
        raise ValueError(f"{name} is not the version of a release")
    return tuple(int(part) for part in name.split("."))


def _contract(version: str, files: Mapping[str, Any]) -> Contract:
    def of(folder: str) -> dict[str, Any]:
        return {Path(path).stem: content for path, content in files.items() if Path(path).parent.name == folder}

    return Contract(version, of(generate.STRICT), of(generate.EXAMPLES), files["index.json"]["messages"])
