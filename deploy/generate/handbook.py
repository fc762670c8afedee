"""``python -m deploy.generate.handbook [--check]``: write the tables of docs/betrieb, or report which are not current.

A table stands between ``<!-- erzeugt: NAME -->`` and ``<!-- ende: NAME -->``; everything around it is written by hand.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.checks.generic.objects import Objects
from deploy.checks.generic.render import DEPLOY, RenderError, render
from deploy.generate.handbook_cluster import (
    image_table,
    network_table,
    secret_table,
    security_table,
    topic_table,
    workload_table,
)
from deploy.generate.handbook_codes import code_table
from deploy.generate.handbook_limits import limits_table
from deploy.generate.handbook_precheck import refusal_table, remedy_table, rule_set_table, rule_tables
from deploy.generate.handbook_settings import settings_table

FOLDER = Path(__file__).parents[2] / "docs" / "betrieb"
OVERLAY = "overlays/prod"
_BLOCK = re.compile(r"<!-- erzeugt: (?P<name>[a-z-]+) -->\n(?P<body>.*?)<!-- ende: (?P=name) -->", re.DOTALL)

TABLES: Mapping[str, Callable[[Objects], str]] = {
    "einstellungen": settings_table,
    "grenzen": lambda _: limits_table(),
    "codes-api": lambda _: code_table("api", "de"),
    "codes-api-en": lambda _: code_table("api", "en"),
    "codes-formular": lambda _: code_table("form", "de"),
    "codes-formular-en": lambda _: code_table("form", "en"),
    "codes-vertrag": lambda _: code_table("contract", "de"),
    "codes-vertrag-en": lambda _: code_table("contract", "en"),
    "codes-auftraege": lambda _: code_table("job", "de"),
    "codes-auftraege-en": lambda _: code_table("job", "en"),
    "codes-nachrichten": lambda _: code_table("letter", "de"),
    "codes-nachrichten-en": lambda _: code_table("letter", "en"),
    "codes-partner": lambda _: code_table("partner", "de"),
    "codes-partner-en": lambda _: code_table("partner", "en"),
    "codes-mail": lambda _: code_table("mail", "de"),
    "codes-mail-en": lambda _: code_table("mail", "en"),
    "codes-webhook": lambda _: code_table("webhook", "de"),
    "codes-webhook-en": lambda _: code_table("webhook", "en"),
    "codes-befehle": lambda _: code_table("operation", "de"),
    "codes-befehle-en": lambda _: code_table("operation", "en"),
    "vorpruefung-regelwerke": lambda _: rule_set_table(),
    "vorpruefung-regeln": lambda _: rule_tables(),
    "vorpruefung-abhilfen": lambda _: remedy_table(),
    "vorpruefung-ablehnungen": lambda _: refusal_table(),
    "workloads": workload_table,
    "secrets": secret_table,
    "sicherheitskontexte": security_table,
    "netz": network_table,
    "abbilder": image_table,
    "topics": lambda _: topic_table(),
}


class HandbookError(Exception):
    """The pages and the tables do not fit together; the text explains how."""


def pages(folder: Path, production: Objects) -> dict[Path, str]:
    """Return the text that every page must have. Raises HandbookError for an unknown, missing or repeated table."""
    found: list[str] = []

    def filled(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in TABLES:
            raise HandbookError(f"there is no table '{name}'; there are: {', '.join(TABLES)}")
        found.append(name)
        return f"<!-- erzeugt: {name} -->\n\n{TABLES[name](production)}\n\n<!-- ende: {name} -->"

    texts = {page: _BLOCK.sub(filled, page.read_text(encoding="utf-8")) for page in sorted(folder.glob("*.md"))}
    if wrong := sorted({name for name in TABLES if found.count(name) != 1}):
        raise HandbookError(f"these tables must stand on exactly one page: {', '.join(wrong)}")
    return texts


def stale(folder: Path, production: Objects) -> list[str]:
    """Return the pages whose tables are not current."""
    return [page.name for page, text in pages(folder, production).items() if page.read_text(encoding="utf-8") != text]


def write(folder: Path, production: Objects) -> list[str]:
    """Write what differs and return the names of the pages."""
    changed = []
    for page, text in pages(folder, production).items():
        if page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            changed.append(page.name)
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.generate.handbook", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a table is not current")
    chosen = parser.parse_args(arguments)
    try:
        production = render(DEPLOY / OVERLAY)
        differing = stale(FOLDER, production) if chosen.check else write(FOLDER, production)
    except (HandbookError, RenderError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name in differing:
        sys.stdout.write(f"{'not current' if chosen.check else 'written'}: docs/betrieb/{name}\n")
    return 1 if chosen.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
