"""Texts, templates and vendored files of the portal hold together."""

from __future__ import annotations

import ast
import gzip
import hashlib
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from services.ordering.domain.transitions import Command
from services.portal import assets, rendering, texts
from services.portal.assets import Assets
from services.portal.language import Language
from services.portal.pages.contract_forms import agreed_places

SOURCES = Path(texts.FOLDER).parent
CALLED = re.compile(r"""\bt(?:\.count)?\(\s*"([a-z0-9_.]+)"(\s*~)?""")
FAMILIES = (
    *("start.step.", "showcase.group.", "showcase.kind.", "showcase.orderable.", "error.", "problem.", "orders.group."),
    *(
        "step.",
        "order.klient.",
        "order.was.",
        "participation.answer.",
        "participation.step.",
        "participation.outlook.",
        "participations.group.",
        "fault.",
        "form.day",
        "form.month",
        "form.year",
        "land.",
        "edit.",
        "offer.",
        "mine.",
        "tasks.",
        "shortcoming.",
        "organisation.",
        "contract.",
        "relation.",
        "examinations.",
        "evidence.",
        "registration.",
        "members.",
        "operations.",
        "contact.",
        "changes.",
        "agreed.",
        "costs.",
        "quarantine.",
        "inbox.group.",
        "notice.",
        "letters.",
        "licence.",
        "statement.jobs.why.",
        "matter.",
        "webhooks.",
        "partners.",
        "facts.",
        "statements.",
    ),
)
"""Keys whose last part is put together when a page is made."""
SAID = re.compile(r"""\bwords\(\s*"([a-z0-9_.]+)\"""")
REFUSED = re.compile(r"""(?:code=|Violation\()"([a-z_]+)\"""")
INBOUND = frozenset({"quarantine", "receipt"})
AGREED = frozenset({"valid_to", "passing_on", "passing_on/act", "price_notice/months", "price_notice/from"})
"""Members of an agreed text."""
INTERNAL = frozenset({"check_unknown"})
"""What only events are refused for."""


@cache
def keys() -> frozenset[str]:
    return frozenset(texts.read_texts()[Language.DE].sentences)


def called() -> set[str]:
    templates = "".join(path.read_text(encoding="utf-8") for path in rendering.FOLDER.rglob("*.html"))
    whole = {key for key, joined in CALLED.findall(templates) if not joined}
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    # A key on either side of an "else" is named in the source, too.
    chosen = set(re.findall(r"""\belse "([a-z]+\.[a-z0-9_.]+)\"""", code))
    return (
        whole
        | set(SAID.findall(code))
        | chosen
        | {key.replace('t("', "") for key in re.findall(r'others\[other\]\("([a-z_.]+)"\)', templates)}
    )


def test_every_sentence_that_a_template_says_is_there_in_both_languages() -> None:
    there = {key.removesuffix(".one").removesuffix(".other") for key in keys()}
    assert called() - there == set()
    assert len(called()) > 60


def test_every_sentence_is_said_somewhere() -> None:
    there = {key.removesuffix(".one").removesuffix(".other") for key in keys()}
    assert {key for key in there - called() if not key.startswith(FAMILIES)} == set()


@pytest.mark.parametrize(
    ("de", "en", "named"),
    [('a = "x"\nb = "y"', 'a = "x"', "one language only: b"), ('a = "{x}"', 'a = "{y}"', "different placeholders: a")],
)
def test_texts_that_differ_between_the_languages_are_refused(tmp_path: Path, de: str, en: str, named: str) -> None:
    (tmp_path / "de.toml").write_text(de, encoding="utf-8")
    (tmp_path / "en.toml").write_text(en, encoding="utf-8")
    with pytest.raises(ValueError, match=named):
        texts.read_texts(tmp_path)


def test_a_number_takes_its_own_form_and_its_separators() -> None:
    found = texts.read_texts()
    assert found[Language.DE].count("showcase.total", 1) == "1 Leistung"
    assert found[Language.DE].count("showcase.total", 1234) == "1.234 Leistungen"
    assert found[Language.EN].count("showcase.total", 1234) == "1,234 services"


@pytest.mark.parametrize("path", sorted(rendering.FOLDER.rglob("*.html")), ids=lambda it: it.name)
def test_no_template_goes_around_escaping_or_the_policy_for_contents(path: Path) -> None:
    content = path.read_text(encoding="utf-8")
    for forbidden in (
        r"\|\s*safe\b",
        r"autoescape",
        r"<style",
        r"\sstyle=",
        r"\son[a-z]+=",
        r"hx-on",
        r"js:",
        r"<script(?![^>]*\bsrc=)",
    ):
        assert not re.search(forbidden, content), forbidden


def test_no_code_of_the_portal_makes_markup_by_hand() -> None:
    names = {
        node.id
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name)
    }
    assert "Markup" not in names


def test_each_vendored_file_is_the_one_that_is_stated_with_its_licence() -> None:
    folder = assets.FOLDER / "vendor"
    stated = tomllib.loads((folder / "vendor.toml").read_text(encoding="utf-8"))["file"]
    licences = {"fira-sans.licence.txt", "htmx.licence.txt"}
    assert {it["name"] for it in stated} | licences | {"vendor.toml"} == {path.name for path in folder.iterdir()}
    for it in stated:
        content = (folder / it["name"]).read_bytes()
        plain = gzip.decompress(content) if it["name"].endswith(".gz") else content
        assert hashlib.sha256(plain).hexdigest() == it["sha256"]
        assert ("cut" in it) == (it["sha256"] != it["source_sha256"])
        assert it["integrity"].startswith("sha512-")
        assert it["licence_file"] in licences or it["licence"] == "EUPL-1.2"


def test_a_style_sheet_that_names_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text('a { background: url("none.svg"); }', encoding="utf-8")
    with pytest.raises(KeyError):
        Assets(tmp_path)


def test_whatever_a_step_is_refused_for_has_words_in_both_languages() -> None:
    services = SOURCES.parent
    sources = [
        *(it for it in (services / "ordering" / "domain").glob("*.py") if it.stem not in INBOUND),
        services / "ordering" / "commands.py",
        services / "ordering" / "handlers.py",
        *(it for it in (services / "catalog" / "domain").glob("*.py") if it.stem != "completeness"),
    ]
    short = set(re.findall(r'code="([a-z_]+)", detail', (services / "catalog" / "domain" / "completeness.py").read_text()))
    short |= set(re.findall(r'PriceFault\("([a-z_]+)"', (services.parent / "shared" / "price_sheets.py").read_text()))
    assert {code for code in short if f"shortcoming.{code}" not in keys()} == set()
    assert len(short) > 14
    sources += [
        *(services / "eligibility" / "domain" / f"{it}.py" for it in ("accreditation", "statement", "registration", "draft")),
        *(services / "contracts" / "domain" / f"{it}.py" for it in ("contract", "amending")),
        *(services / "contracts" / it for it in ("amending/api.py", "announcing/api.py", "announcing/asking.py")),
        services / "contracts" / "succession" / "following.py",
    ]
    codes = {code for path in sources for code in REFUSED.findall(path.read_text(encoding="utf-8"))}
    assert len(codes) > 25
    assert {code for code in codes - INTERNAL if f"problem.{code}" not in keys()} == set()


def test_whatever_rule_an_agreement_or_a_price_breaks_has_words_in_both_languages() -> None:
    assert {code for code in agreed_places() if "_" in code and f"problem.{code}" not in keys()} - AGREED == set()
    pricing = SOURCES.parent / "contracts" / "pricing"
    checks = (pricing / "checks.py").read_text(encoding="utf-8").partition("def _check_versions")[2]
    rules = set(re.findall(r'(?:RefusedError|refuse)\("([A-Z_]+)"', checks + (pricing / "keys.py").read_text(encoding="utf-8")))
    assert len(rules) > 12
    assert {it for it in rules if f"fault.{it.lower()}" not in keys()} == set()


def test_whatever_happened_in_a_vorgang_is_said_as_what_is_over() -> None:
    assert {it.removeprefix("order.was.") for it in keys() if it.startswith("order.was.")} == {it.value for it in Command}
