"""The verification on the page for receivers works as it is copied from there."""

from __future__ import annotations

import base64
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.notify.webhooks.signing import signed_headers

PAGE = Path(__file__).parents[3] / "docs/anbinden/webhooks.md"
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = b'{"type": "ordering.order.offer-made.v1"}'


@pytest.fixture(scope="module")
def verified() -> Any:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    scope: dict[str, Any] = {}
    exec(compile(source, str(PAGE), "exec"), scope)  # noqa: S102 - the page's own words
    return scope["verified"]


def call(at: datetime, *secrets: str) -> dict[str, str]:
    return signed_headers("0b0f2f9c-6f0e-5d2b-9f6c-3e1e6f2a9d10", at, BODY, secrets)


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def test_what_the_marketplace_signs_is_verified_by_what_the_page_shows(verified: Any) -> None:
    assert verified(SECRET, call(now(), SECRET), BODY)
    assert verified(SECRET, call(now(), OLD, SECRET), BODY), "while a secret is rotated"


def test_what_others_sign_change_or_play_again_is_not(verified: Any) -> None:
    assert not verified(SECRET, call(now(), OLD), BODY)
    assert not verified(SECRET, call(now(), SECRET), BODY + b" ")
    assert not verified(SECRET, {**call(now(), SECRET), "webhook-id": "another"}, BODY)
    assert not verified(SECRET, call(now() - timedelta(minutes=6), SECRET), BODY)
