"""Pages stay true to the code: what a link to a Python file names is defined there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.documents import ROOT, code_links, pages

PAGES = [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in pages() if list(code_links(page))]


@pytest.mark.parametrize("page", PAGES)
def test_what_a_link_to_code_names_is_defined_there(page: Path) -> None:
    assert [fault for link in code_links(page) if (fault := link.fault()) is not None] == []


def test_the_pages_on_architecture_lead_to_code() -> None:
    folder = ROOT / "docs" / "architecture"
    assert [page.name for page in sorted(folder.glob("*.md")) if page.name != "README.md" and not list(code_links(page))] == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[`topic_of`](shared/topics.py)", 0),
        ("[`Topic.retention`](shared/topics.py)", 0),
        ("[`shared/topics.py`](shared/topics.py)", 0),
        ("```\n[`gone`](shared/topics.py)\n```", 0),
        ("[`Topic.gone`](shared/topics.py)", 1),
        ("[`retention`](shared/topics.py)", 1),
        ("[the topics](shared/topics.py)", 1),
        ("[`topic_of`](shared/gone.py)", 1),
    ],
    ids=["function", "field", "file", "example", "no field", "field without class", "words", "no file"],
)
def test_a_link_to_what_is_not_there_is_found(text: str, faults: int) -> None:
    page = ROOT / "README.md"
    assert len([link for link in code_links(page, text) if link.fault() is not None]) == faults
