"""A pod of the component ``backup``: its containers as processes of this machine, with the volumes that the manifest mounts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.checks.generic.render import DEPLOY, read_yaml
from deploy.checks.product.processes import is_ours

BOUND = 300
"""Seconds in which a pod ends, on a machine with much else to do."""


def pod_of(file: str) -> Any:
    """Return the spec of the pod that a CronJob of the component makes."""
    text = (DEPLOY / "components" / "backup" / file).read_text(encoding="utf-8")
    (job,) = [document for document in read_yaml(text) if document["kind"] == "CronJob"]
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a container."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Pod:
    """Containers with a folder of ``work`` for each volume. A container sees only what it mounts, and ``bin`` on its PATH."""

    file: str
    work: Path
    environment: dict[str, str] = field(default_factory=dict)
    args: dict[str, list[str]] = field(default_factory=dict)
    """Arguments in the place of the manifest's, by container."""

    def __post_init__(self) -> None:
        (self.work / "bin").mkdir()
        (self.work / "volumes").mkdir()
        for volume in pod_of(self.file)["volumes"]:
            self.volume(volume["name"]).mkdir()

    def volume(self, name: str) -> Path:
        """Return the folder that stands for a volume."""
        return self.work / "volumes" / name

    def program(self, name: str, text: str) -> None:
        """Put a program on the PATH."""
        file = self.work / "bin" / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def run(self) -> dict[str, Ended]:
        """Run all containers at once, until the last has ended; return what became of each."""
        running = {it["name"]: self._start(it) for it in pod_of(self.file)["containers"]}
        try:
            outputs = {name: process.communicate(timeout=BOUND) for name, process in running.items()}
        finally:
            for process in running.values():
                process.kill()
                process.wait()
        return {name: Ended(process.returncode, *outputs[name]) for name, process in running.items()}

    def _start(self, container: Any) -> subprocess.Popen[str]:
        given = container.get("command") or self.args.get(container["name"], container["args"])
        program = [sys.executable, "-m", "marktplatz"] if is_ours(container) else []
        environment = {"PATH": f"{self.work / 'bin'}:{os.environ['PATH']}", "WORK": str(self.work)}
        environment |= {it["name"]: self._moved(container, it["value"]) for it in container.get("env", []) if "value" in it}
        return subprocess.Popen(
            [*program, *(self._moved(container, part) for part in given)],
            env=environment | self.environment,
            cwd=self.work,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _moved(self, container: Any, text: str) -> str:
        """Return a text with the folders of this machine for those that a container mounts."""
        folders = {mount["mountPath"]: str(self.volume(mount["name"])) for mount in container["volumeMounts"]}
        paths = "|".join(re.escape(path) for path in folders)
        return re.sub(rf"(?<![\w/])({paths})\b", lambda found: folders[found[1]], text)


def succeeded(ended: dict[str, Ended]) -> bool:
    """Return whether a pod that is not restarted counts as succeeded: all of its containers ended with 0."""
    return all(it.code == 0 for it in ended.values())
