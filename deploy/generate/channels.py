"""``python -m deploy.generate.channels [--check]``: write what exists once per channel, or report what is not up to date.

That is the contract processor of each Anbieter, the alert that misses it with its unit tests, what Flux waits for, and the
group of the processors in the declared flows.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from deploy.generate.channel_tests import unit_tests
from deploy.generate.deployments import DEPLOYMENTS
from deploy.generate.topics import Dumper
from deploy.generate.written import present
from marktplatz.assembly import BUILDERS, SITES
from shared.channels import channel_file
from shared.messages.values import Channel

DEPLOY = Path(__file__).parents[1]
TEMPLATES = Path(__file__).parent / "templates"
PROCESSORS = "base/contracts/processors"
ALERTS = "components/alerts/contract-processors.yaml"
ALERT_TESTS = "components/alerts/tests/contract-processors.yaml"
FLUX = "gitops/flux/marktplatz.yaml"
FLOWS = "checks/product/flows.yaml"
HEADER = "# Generated from shared/channels by 'python -m deploy.generate.channels'{}\n"

_AWAITED = re.compile(r"(?<=  healthChecks:\n)(?:    - \{apiVersion: (?:batch|apps)/v1, .*\}\n)+")
_GROUP = re.compile(r"^  processors: \[.*\]$", re.MULTILINE)
_PROCESSORS = """apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources:
{resources}
configMapGenerator:
{settings}
"""
_RULES = """apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: marktplatz-contract-processors
  labels:
    app.kubernetes.io/part-of: efa-marktplatz
spec:
  groups:
    - name: marktplatz-contract-processors
      rules:
{rules}"""


def files(folder: Path = DEPLOY) -> dict[str, str]:
    """Return the text that each generated file must have, by its path in ``folder``.

    Raises ValueError as ``awaited`` and ``grouped``.
    """
    names = [channel.value for channel in Channel]
    resources = "\n".join(f"  - {name}.yaml" for name in names)
    settings = "\n".join(f"  - name: contracts-{name}\n    literals:\n      - KAFKA_CLIENT_ID=contracts-{name}" for name in names)
    listed = HEADER.format(".") + _PROCESSORS.format(resources=resources, settings=settings)
    of_template = HEADER.format("; change deploy/generate/templates/processor.yaml.")
    return {
        f"{PROCESSORS}/kustomization.yaml": listed,
        **{f"{PROCESSORS}/{name}.yaml": of_template + filled("processor.yaml", name) for name in names},
        ALERTS: HEADER.format("; change deploy/generate/templates/alert.yaml.")
        + _RULES.format(rules="".join(filled("alert.yaml", name) for name in names)),
        ALERT_TESTS: HEADER.format(".") + yaml.dump(unit_tests(), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=200),
        FLUX: awaited((folder / FLUX).read_text(encoding="utf-8")),
        FLOWS: grouped((folder / FLOWS).read_text(encoding="utf-8")),
    }


def filled(template: str, channel: str) -> str:
    """Return a template with a channel and the short name of its Anbieter put in."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    quoted = channel_file(channel).short_name.replace("'", "''")
    return text.replace("CHANNEL", channel).replace("ANBIETER", quoted)


def awaited(text: str) -> str:
    """Return Flux's Kustomization with all migrations and Deployments under ``healthChecks``.

    Raises ValueError if the text has no list of them.
    """
    jobs = sorted(f"{name.value}-migrate" for name in BUILDERS)
    deployments = sorted([*(process.name for process in DEPLOYMENTS), *SITES])
    rows = [("batch/v1", "Job", name) for name in jobs] + [("apps/v1", "Deployment", name) for name in deployments]
    lines = "".join(
        f"    - {{apiVersion: {version}, kind: {kind}, name: {name}, namespace: marktplatz}}\n" for version, kind, name in rows
    )
    written, count = _AWAITED.subn(lines, text)
    if count != 1:
        raise ValueError(f"{FLUX} needs one list under 'healthChecks:', each entry in one line")
    return written


def grouped(text: str) -> str:
    """Return the declared flows with the contract processors as a group. Raises ValueError if the text has no such group."""
    names = ", ".join(f"contracts-{channel.value}" for channel in Channel)
    written, count = _GROUP.subn(f"  processors: [{names}]", text)
    if count != 1:
        raise ValueError(f"{FLOWS} needs one group 'processors: […]' in one line")
    return written


def stale(folder: Path = DEPLOY) -> list[str]:
    """Return the generated files that are missing, differ, or belong to no channel any more."""
    wished = files(folder)
    found = {f"{PROCESSORS}/{path.name}" for path in (folder / PROCESSORS).glob("*.yaml")}
    differing = [name for name, text in wished.items() if present(folder / name) != text]
    return sorted([*differing, *(found - wished.keys())])


def write(folder: Path = DEPLOY) -> list[str]:
    """Write or remove what differs and return the names of the files."""
    changed, wished = stale(folder), files(folder)
    for name in changed:
        if name in wished:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(wished[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.generate.channels", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is not up to date")
    chosen = parser.parse_args(arguments)
    differing = stale() if chosen.check else write()
    for name in differing:
        sys.stdout.write(f"{'not up to date' if chosen.check else 'written'}: deploy/{name}\n")
    return 1 if chosen.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
