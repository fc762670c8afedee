"""Every block of commands that a page shows is run by a test as it is copied, or stands here with the reason why not."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Final

import pytest

from tests.support.documents import ROOT

PATTERNS: Final = ("*.md", "docs/**/*.md", "kits/*/README.md", "examples/*.md", "deploy/**/*.md", "data/*.md")
PAGES: Final = sorted({page for pattern in PATTERNS for page in ROOT.glob(pattern)})
BLOCK: Final = re.compile(r"^ *```(?:sh|bash|console)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
RUN: Final = {
    "docs/apis.md": "tests/integration/examples/test_api_guide.py",
    "docs/anbinden/webhooks.md": "tests/integration/examples/test_api_guide.py",
    "docs/anbinden/portal.md": "tests/integration/examples/test_portal_guide.py",
    "docs/anbinden/portal.en.md": "tests/integration/examples/test_portal_guide.py",
    "docs/anbinden/partner.md": "tests/integration/examples/test_partner_guide.py",
    "docs/anbinden/partner.en.md": "tests/integration/examples/test_partner_guide.py",
    "docs/adding.md": "tests/e2e/test_e2e_adding.py",
}
"""Pages of which a test runs every block."""
ELSEWHERE: Final = re.compile(
    r"(?:^|[\s(|])(?:kubectl|helm|cosign|docker|deploy/release/\w+|deploy/docker/build|\./load"
    r"|meldungen|messwerte|bereit|betrieb|lauf)\s",
    re.MULTILINE,
)
"""Programs that need a cluster, a registry or an engine for images, and the functions of the runbooks, which call the first."""
TARGET: Final = re.compile(r"make [a-z0-9 -]+?(?:\s+#.*)?")
"""A line of a block that only calls targets of the Makefile: ``make ci`` runs them."""
NOT_RUN: Final = {
    ("docs/architecture/contract-archive.md", "$ marktplatz archive export"): "a transcript; conformance runs the commands",
    ("docs/betrieb/betrieb.md", "marktplatz archive erase"): "names a contract of an installation",
    ("docs/betrieb/installation.md", "cp -r deploy/overlays/example"): "test_manifests_own_overlays copies it",
    ("docs/betrieb/installation.md", "python -m deploy.generate.release"): "names the digest of an image",
    ("docs/betrieb/installation.md", "apt-get install"): "installs packages of the operating system",
    ("docs/betrieb/rechte.md", "ELIGIBILITY_FIRST_MEMBERS="): "a variable of a process, no command",
    ("docs/betrieb/sicherung.md", "marktplatz backup /sicherung"): "names a folder of an installation; test_e2e_backup runs it",
    ("docs/betrieb/sicherung.md", "marktplatz backup-key"): "test_recovery_sealing writes the pair",
    ("docs/commands.md", "marktplatz topics list"): "a list; test_commands_help knows each command and option of it",
    ("examples/README.md", "make up"): "for three terminals; test_examples runs the two examples",
    ("kits/portal/README.md", "$ pip install ./kits/portal"): "conformance installs the kit",
    ("kits/portal/README.md", "$ efa-portal follow"): "names a broker of others; conformance runs it",
    ("kits/portal/README.md", "$ efa-portal status"): "test_portal_readme runs them",
    ("kits/portal/README.md", "$ pip install -e ."): "installs the kit for who changes it",
    ("kits/verify/README.md", "$ pip install ./kits/verify"): "conformance installs the kit",
    ("kits/verify/README.md", "$ marktplatz-verify"): "a transcript; test_verify_command knows its options",
}
"""Blocks that no test runs, by page and beginning, with what stands in for that."""


def blocks() -> Iterator[tuple[str, str]]:
    """Yield all blocks of commands, each with its page."""
    for page in PAGES:
        for text in BLOCK.findall(page.read_text(encoding="utf-8")):
            yield page.relative_to(ROOT).as_posix(), textwrap.dedent(text)


def lines_of(block: str) -> list[str]:
    return [line for line in block.splitlines() if line.strip() and not line.startswith("#")]


def reason(page: str, block: str) -> tuple[str, str] | None:
    """Return the row of ``NOT_RUN`` for a block, None if it has none."""
    begins = lines_of(block)[0]
    return next((row for row in NOT_RUN if row[0] == page and begins.startswith(row[1])), None)


def test_every_block_of_commands_is_run_or_is_named_with_a_reason() -> None:
    left = [
        (page, lines_of(block)[0])
        for page, block in blocks()
        if page not in RUN and not ELSEWHERE.search(block) and not all(TARGET.fullmatch(it) for it in lines_of(block))
    ]
    assert len(left) < len(list(blocks())) / 5, "most are run, need a cluster or are targets"
    assert [it for it in left if it[1] and reason(it[0], it[1]) is None] == []


def test_a_reason_is_given_for_a_block_that_is_there() -> None:
    assert {reason(page, block) for page, block in blocks()} - {None} == NOT_RUN.keys()


@pytest.mark.parametrize("page", RUN)
def test_the_test_that_runs_a_page_reads_it(page: str) -> None:
    assert page in {shown for shown, _ in blocks()}
    assert page.rpartition("/")[2] in (ROOT / RUN[page]).read_text(encoding="utf-8")


@pytest.mark.parametrize("block", ["curl https://example.org", "make up && ./start", "marktplatz up"])
def test_a_new_block_is_missed(block: str) -> None:
    assert not ELSEWHERE.search(block)
    assert not TARGET.fullmatch(block)
    assert reason("README.md", block) is None
