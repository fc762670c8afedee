"""``python -m deploy.checks``: builds and judges every overlay and test combination; exit code 1 if anything is wrong."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from deploy.checks.generic.alerts import check_alert_files
from deploy.checks.generic.crds import DefinitionsMissingError
from deploy.checks.generic.idle import check_idle
from deploy.checks.generic.images import OVERLAYS
from deploy.checks.generic.objects import Objects
from deploy.checks.generic.overridable import check_overridable
from deploy.checks.generic.render import RenderError, kustomizations, label, render
from deploy.checks.generic.verdicts import guarded
from deploy.checks.product.gitops.rules import check_gitops, discover, rendered_once, signed
from deploy.checks.product.network import check_declared_names
from deploy.checks.product.rights import check_needless_rights
from deploy.checks.suite import check


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.checks", description=__doc__)
    parser.add_argument("overlays", nargs="*", help="for example overlays/prod; without any, all overlays and test combinations")
    parser.add_argument(
        "--mutations",
        action="store_true",
        help="plant every fault of the mutation set into a rendered overlay and print who caught it",
    )
    chosen = parser.parse_args(arguments)
    try:
        return _mutations() if chosen.mutations else _overlays(chosen.overlays)
    except (RenderError, DefinitionsMissingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _overlays(chosen: Sequence[str]) -> int:
    started, faults, total = time.monotonic(), 0, 0
    everything: list[Objects] = []
    folders = {label(folder): folder for folder in kustomizations()}
    if unknown := sorted(set(chosen) - folders.keys()):
        raise RenderError(f"there is no {', '.join(unknown)}; there are {', '.join(folders)}")
    names = list(chosen) or list(folders)
    with ThreadPoolExecutor(max_workers=2) as renderers:
        for objects in renderers.map(render, [folders[name] for name in names]):
            findings = check(objects) + sorted(guarded("check_idle", objects.overlay, check_idle(folders[objects.overlay])))
            if objects.overlay.startswith(OVERLAYS):
                findings += guarded("check_overridable", objects.overlay, check_overridable(objects))
            faults, total = faults + len(findings), total + len(objects)
            everything.append(objects)
            sys.stdout.write(f"{objects.overlay}: {len(objects)} objects, {len(findings)} faults\n")
            sys.stdout.writelines(f"  {finding}\n" for finding in findings)
    if not chosen:
        built = rendered_once(everything, render)
        findings = [
            *guarded("check_alert_files", "components/alerts", check_alert_files()),
            *guarded("check_declared_names", "flows.yaml", check_declared_names(everything)),
            *guarded("check_needless_rights", "components/staff", check_needless_rights(everything)),
            *sorted(
                {
                    it
                    for declared in (discover(), signed())
                    for it in guarded("check_gitops", "gitops", check_gitops(declared, built))
                }
            ),
        ]
        faults += len(findings)
        sys.stdout.writelines(f"{finding}\n" for finding in findings)
    sys.stdout.write(f"{len(names)} kustomizations, {total} objects, {faults} faults, {time.monotonic() - started:.1f} s\n")
    return 1 if faults else 0


def _mutations() -> int:
    from tests.deploy.manifests.planting import plant_all  # noqa: PLC0415 - the set lies with the tests, which a user of deploy/ may not have

    results = plant_all()
    width = max(len(result.name) for result in results)
    for result in results:
        verdict = "caught" if result.caught else "MISSED"
        sys.stdout.write(f"{verdict}  {result.name:<{width}}  {result.code:<24}  also: {', '.join(result.also) or '-'}\n")
    missed = [result for result in results if not result.caught]
    sys.stdout.write(f"{len(results)} faults planted, {len(results) - len(missed)} caught, {len(missed)} missed\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
