"""Stands in for kubectl and an API server: objects in a file, with what matters to a roll-out as Kubernetes has it.

A Job cannot be changed. 'apply' takes away what it applied before and does not find any more; a Deployment without a number then
has one replica. 'diff' fails as a whole at the first object that cannot be changed. What is ready, and when, the test says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("cluster.json")
LAST = "kubectl.kubernetes.io/last-applied-configuration"


class FailedError(Exception):
    """What kubectl prints before it ends with 1."""


def main(arguments: list[str]) -> int:
    cluster = json.loads(FILE.read_text())
    cluster["calls"].append(" ".join(arguments))
    command = next(it for it in COMMANDS if " ".join(arguments).startswith(it))
    try:
        return COMMANDS[command](cluster, arguments[len(command.split()) :])
    except FailedError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    finally:
        FILE.write_text(json.dumps(cluster))


def create(_: dict[str, Any], __: list[str]) -> int:
    for document in yaml.load_all(sys.stdin.read(), Loader=yaml.CSafeLoader):
        sys.stdout.write(json.dumps(document, indent=4) + "\n")
    return 0


def get(cluster: dict[str, Any], arguments: list[str]) -> int:
    found = cluster["objects"].get("/".join(arguments[:2]))
    sys.stdout.write(json.dumps(found) if found else "")
    return 0


def try_out(cluster: dict[str, Any], _: list[str]) -> int:
    refuse(cluster, json.loads(sys.stdin.read()))
    return 0


def remember(cluster: dict[str, Any], _: list[str]) -> int:
    document = json.loads(sys.stdin.read())
    cluster["objects"][key(document)]["metadata"]["annotations"][LAST] = json.dumps(document)
    return 0


def logs(cluster: dict[str, Any], arguments: list[str]) -> int:
    name = arguments[0].partition("/")[2]
    if name not in cluster["logs"]:
        raise FailedError("pods not found")
    sys.stdout.write(cluster["logs"][name])
    return 0


def delete(cluster: dict[str, Any], arguments: list[str]) -> int:
    cluster["objects"].pop("/".join(arguments[:2]), None)
    return 0


def scale(cluster: dict[str, Any], arguments: list[str]) -> int:
    numbers = dict(it.split("=") for it in arguments if "replicas=" in it)
    live = cluster["objects"]["/".join(arguments[:2])]
    if live["spec"]["replicas"] != int(numbers["--current-replicas"]):
        raise FailedError("Expected replicas to be another")
    live["spec"]["replicas"] = int(numbers["--replicas"])
    settle(cluster, live)
    return 0


def diff(cluster: dict[str, Any], _: list[str]) -> int:
    different = False
    for document in json.loads(sys.stdin.read())["items"]:
        try:
            refuse(cluster, document)
        except FailedError as error:
            sys.stderr.write(f"error: {error}\n")
            return 2
        live = cluster["objects"].get(key(document))
        if live is None or json.loads(live["metadata"]["annotations"][LAST]) != document:
            sys.stdout.write(f"+{key(document)}\n")
            different = True
    return 1 if different else 0


def apply(cluster: dict[str, Any], _: list[str]) -> int:
    code = 0
    for document in json.loads(sys.stdin.read())["items"]:
        try:
            refuse(cluster, document)
        except FailedError as error:
            sys.stderr.write(f"error: {error}\n")
            code = 1
            continue
        before = cluster["objects"].get(key(document))
        live = json.loads(json.dumps(document))
        live["metadata"].setdefault("annotations", {})[LAST] = json.dumps(document)
        if before is not None:
            live["metadata"]["annotations"] |= {k: v for k, v in before["metadata"]["annotations"].items() if k != LAST}
        if document["kind"] == "Deployment" and "replicas" not in document["spec"]:
            applied = json.loads(before["metadata"]["annotations"][LAST]) if before else document
            live["spec"]["replicas"] = 1 if before is None or "replicas" in applied["spec"] else before["spec"]["replicas"]
        cluster["objects"][key(document)] = live
        settle(cluster, live)
    return code


def refuse(cluster: dict[str, Any], document: dict[str, Any]) -> None:
    name = document["metadata"]["name"]
    if name in cluster["refused"]:
        raise FailedError(cluster["refused"][name])
    live = cluster["objects"].get(key(document))
    if document["kind"] == "Job" and live is not None and live["spec"]["template"] != document["spec"]["template"]:
        raise FailedError(f'The Job "{name}" is invalid: spec.template: Invalid value: field is immutable')


def settle(cluster: dict[str, Any], live: dict[str, Any]) -> None:
    """Change an object into what the test names: ready by default."""
    name, kind = live["metadata"]["name"], live["kind"]
    live["metadata"]["generation"] = 1
    outcome = cluster["outcomes"].get(name, {"Job": "Complete", "Kafka": "Ready", "Deployment": "Available"}.get(kind, ""))
    live["status"] = {"observedGeneration": 1, "conditions": [{"type": outcome, "status": "True"}] if outcome else []}
    if kind == "Deployment":
        ready = live["spec"]["replicas"] if outcome == "Available" else 0
        live["status"] |= {"replicas": live["spec"]["replicas"], "updatedReplicas": ready, "availableReplicas": ready}


def key(document: dict[str, Any]) -> str:
    return f"{document['kind'].lower()}/{document['metadata']['name']}"


COMMANDS: dict[str, Callable[[dict[str, Any], list[str]], int]] = {
    "create --dry-run=client": create,
    "get": get,
    "diff": diff,
    "apply --dry-run=server": try_out,
    "apply set-last-applied": remember,
    "apply": apply,
    "logs": logs,
    "delete": delete,
    "scale": scale,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
