"""The page on adding is true: its steps, taken on a copy of the tree, give what it says, and each step left out is noticed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.steps import Step, steps_of
from tests.support.tree_copy import ROOT, TreeCopy

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs/adding.md"
SERVICE, EVENT, COMMAND, CHANNEL = "A service", "An event", "A command", "A channel"
SHAPE = "tests/contract/services/test_services_shape.py"
REGISTRY = "tests/contract/services/test_services_registry.py"
PLACES = "tests/contract/services/test_services_places.py"
GOLDEN = "tests/contract/messages/test_messages_golden.py"
STEPS = steps_of(PAGE)


def take(copy: TreeCopy, section: str) -> None:
    """Take the steps of a section: write and change the files, then run the commands."""
    for step in STEPS:
        if step.section == section and step.language != "sh":
            step.take(copy.folder)
    run(copy, section)


def run(copy: TreeCopy, section: str) -> None:
    for step in STEPS:
        if step.section == section and step.language == "sh":
            for command in step.commands:
                copy.succeed(*command)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> TreeCopy:
    """The tree with the service of the page."""
    made = TreeCopy(tmp_path_factory.mktemp("copy"))
    take(made, SERVICE)
    return made


def test_the_steps_give_a_service_that_runs_and_is_typed_and_in_its_layer(copy: TreeCopy) -> None:
    where = copy.python("-c", "import services.archive as it; print(it.__file__)").stdout
    assert Path(where.strip()).is_relative_to(copy.folder), "it is the copy that is checked"
    copy.succeed("ruff", "check", "services/archive", "shared", "marktplatz", "tests/component/archive")
    copy.succeed("mypy", "services/archive", "tests/component/archive")
    layers = copy.python("-c", "import importlinter.cli; raise SystemExit(importlinter.cli.lint_imports())")
    assert layers.returncode == 0, layers.stdout


def step_of(path: str, shown: str = "") -> Step:
    """Return the one step of the first section at a file, of several the one that shows a text."""
    (found,) = [step for step in STEPS if step.section == SERVICE and step.path == path and shown in step.text]
    return found


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Steps that are not taken, the test that must fail then, and what it must name."""

    steps: tuple[Step, ...]
    check: str
    named: tuple[str, ...]


LEFT_OUT = {
    "files of the shape": LeftOut(
        (step_of("services/archive/settings.py"), step_of("services/archive/domain/transitions.py")),
        SHAPE,
        ("services/archive/settings.py is missing", "services/archive/domain/transitions.py is missing"),
    ),
    "the golden file": LeftOut(
        (step_of("tests/contract/messages/golden/archive.record.filed.v1.json"),),
        f"{GOLDEN}::test_every_type_has_a_golden_file_and_every_file_a_type",
        ("archive.record.filed.v1",),
    ),
    "the group in the registry": LeftOut((step_of("shared/topics.py", "consumers=(ARCHIVE_CONTRACTS"),), REGISTRY, ("RECORDS",)),
    "the order of copying": LeftOut(
        (step_of("marktplatz/recovery/stores.py"),), "tests/unit/recovery/test_recovery_services.py", ("contracts", "archive")
    ),
    "the name": LeftOut((step_of("marktplatz/names.py"),), PLACES, ("ARCHIVE",)),
}


@pytest.mark.parametrize("left_out", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_a_step_that_is_left_out_is_noticed_by_the_check_that_the_page_names(copy: TreeCopy, left_out: LeftOut) -> None:
    for step in left_out.steps:
        step.undo(copy.folder)
    try:
        done = copy.run("pytest", "-q", "-vv", left_out.check)
    finally:
        for step in left_out.steps:
            step.take(copy.folder)
    assert done.returncode != 0
    assert [name for name in left_out.named if name not in done.stdout] == []
    page = PAGE.read_text(encoding="utf-8")
    assert any(str(place) in page for place in (left_out.check, *Path(left_out.check.partition("::")[0]).parents[:2]))


def test_files_that_are_not_generated_are_named(copy: TreeCopy) -> None:
    for made, module in (
        ("shared/schemas/messages/archive.record.filed.v1.json", "shared.schemas.generate"),
        ("deploy/components/topics-users/topics.yaml", "deploy.generate.topics"),
    ):
        text = (copy.folder / made).read_text(encoding="utf-8")
        (copy.folder / made).unlink()
        done = copy.run(module, "--check")
        (copy.folder / made).write_text(text, encoding="utf-8")
        assert done.returncode != 0
        assert made.removeprefix("deploy/components/") in done.stdout


def test_every_list_of_services_that_lacks_the_new_one_is_named(copy: TreeCopy) -> None:
    done = copy.run("pytest", "-q", PLACES)
    failed = {line.split("[")[1].split("]")[0] for line in done.stdout.splitlines() if line.startswith("FAILED") and "[" in line}
    assert {"README.md", "deploy/base/kustomization.yaml", "deploy/components/alerts/http.yaml"} <= failed
    assert "test_every_service_has_its_processes_and_every_process_its_manifest" in done.stdout


def test_the_steps_give_a_further_event_and_command(copy: TreeCopy) -> None:
    for section in (EVENT, COMMAND):
        take(copy, section)


def test_the_steps_give_a_further_channel(tmp_path: Path) -> None:
    copy = TreeCopy(tmp_path)
    take(copy, CHANNEL)
    (tmp_path / "services/contracts/channels/nordverbund.py").unlink()
    done = copy.run("pytest", "-q", "tests/unit/channels", "-k", "module")
    assert done.returncode != 0
    assert "nordverbund" in done.stdout
