"""The published vectors: the responder of the tests decides each as they say, and the kit's own form is among the good."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from partner_responder import Responder, Stopped

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "partner-events.json").read_text(encoding="utf-8"))


def value_of(vector: dict[str, Any]) -> bytes | None:
    if "value_base64" in vector:
        return base64.b64decode(vector["value_base64"])
    if "value_repeat" in vector:
        repeat = vector["value_repeat"]
        character, times = (repeat["character"], repeat["count"]) if isinstance(repeat, dict) else repeat
        return str(character).encode() * int(times)
    value: str | None = vector["value"]
    return None if value is None else value.encode()


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda it: str(it["name"]))
def test_the_responder_decides_each_vector_as_published(vector: dict[str, Any]) -> None:
    responder = Responder(VECTORS["partner"], [it["id"] for it in VECTORS["organisations"]], VECTORS["keys"], VECTORS["audience"])
    at = datetime.fromisoformat(vector["appended_at"])
    result, code = "verified", None
    try:
        event, _ = responder.identified(value_of(vector), at)
        responder.checked(event, at)
    except Stopped as stopped:
        result, code = stopped.result, stopped.code
    assert (result, code) == (vector["result"], vector["code"])
