"""Entries of an overlay that reach nothing: kustomize is silent when a patch or the name of an image finds nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.checks.generic.objects import Finding
from deploy.checks.generic.render import DEPLOY, built, label, read_yaml

SOURCES = ("base", "components", "release", "overlays", "tests", "gitops")
_PROBE = "idle.example/probe"

Entry = dict[str, Any]
Place = tuple[str, int]
"""A list of a kustomization and the index of an entry."""


def _patch(entry: Entry, probe: str) -> Entry:
    made = f"apiVersion: v1\nkind: Any\nmetadata:\n  name: any\n  annotations: {{{probe}: reached}}\n"
    return {"target": entry.get("target", {}), "patch": made}


def _image(entry: Entry, probe: str) -> Entry:
    return {"name": entry["name"], "newName": probe}


PROBES: dict[str, Callable[[Entry, str], Entry]] = {"patches": _patch, "images": _image}
"""What stands in for an entry: something that shows wherever the entry reaches."""


def check_idle(folder: Path, deploy: Path = DEPLOY) -> Iterator[Finding]:
    """Put a probe in the place of each patch and image of a kustomization: ``idle`` where it shows nowhere."""
    [kustomization] = read_yaml((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    places = [(part, index) for part in PROBES for index in range(len(kustomization.get(part, [])))]
    if not places:
        return
    with tempfile.TemporaryDirectory() as made:
        copy = Path(made).resolve()
        for source in SOURCES:
            if (deploy / source).is_dir():
                shutil.copytree(deploy / source, copy / source)
        copied = copy / label(folder, deploy)
        reached = _reached(copied, kustomization, places, copy)
        for place in places:  # what another entry makes for this one is there only while the other stands as it is
            if place not in reached and not _reached(copied, kustomization, [place], copy):
                part, index = place
                message = f"{part}[{index}] reaches nothing: {kustomization[part][index]}"
                yield Finding("idle", label(folder, deploy), message)


def _reached(folder: Path, kustomization: Entry, places: Sequence[Place], deploy: Path) -> set[Place]:
    """Build a kustomization with probes at some places, and return those whose probe shows."""
    probes = {place: f"{_PROBE}-{number}z" for number, place in enumerate(places)}
    entries = {
        part: [
            PROBES[part](entry, probes[part, index]) if (part, index) in probes else entry
            for index, entry in enumerate(kustomization.get(part, []))
        ]
        for part in PROBES
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({**kustomization, **entries}), encoding="utf-8")
    rendered = built(folder, deploy)
    return {place for place, probe in probes.items() if probe in rendered}
