"""``python -m deploy.generate.topics [--check]``: write the generated manifests, or report which differ from the registry."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.generate.kafka import (
    dead_letter_manifests,
    operations_manifests,
    recovery_manifests,
    topic_manifests,
    user_manifests,
)
from deploy.generate.scaling import scaled_objects
from deploy.generate.secrets import kafka_secrets, operations_secrets, recovery_secrets
from deploy.generate.written import present

FOLDER = Path(__file__).parents[2] / "deploy" / "components"
HEADER = "# Generated from shared/topics.py by 'python -m deploy.generate.topics'. Overlays change it by patches.\n"

FILES: Mapping[str, Callable[[], list[dict[str, Any]]]] = {
    "topics-users/topics.yaml": topic_manifests,
    "topics-users/dead-letters.yaml": dead_letter_manifests,
    "topics-users/users.yaml": user_manifests,
    "operations/user/user.yaml": operations_manifests,
    "operations/secret/secret.yaml": operations_secrets,
    "recovery/user/user.yaml": recovery_manifests,
    "recovery/secret/secret.yaml": recovery_secrets,
    "keda/scaledobjects.yaml": scaled_objects,
    "kafka-external/secrets/secrets.yaml": kafka_secrets,
}


class Dumper(yaml.SafeDumper):
    """Writes lists indented below their key, and no references between equal parts."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the library's own signature
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - as above
        return True


def text_of(manifests: Iterable[Mapping[str, Any]]) -> str:
    """Return manifests as a YAML file."""
    return HEADER + "---\n".join(yaml.dump(manifest, Dumper=Dumper, sort_keys=False, width=130) for manifest in manifests)


def stale(folder: Path) -> list[str]:
    """Return the generated files of the folder that are missing or differ from the registry."""
    return [name for name, make in FILES.items() if present(folder / name) != text_of(make())]


def write(folder: Path) -> list[str]:
    """Write what differs and return the names of the files."""
    changed = stale(folder)
    for name in changed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text_of(FILES[name]()), encoding="utf-8")
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.generate.topics", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is not up to date")
    chosen = parser.parse_args(arguments)
    differing = stale(FOLDER) if chosen.check else write(FOLDER)
    for name in differing:
        sys.stdout.write(f"{'not up to date' if chosen.check else 'written'}: deploy/components/{name}\n")
    return 1 if chosen.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
