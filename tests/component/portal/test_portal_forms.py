"""What is sent to the portal: only forms, only from its own pages, of bounded length."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.support.html import Page
from tests.support.showcase import ORIGIN, browser

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://other.test"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": ORIGIN}, True),
        ({"Origin": "https://other.test"}, False),
        ({"Origin": f"{ORIGIN}.evil.test"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
    ],
)
async def test_a_form_is_taken_from_our_own_pages_only(portal: FastAPI, headers: dict[str, str], taken: bool) -> None:  # noqa: FBT001 - a table
    """No route takes a form on this path: 405 says that the guard has let it through, 403 that it has not."""
    async with browser(portal) as visitor:
        answer = await visitor.post("/imprint", data={"a": "b"}, headers=headers)
    assert answer.status_code == (405 if taken else 403)
    assert Page(answer.text).one("h1").text


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"a=" + b"b" * 262_143, "application/x-www-form-urlencoded", 413),
        (b"a=" + b"b" * 262_142, "application/x-www-form-urlencoded", 405),
        (b"{}", "application/json", 415),
        (b"a=b", "text/plain", 415),
        (b"a=b", "multipart/form-data; boundary=x", 415),
    ],
)
async def test_only_the_body_of_a_form_is_read_and_only_so_much(portal: FastAPI, content: bytes, kind: str, status: int) -> None:
    async with browser(portal) as visitor:
        answer = await visitor.post("/imprint", content=content, headers={**OURS, "Content-Type": kind})
    assert answer.status_code == status


async def test_a_head_beyond_its_bounds_gets_a_page_too(portal: FastAPI) -> None:
    async with browser(portal) as visitor:
        answer = await visitor.get(f"/offerings?q={'a' * 9000}")
    assert answer.status_code == 414
    assert Page(answer.text).one("h1").text
