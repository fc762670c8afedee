"""kubectl: renders, asks and changes, with its own errors in ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

Document = dict[str, Any]

DIFFERENT = 1
"""Exit code of ``kubectl diff`` where there are differences; more means that it failed."""


class RolloutError(Exception):
    """A step did not succeed; the text names what to do next."""


def render(source: Path) -> str:
    """Return the objects of a kustomization's folder, or of a file that was rendered before, as YAML. Raises RolloutError."""
    if source.is_file():
        return source.read_text(encoding="utf-8")
    if not source.is_dir():
        raise RolloutError(f"{source} is neither a folder with a kustomization nor a rendered file")
    return _run(["kustomize", str(source)])


def parse(manifests: str) -> list[Document]:
    """Return rendered YAML as objects: kubectl reads it, no cluster changes. Raises RolloutError."""
    printed = _run(["create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-"], manifests)
    objects: list[Document] = []
    decoder, position = json.JSONDecoder(), 0
    while position < len(printed.rstrip()):
        found, end = decoder.raw_decode(printed, position)
        objects += found["items"] if found["kind"] == "List" else [found]
        position = end + len(printed[end:]) - len(printed[end:].lstrip())
    return objects


def get(kind: str, name: str, namespace: str = "") -> Document | None:
    """Return an object of the cluster, or None. Raises RolloutError."""
    printed = _run(["get", kind, name, *_in(namespace), "--ignore-not-found", "-o", "json"])
    found: Document | None = json.loads(printed) if printed.strip() else None
    return found


def diff(objects: list[Document]) -> bool:
    """Print how objects differ from those of the cluster and return whether they do. Raises RolloutError."""
    done = subprocess.run(  # noqa: S603 - kubectl, as installed
        [_kubectl(), "diff", "-f", "-"], input=_json(objects), text=True, stderr=subprocess.PIPE, check=False
    )
    if done.returncode > DIFFERENT:
        raise RolloutError(f"kubectl diff failed: {done.stderr.strip()}")
    return done.returncode == DIFFERENT


def refuses(document: Document) -> str:
    """Return why the API server would not apply an object, or an empty text."""
    done = _try(["apply", "--dry-run=server", "-f", "-"], json.dumps(document))
    return done.stderr.strip() if done.returncode else ""


def apply(objects: list[Document]) -> None:
    """Apply objects; kubectl prints what became of each. Raises RolloutError."""
    done = subprocess.run([_kubectl(), "apply", "-f", "-"], input=_json(objects), text=True, check=False)  # noqa: S603 - as above
    if done.returncode:
        raise RolloutError("kubectl apply did not apply everything (see above); repeat after mending it")


def logs(job: str, namespace: str) -> str | None:
    """Return the log of a job's pod, or None where there is none any more."""
    done = _try(["logs", f"job/{job}", *_in(namespace), "--all-containers", "--prefix"])
    return None if done.returncode else done.stdout


def delete(kind: str, name: str, namespace: str) -> None:
    """Delete an object and wait until it is gone. Raises RolloutError."""
    _run(["delete", kind, name, *_in(namespace), "--ignore-not-found", "--cascade=foreground", "--timeout=5m"])


def remember(document: Document) -> None:
    """Write an object into the cluster's record of what was last applied, and nowhere else. Raises RolloutError."""
    _run(["apply", "set-last-applied", "-f", "-"], json.dumps(document))


def scale(deployment: str, namespace: str, current: int, replicas: int) -> bool:
    """Set the number of replicas if it is still the current one, and return whether it was."""
    numbers = [f"--current-replicas={current}", f"--replicas={replicas}"]
    return _try(["scale", "deployment", deployment, *_in(namespace), *numbers]).returncode == 0


def _in(namespace: str) -> list[str]:
    return ["--namespace", namespace] if namespace else []


def _json(objects: list[Document]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def _run(arguments: list[str], given: str | None = None) -> str:
    done = _try(arguments, given)
    if done.returncode:
        raise RolloutError(f"kubectl {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _try(arguments: list[str], given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_kubectl(), *arguments], input=given, text=True, capture_output=True, check=False)  # noqa: S603 - as above


def _kubectl() -> str:
    found = shutil.which("kubectl")
    if found is None:
        raise RolloutError("kubectl is not installed; put it on the PATH")
    sys.stdout.flush()
    return found
