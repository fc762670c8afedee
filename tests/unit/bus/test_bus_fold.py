"""The canonical fold is the one of the published specification: its test vectors hold."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from shared.fold import EMPTY, entry_digest, fold_digest

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[3] / "docs/anbinden/vectors/fold.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS["entries"], ids=lambda vector: vector["name"])
def test_an_entry_has_the_digest_of_its_vector(vector: dict[str, Any]) -> None:
    assert entry_digest(base64.b64decode(vector["value"]), vector["member"]) == vector["sha256"]


@pytest.mark.parametrize("vector", VECTORS["folds"], ids=lambda vector: vector["name"])
def test_a_fold_has_the_digest_of_its_vector(vector: dict[str, Any]) -> None:
    partitions: dict[int, dict[bytes, str]] = {part["partition"]: {} for part in vector["partitions"]}
    for record in vector["records"]:
        entries, key = partitions[record["partition"]], record["key"].encode()
        if record["value"] is None:
            entries.pop(key, None)
        else:
            entries[key] = entry_digest(base64.b64decode(record["value"]), vector["member"])
    for part in vector["partitions"]:
        entries = partitions[part["partition"]]
        assert (len(entries), fold_digest(entries.items())) == (part["live"], part["sha256"])
    together = [entry for entries in partitions.values() for entry in entries.items()]
    assert (len(together), fold_digest(together)) == (vector["live"], vector["sha256"])


def test_the_empty_fold_is_the_digest_of_nothing() -> None:
    assert fold_digest([]) == EMPTY
