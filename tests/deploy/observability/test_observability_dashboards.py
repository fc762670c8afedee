"""The dashboards are what their generator writes, valid for Grafana's sidecar, and every query parses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.generate.dashboards import DASHBOARDS, FOLDER, main, stale
from deploy.generate.grafana import WIDTH, Dashboard
from tests.deploy.observability.promql import promtool

EVERY = pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)


def config_maps() -> dict[str, dict[str, Any]]:
    done = subprocess.run(["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, check=True, timeout=300)
    return {document["metadata"]["name"]: document for document in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader)}


def test_the_files_are_what_the_generator_writes() -> None:
    assert stale(FOLDER) == []


def test_the_command_writes_what_is_missing_and_with_check_only_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    capsys.readouterr()
    (tmp_path / "http.json").write_text("{}", encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out == "not up to date: http.json\n"


def test_each_dashboard_is_a_config_map_that_the_sidecar_finds() -> None:
    found = config_maps()
    assert set(found) == {f"dashboard-{board.name}" for board in DASHBOARDS}
    for board in DASHBOARDS:
        entry = found[f"dashboard-{board.name}"]
        assert entry["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert json.loads(entry["data"][f"{board.name}.json"]) == board.model()
        assert len(json.dumps(entry)) < 200_000


def test_uids_are_unique_and_short_enough() -> None:
    uids = [board.model()["uid"] for board in DASHBOARDS]
    assert len(set(uids)) == len(uids)
    assert all(len(uid) <= 40 for uid in uids)


@EVERY
def test_the_data_source_is_a_choice_and_every_panel_goes_by_it(board: Dashboard) -> None:
    model = board.model()
    first, *variables = model["templating"]["list"]
    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")
    sources = [part["datasource"]["uid"] for part in [*variables, *model["panels"]]]
    sources += [target["datasource"]["uid"] for panel in model["panels"] for target in panel["targets"]]
    assert set(sources) == {"${datasource}"}


@EVERY
def test_panels_have_an_id_and_a_place_of_their_own(board: Dashboard) -> None:
    panels = board.model()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert max(x for x, _ in cells) < WIDTH
        assert not cells & taken
        taken |= cells
        assert panel["title"]
        assert panel["description"]


@EVERY
def test_every_query_parses(board: Dashboard, tmp_path: Path) -> None:
    queries = [expr for panel in board.panels for expr, _ in panel.queries]
    group = {"name": "queries", "rules": [{"record": f"q{number}", "expr": expr} for number, expr in enumerate(queries)]}
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [group]}), encoding="utf-8")
    done = promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stderr
