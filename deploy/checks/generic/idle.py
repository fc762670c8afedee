"""Entries of an overlay that reach nothing: kustomize is silent when a patch or the name of an image finds nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from deploy.checks.generic.objects import Finding
from deploy.checks.generic.render import DEPLOY, label, read_yaml, render

SOURCES = ("base", "components", "release", "overlays")
_PROBE = "idle.example/probe"

Entry = dict[str, Any]


def _patch(entry: Entry) -> Entry:
    probe = f"apiVersion: v1\nkind: Any\nmetadata:\n  name: any\n  annotations: {{{_PROBE}: reached}}\n"
    return {"target": entry.get("target", {}), "patch": probe}


def _image(entry: Entry) -> Entry:
    return {"name": entry["name"], "newName": _PROBE}


PROBES: dict[str, Callable[[Entry], Entry]] = {"patches": _patch, "images": _image}
"""What stands in for an entry: something that shows wherever the entry reaches."""


def check_idle(folder: Path, deploy: Path = DEPLOY) -> Iterator[Finding]:
    """Put a probe in the place of each patch and image of a kustomization: ``idle`` where it shows nowhere."""
    [kustomization] = read_yaml((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    name = label(folder, deploy)
    with tempfile.TemporaryDirectory() as made:
        copy = Path(made).resolve()
        for source in SOURCES:
            if (deploy / source).is_dir():
                shutil.copytree(deploy / source, copy / source)
        for part, probe in PROBES.items():
            for index, entry in enumerate(kustomization.get(part, [])):
                entries = [probe(it) if at == index else it for at, it in enumerate(kustomization[part])]
                (copy / name / "kustomization.yaml").write_text(
                    yaml.safe_dump({**kustomization, part: entries}), encoding="utf-8"
                )
                if _PROBE not in yaml.safe_dump(list(render(copy / name, copy).documents)):
                    yield Finding("idle", name, f"{part}[{index}] reaches nothing: {entry}")
