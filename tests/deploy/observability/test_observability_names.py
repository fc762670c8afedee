"""What alerts, dashboards and runbooks name is there: metrics and their labels, log events, commands, pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from deploy.generate.dashboards import DASHBOARDS
from marktplatz.cli import app
from shared.topics import DEAD_LETTERS
from tests.deploy.observability.promql import ROOT, RUNBOOKS, TARGET_LABELS, exported, grouped_by, rules, series

EXPORTED = exported()
RECORDED = {rule.name for rule in rules() if "record" in rule.body}
QUERIES = [
    *(pytest.param(rule.body["expr"], id=f"{rule.name}-{number}") for number, rule in enumerate(rules())),
    *(
        pytest.param(expr, id=f"{board.name}-{panel.title}-{number}")
        for board in DASHBOARDS
        for panel in board.panels
        for number, (expr, _) in enumerate(panel.queries)
    ),
    *(
        pytest.param(re.sub(r"label_values\((.*), \w+\)", r"\1", variable.query), id=f"{board.name}-{variable.name}")
        for board in DASHBOARDS
        for variable in board.variables
    ),
]
PAGES = [pytest.param(page, id=page.stem) for page in sorted(RUNBOOKS.glob("*.md"))]


def test_the_reader_of_expressions_knows_series_labels_and_functions_apart() -> None:
    expr = 'sum by (job, le) (rate(a_total{b=~"c_d{}", e!="f"}[5m])) / on (job) max(g:h:i) > 3 and absent(j{k="l"} == 0) or m'
    assert series(expr) == {"a_total": {"b", "e"}, "g:h:i": set(), "j": {"k"}, "m": set()}
    assert grouped_by(expr) == {"job", "le"}


@pytest.mark.parametrize("expr", QUERIES)
def test_every_series_that_is_asked_for_may_know_by_the_code_with_the_labels_asked_for(expr: str) -> None:
    asked = series(expr)
    assert asked, f"no series found in {expr}"
    known: set[str] = set(TARGET_LABELS)
    for name, labels in asked.items():
        assert name in EXPORTED or name in RECORDED, f"nothing tells {name}"
        own = EXPORTED.get(name, frozenset())
        known |= own
        assert labels <= own | TARGET_LABELS, f"{name} has no label {labels - own}"
    assert grouped_by(expr) <= known


def test_no_label_of_ours_is_taken_from_a_series_by_prometheus() -> None:
    """The operator's target labels win over a metric's own of the same name, which are renamed to ``exported_…``."""
    taken = {name for name, labels in EXPORTED.items() if labels & (TARGET_LABELS - {"le"} | {"container", "endpoint"})}
    assert taken == set()
    selected = {label for rule in rules() for labels in series(rule.body["expr"]).values() for label in labels}
    assert "service" not in selected, "label service becomes exported_service: select by job"


@pytest.mark.parametrize("page", PAGES)
def test_a_runbook_names_only_metrics_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    names = set(
        re.findall(
            r"\b(?:marktplatz_(?:bus|outbox|periodic|ready)|ordering|contracts|notify|http|portal_(?:logins|api))_\w+", text
        )
    )
    names.discard("http_code")  # a variable of curl
    known = {*EXPORTED, *RECORDED}
    assert [name for name in names if not any(whole == name or whole.startswith(f"{name.rstrip('_')}_") for whole in known)] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_runbook_names_only_log_events_that_the_code_writes(page: Path) -> None:
    sources = "\n".join(
        file.read_text(encoding="utf-8") for part in ("shared", "services") for file in (ROOT / part).rglob("*.py")
    )
    for event in re.findall(r'\.event=="(\w+)"', page.read_text(encoding="utf-8")):
        assert f'"{event}"' in sources


@pytest.mark.parametrize("page", PAGES)
def test_a_runbook_calls_only_commands_and_groups_that_exist(page: Path) -> None:
    command = get_command(app)
    for words in re.findall(
        r"^(?:betrieb|marktplatz) ([a-z].*)$|`(?:betrieb|marktplatz) ([a-z][^`]*)`",
        page.read_text(encoding="utf-8"),
        re.MULTILINE,
    ):
        first, *rest = "".join(words).split()
        subcommands = command.commands  # type: ignore[attr-defined]
        assert first in subcommands
        if first in {"dlq", "topics"}:
            assert rest[0] in subcommands[first].commands
        if first == "dlq":
            assert rest[1] in DEAD_LETTERS


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_runbook_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = RUNBOOKS / (file or page.name)
        assert target.is_file(), link
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {"", *(heading.lower().replace(" ", "-") for heading in headings)}, link
