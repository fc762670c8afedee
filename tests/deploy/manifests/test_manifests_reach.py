"""No rule is written and then run by nobody: the command line reaches everything that the checks define."""

from __future__ import annotations

from pathlib import Path

from deploy.checks.generic.render import DEPLOY
from tests.deploy.manifests.reach import Sources

MAIN = ("deploy.checks.__main__", "main")


def test_every_definition_is_reached_from_the_command_line() -> None:
    sources = Sources.of("deploy.checks", DEPLOY.parent)
    assert len(sources.naming("Finding")) > 50
    assert sorted(sources.definitions.keys() - sources.reached(MAIN)) == []


def test_a_rule_that_only_a_test_calls_is_seen(tmp_path: Path) -> None:
    written = {
        "rules/__init__.py": "",
        "rules/run.py": "from rules import table\nfrom rules.one import check\nMORE = (check, *table.ALL)\ndef main(): return MORE\n",
        "rules/one.py": "def check(): return Finding()\n",
        "rules/table.py": "from rules.two import check_two\nALL: tuple = (check_two,)\n",
        "rules/two.py": "def check_two(): return _inner()\ndef _inner(): return Finding()\ndef check_three(): return Finding()\n",
    }
    for path, content in written.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    sources = Sources.of("rules", tmp_path)
    assert sources.naming("Finding") == {("rules.one", "check"), ("rules.two", "_inner"), ("rules.two", "check_three")}
    assert sources.definitions.keys() - sources.reached(("rules.run", "main")) == {("rules.two", "check_three")}
