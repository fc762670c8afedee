"""A cluster that a test brings into a state, and overlays of three objects."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.rollout.__main__ import main

NAMESPACE = "marktplatz"
STAND_IN = Path(__file__).with_name("kubectl.py")


@dataclass
class Cluster:
    """Objects as they are, what applied objects become, and what was asked of the API server."""

    folder: Path
    outcomes: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kubectl = self.folder / "kubectl"
        kubectl.write_text(f"#!{sys.executable}\n{STAND_IN.read_text(encoding='utf-8')}", encoding="utf-8")
        kubectl.chmod(0o755)
        self._write({"objects": {}, "calls": []})

    def apply(self, objects: list[dict[str, Any]], *options: str) -> int:
        """Run the command on objects and return its exit code."""
        self._write(self._read() | {"outcomes": self.outcomes, "refused": self.refused, "logs": self.logs, "calls": []})
        rendered = self.folder / "manifest.yaml"
        rendered.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
        return main([str(rendered), f"--logs={self.folder / 'logs'}", *options])

    def change(self, key: str, **spec: int) -> None:
        """Change an object as somebody else would, such as a scaler."""
        state = self._read()
        state["objects"][key]["spec"] |= spec
        self._write(state)

    def annotate(self, key: str, annotation: str) -> None:
        """Annotate an object by hand."""
        state = self._read()
        state["objects"][key]["metadata"]["annotations"][annotation] = "0"
        self._write(state)

    def remove(self, key: str) -> None:
        """Remove an object."""
        state = self._read()
        del state["objects"][key]
        self._write(state)

    @property
    def objects(self) -> dict[str, Any]:
        """What is in the cluster, by kind/name."""
        found: dict[str, Any] = self._read()["objects"]
        return found

    @property
    def changes(self) -> list[str]:
        """Calls of the last run that change something."""
        asking = ("get", "diff", "create --dry-run", "apply --dry-run", "logs")
        return [it for it in self._read()["calls"] if not it.startswith(asking)]

    @property
    def saved_logs(self) -> list[str]:
        """Contents of the logs that were saved."""
        return [file.read_text(encoding="utf-8") for file in sorted(self.folder.glob("logs/*.log"))]

    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "cluster.json").read_text(encoding="utf-8"))
        return found

    def _write(self, state: dict[str, Any]) -> None:
        (self.folder / "cluster.json").write_text(json.dumps(state), encoding="utf-8")


def made(kind: str, name: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an object."""
    metadata = {"name": name} if kind == "Namespace" else {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec or {}}


def migration(image: str, name: str = "ordering-migrate") -> dict[str, Any]:
    """Return a migration of a version."""
    return made("Job", name, {"template": {"spec": {"containers": [{"image": image}]}}})


def process(name: str, replicas: int | None = None) -> dict[str, Any]:
    """Return a Deployment, without a number where a scaler decides."""
    return made("Deployment", name, {} if replicas is None else {"replicas": replicas})


def scaler(name: str, least: int) -> dict[str, Any]:
    """Return a scaler of a Deployment."""
    return made("ScaledObject", name, {"scaleTargetRef": {"name": name}, "minReplicaCount": least})


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """An empty cluster, with a kubectl that reaches it."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    made_here = Cluster(tmp_path)
    assert shutil.which("kubectl") == str(tmp_path / "kubectl")
    return made_here
