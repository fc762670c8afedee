"""``deploy/release/apply OVERLAY``: show what would change, then apply it and wait until it works."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.rollout import kubectl
from deploy.rollout.kubectl import RolloutError
from deploy.rollout.plan import Plan, minimums, name_of, namespace_of, plan
from deploy.rollout.waiting import wait

DESCRIPTION = """\
Shows how an overlay differs from the cluster, asks, then applies it and waits until it works. What a plain 'kubectl apply'
cannot do: a migration whose Job would change is replaced once it has ended, and its log is saved; where a scaler takes over the
number of replicas, the number stays instead of falling to one; a new process starts with the least number that its scaler
wants; nothing that somebody stopped is started unasked. Needs Python 3.11 and kubectl."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code: 0 done (with ``--diff``: nothing to do), 1 failed or refused, 2 differences."""
    chosen = _parser().parse_args(arguments)
    try:
        objects = kubectl.parse(kubectl.render(chosen.overlay))
        planned = plan(objects)
        changes = _show(planned)
        if chosen.diff:
            return 2 if changes else 0
        _permit(planned, start=chosen.start, yes=chosen.yes)
        _keep_logs(planned, chosen.logs)
        _carry_out(planned)
        wait(objects, timedelta(minutes=chosen.minutes))
    except RolloutError as error:
        sys.stderr.write(f"apply: {error}\n")
        return 1
    sys.stdout.write("everything is applied and ready\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deploy/release/apply", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overlay", type=Path, help="folder of the overlay, or a file rendered before (manifest.yaml of a bundle)")
    parser.add_argument("--diff", action="store_true", help="only show what would change; exit code 2 if anything would")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--start", action="store_true", help="start what stands still with 0 replicas")
    parser.add_argument("--logs", type=Path, default=Path("migration-logs"), help="folder for logs of jobs that are replaced")
    parser.add_argument("--minutes", type=int, default=75, help="how long to wait (75: a migration has an hour)")
    return parser


def _show(planned: Plan) -> bool:
    """Print what would change and return whether anything would."""
    if planned.first:
        sys.stdout.write(f"first installation: {len(planned.objects)} objects\n")
        return True
    different = kubectl.diff(planned.lasting)
    for job in planned.jobs:
        sys.stdout.write(f"Job {name_of(job)} is replaced: its log is saved, then it runs again\n")
    for deployment in planned.handed_over:
        sys.stdout.write(f"Deployment {name_of(deployment)} keeps its replicas; from now on a scaler decides\n")
    new = [it for it in planned.objects if it["kind"] == "Job" and kubectl.get("job", name_of(it), namespace_of(it)) is None]
    for job in new:
        sys.stdout.write(f"Job {name_of(job)} runs\n")
    return different or bool(planned.jobs or planned.handed_over or new)


def _permit(planned: Plan, *, start: bool, yes: bool) -> None:
    """Ask whoever runs this. Raises RolloutError if the answer is no, or if what stands still would be started unasked."""
    if planned.stopped and not start:
        stopped = ", ".join(planned.stopped)
        raise RolloutError(f"{stopped}: stopped, and would be started; nothing was changed. If that is meant: --start")
    if yes:
        return
    if not sys.stdin.isatty():
        raise RolloutError("nobody is there to ask; nothing was changed. Without asking: --yes")
    sys.stdout.write("Apply this? [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes", "j", "ja"):
        raise RolloutError("nothing was changed")


def _keep_logs(planned: Plan, folder: Path) -> None:
    """The log is the only record of what a migration did, and it goes with the job."""
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    for job in planned.jobs:
        content = kubectl.logs(name_of(job), namespace_of(job))
        if content is None:
            sys.stdout.write(f"Job {name_of(job)} has no log any more\n")
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{at}-{name_of(job)}.log").write_text(content, encoding="utf-8")


def _carry_out(planned: Plan) -> None:
    for job in planned.jobs:
        kubectl.delete("job", name_of(job), namespace_of(job))
    for deployment in planned.handed_over:
        kubectl.remember(deployment)
    kubectl.apply(planned.objects)
    for (namespace, name), least in minimums(planned.objects).items():
        live = kubectl.get("deployment", name, namespace)
        if live is not None and live["spec"]["replicas"] == 1 < least and kubectl.scale(name, namespace, 1, least):
            sys.stdout.write(f"Deployment {name} starts with {least} replicas\n")


if __name__ == "__main__":
    sys.exit(main())
