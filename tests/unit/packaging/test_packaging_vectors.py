"""A kit carries the published test vectors that it is tested with, so that its tests run without this tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.packaging.lock import ROOT

CARRIED = sorted(ROOT.glob("kits/*/tests/vectors/*.json"))


@pytest.mark.parametrize("path", [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in CARRIED])
def test_vectors_of_a_kit_are_the_published_ones(path: Path) -> None:
    assert path.read_bytes() == (ROOT / "docs/anbinden/vectors" / path.name).read_bytes()
