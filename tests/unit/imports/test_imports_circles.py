"""No module imports itself through others, not even behind TYPE_CHECKING or inside a function."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("benchmarks", "deploy", "marktplatz", "services", "shared", "tests")
KITS = sorted(path.parent.name for path in ROOT.glob("kits/*/src/*/__init__.py"))


def circle_in(*packages: str) -> list[str] | None:
    """Return the modules of an import circle, the last one the first again, or None."""
    graph = grimp.build_graph(*packages, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return None


def test_no_circle_is_in_the_tree() -> None:
    assert circle_in(*PACKAGES, *KITS) is None


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_is_looked_at(package: str) -> None:
    files = [path for path in (ROOT / package).rglob("*.py") if package != "tests" or path.parent.name in ("tests", "support")]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files}
    assert modules <= set(grimp.build_graph(package, cache_dir=None).modules)


PLANTED = {
    "between siblings": {"a": "from {0} import b", "b": "import {0}.a"},
    "through other folders": {"a": "from {0}.x import b", "x/b": "from {0}.y.z import c", "y/z/c": "from {0} import a"},
    "for types only": {
        "a": "from {0}.b import B",
        "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {0}.a\nB = 1",
    },
    "inside a function": {"a": "import {0}.b", "b": "def f():\n    from {0}.a import g\n    return g"},
    "between a package and its module": {"x/__init__": "from {0}.x.b import f", "x/b": "from {0}.x import f"},
    "by relative imports": {"x/a": "from ..y import b", "y/b": "from ..x.a import f"},
}


def plant(folder: Path, name: str, files: dict[str, str]) -> None:
    """Write a package with these modules."""
    for path, source in {"__init__": "", **files}.items():
        file = folder / name / f"{path}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        for parent in (file.parent, *file.parent.parents):
            if parent == folder:
                break
            (parent / "__init__.py").touch()
        file.write_text(source.format(name), encoding="utf-8")


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_circle_is_found(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    plant(tmp_path, "circled", PLANTED[kind])
    circle = circle_in("circled")
    assert circle is not None
    assert circle[0] == circle[-1]


@pytest.mark.parametrize("kind", PLANTED)
def test_a_chain_is_no_circle(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    last = list(PLANTED[kind])[-1]
    plant(tmp_path, "chained", {**PLANTED[kind], last: "f = b = g = B = 1"})
    assert circle_in("chained") is None
