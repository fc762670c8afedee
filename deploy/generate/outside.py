"""``python -m deploy.generate.outside FOLDER``: Kafka users and topics of portals and partners, as a component of an overlay.

``FOLDER/values.yaml`` holds who they are. ``add`` and ``remove`` change that file and write the rest; ``--check`` writes nothing
and ends with 1 if a file is not up to date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.generate.kafka import Manifest, acl, topic_manifest, user_manifest
from deploy.generate.outside_values import (
    FILE,
    PARTNER_QUOTAS,
    PORTAL_QUOTAS,
    Authentication,
    Values,
    ValuesError,
    entry_of,
    read_values,
)
from deploy.generate.topics import Dumper
from deploy.generate.written import present
from shared.principals import OURS_OF_PARTNERS
from shared.topics import partner_topics

HEADER = f"# Generated from {FILE} by 'python -m deploy.generate.outside'.\n"
LABEL = "efa-marktplatz/outside"
"""Names the portal or partner that an object is there for: what goes with it goes by this label."""
GENERATED = ("kustomization.yaml", "users.yaml", "topics.yaml")


def user_manifests(values: Values) -> list[Manifest]:
    """Return the KafkaUser of every portal and partner."""
    return [
        _labelled(
            entry.id,
            user_manifest(principal, quotas, authentication=entry.authentication.value, component=principal.standing.value),
        )
        for principal, entry, quotas in values.everybody()
    ]


def topic_manifests(values: Values) -> list[Manifest]:
    """Return the KafkaTopics of every partner; portals read topics of ours."""
    return [_labelled(it, topic_manifest(topic)) for it in values.partner_ids() for topic in partner_topics(it)]


def patches(values: Values) -> list[dict[str, Any]]:
    """Return kustomize's patches that give our own users their rights on the partners' topics: ordering and recovery."""
    grants = {name: rights(values.partner_ids()) for name, rights in OURS_OF_PARTNERS.items()}
    return [
        {
            "target": {"kind": "KafkaUser", "name": name},
            "patch": _dump([{"op": "add", "path": "/spec/authorization/acls/-", "value": acl(it)} for it in given]),
        }
        for name, given in grants.items()
        if given
    ]


def files(values: Values) -> dict[str, str]:
    """Return the text of every generated file by its name; without portals and partners, a component that adds nothing."""
    manifests = {"users.yaml": user_manifests(values), "topics.yaml": topic_manifests(values)}
    made = {name: _documents(found) for name, found in manifests.items() if found}
    kustomization: dict[str, Any] = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
    if made:
        kustomization["resources"] = sorted(made)
    if found := patches(values):
        kustomization["patches"] = found
    return {"kustomization.yaml": HEADER + _dump(kustomization), **made}


def stale(folder: Path, values: Values) -> list[str]:
    """Return the generated files that are missing, differ, or are there in vain."""
    wished = files(values)
    return [name for name in GENERATED if present(folder / name) != wished.get(name)]


def write(folder: Path, values: Values) -> list[str]:
    """Write or remove what differs and return the names of the files."""
    changed, wished = stale(folder, values), files(values)
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in wished:
            (folder / name).write_text(wished[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    chosen = _parser().parse_args(arguments)
    folder: Path = chosen.folder
    try:
        if chosen.command == "add":
            values = _added(folder, chosen)
        elif chosen.command == "remove":
            values = read_values(folder).without(chosen.id)
        else:
            values = read_values(folder)
    except ValuesError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if chosen.check:
        differing = stale(folder, values)
    else:
        differing = write(folder, values)
        if chosen.command:
            (folder / FILE).write_text(values.text(), encoding="utf-8")
            differing = [FILE, *differing]
    for name in differing:
        sys.stdout.write(f"{'not up to date' if chosen.check else 'written'}: {folder / name}\n")
    return 1 if chosen.check and differing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.generate.outside", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the component, for example deploy/overlays/hier/outside")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is not up to date")
    commands = parser.add_subparsers(dest="command")
    add = commands.add_parser("add", help="add a portal or partner and write the files")
    add.add_argument("part", choices=("portal", "partner"))
    add.add_argument("id")
    add.add_argument("--authentication", choices=[it.value for it in Authentication], default=Authentication.SCRAM.value)
    add.add_argument("--producer-bytes", type=int, help="bytes per second and broker that it may write")
    add.add_argument("--consumer-bytes", type=int, help="bytes per second and broker that it may read")
    add.add_argument("--request-percentage", type=int, help="percent of a broker's request thread that it may use")
    add.add_argument("--note", default="", help="free text for the values file, no personal data")
    remove = commands.add_parser("remove", help="remove a portal or partner and write the files")
    remove.add_argument("id")
    return parser


def _added(folder: Path, chosen: argparse.Namespace) -> Values:
    """Return the values with the one that the arguments name. Raises ValuesError."""
    values = read_values(folder) if (folder / FILE).exists() else Values()
    default = PORTAL_QUOTAS if chosen.part == "portal" else PARTNER_QUOTAS
    given = {
        "produced": chosen.producer_bytes,
        "consumed": chosen.consumer_bytes,
        "percentage": chosen.request_percentage,
    }
    named = {name: value for name, value in given.items() if value is not None}
    entry = entry_of(
        id=chosen.id,
        authentication=chosen.authentication,
        quotas=(default.model_dump() | named) if named else None,
        note=chosen.note,
    )
    return values.with_one(chosen.part, entry)


def _labelled(identity: str, manifest: Manifest) -> Manifest:
    found = manifest["metadata"]
    return manifest | {"metadata": found | {"labels": {LABEL: identity, **found["labels"]}}}


def _documents(manifests: Iterable[Mapping[str, Any]]) -> str:
    return HEADER + "---\n".join(map(_dump, manifests))


def _dump(content: object) -> str:
    text: str = yaml.dump(content, Dumper=_BlockDumper, sort_keys=False, width=130)
    return text


class _BlockDumper(Dumper):
    """Writes texts of several lines as blocks."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_BlockDumper.add_representer(str, _block)


if __name__ == "__main__":
    sys.exit(main())
