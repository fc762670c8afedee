"""An overlay is brought into a cluster without the traps of a plain ``kubectl apply``."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.rollout import waiting
from tests.deploy.rollout.cluster import Cluster, cluster, made, migration, process, scaler

__all__ = ["cluster"]

NAMESPACE = made("Namespace", "marktplatz")
PROJECT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PAUSE", timedelta(0))


def test_a_first_installation_needs_no_diff_and_waits_until_all_works(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cluster.apply([NAMESPACE, migration("app:1"), process("ordering-api", 2), made("Kafka", "marktplatz")], "--yes") == 0
    assert set(cluster.objects) == {"namespace/marktplatz", "job/ordering-migrate", "deployment/ordering-api", "kafka/marktplatz"}
    assert "first installation: 4 objects" in capsys.readouterr().out


def test_a_migration_of_another_version_is_replaced_and_its_log_saved(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [migration("app:1"), migration("app:1", "notify-migrate")]
    assert cluster.apply(both, "--yes") == 0
    cluster.logs = {"ordering-migrate": "two indexes made", "notify-migrate": "nothing"}
    assert cluster.apply([migration("app:2"), both[1]], "--yes") == 0
    assert "Job ordering-migrate is replaced" in capsys.readouterr().out
    assert cluster.objects["job/ordering-migrate"]["spec"]["template"]["spec"]["containers"] == [{"image": "app:2"}]
    assert cluster.saved_logs == ["two indexes made"]
    assert [it.split()[:3] for it in cluster.changes] == [["delete", "job", "ordering-migrate"], ["apply", "-f", "-"]]


def test_a_log_that_is_gone_does_not_stop_the_upgrade(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster.apply([migration("app:1")], "--yes") == 0
    assert cluster.apply([migration("app:2")], "--yes") == 0
    assert "ordering-migrate has no log any more" in capsys.readouterr().out


def test_differences_are_shown_though_a_job_cannot_be_changed_and_nothing_is_changed(
    cluster: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    old = [migration("app:1"), made("ConfigMap", "platform", {"level": "INFO"})]
    assert cluster.apply(old, "--yes") == 0
    assert cluster.apply([migration("app:2"), made("ConfigMap", "platform", {"level": "DEBUG"})], "--diff") == 2
    shown = capfd.readouterr().out
    assert "+configmap/platform" in shown
    assert "Job ordering-migrate is replaced" in shown
    assert cluster.changes == []
    assert cluster.apply(old, "--diff") == 0


def test_a_migration_that_still_runs_is_not_taken_away(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.outcomes = {"ordering-migrate": ""}
    assert cluster.apply([migration("app:1")], "--yes", "--minutes=0") == 1
    assert cluster.apply([migration("app:2")], "--yes") == 1
    assert "Job ordering-migrate still runs" in capsys.readouterr().err
    assert cluster.changes == []


def test_a_migration_that_runs_already_is_waited_for(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.outcomes = {"ordering-migrate": ""}
    assert cluster.apply([migration("app:1")], "--yes", "--minutes=0") == 1
    assert "still not ready: Job ordering-migrate" in capsys.readouterr().err
    cluster.outcomes = {}
    assert cluster.apply([migration("app:1")], "--yes") == 0


def test_a_failed_migration_ends_the_wait_at_once_and_is_repeated_the_next_time(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.outcomes = {"ordering-migrate": "Failed"}
    assert cluster.apply([migration("app:1")], "--yes") == 1
    assert "Job ordering-migrate failed" in capsys.readouterr().err
    cluster.outcomes = {}
    assert cluster.apply([migration("app:1")], "--yes") == 0
    assert cluster.changes[0].startswith("delete job ordering-migrate")


def test_a_job_that_is_refused_for_another_reason_is_not_deleted(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster.apply([migration("app:1")], "--yes") == 0
    cluster.refused = {"ordering-migrate": "exceeded quota"}
    assert cluster.apply([migration("app:2")], "--yes") == 1
    assert "exceeded quota" in capsys.readouterr().err
    assert "job/ordering-migrate" in cluster.objects


def test_a_scaler_that_takes_over_finds_the_replicas_there_were(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster.apply([process("ordering-worker", 2)], "--yes") == 0
    cluster.change("deployment/ordering-worker", replicas=4)
    assert cluster.apply([process("ordering-worker"), scaler("ordering-worker", 2)], "--yes") == 0
    assert cluster.objects["deployment/ordering-worker"]["spec"]["replicas"] == 4
    assert "ordering-worker keeps its replicas" in capsys.readouterr().out
    assert cluster.apply([process("ordering-worker"), scaler("ordering-worker", 2)], "--diff") == 0


def test_a_process_that_is_new_starts_with_the_least_its_scaler_wants(cluster: Cluster) -> None:
    assert cluster.apply([process("ordering-worker"), scaler("ordering-worker", 2)], "--yes") == 0
    assert cluster.objects["deployment/ordering-worker"]["spec"]["replicas"] == 2


def test_what_a_paused_scaler_leaves_is_left(cluster: Cluster) -> None:
    assert cluster.apply([process("ordering-worker"), scaler("ordering-worker", 2)], "--yes") == 0
    cluster.change("deployment/ordering-worker", replicas=1)
    cluster.annotate("scaledobject/ordering-worker", "autoscaling.keda.sh/paused-replicas")
    assert cluster.apply([process("ordering-worker"), scaler("ordering-worker", 2)], "--yes") == 0
    assert cluster.objects["deployment/ordering-worker"]["spec"]["replicas"] == 1


def test_what_stands_still_is_started_only_on_request(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster.apply([process("catalog-worker", 2)], "--yes") == 0
    cluster.change("deployment/catalog-worker", replicas=0)
    assert cluster.apply([process("catalog-worker", 2)], "--yes") == 1
    assert "catalog-worker: stopped, and would be started" in capsys.readouterr().err
    assert cluster.objects["deployment/catalog-worker"]["spec"]["replicas"] == 0
    assert cluster.apply([process("catalog-worker", 2)], "--yes", "--start") == 0
    assert cluster.objects["deployment/catalog-worker"]["spec"]["replicas"] == 2


def test_nothing_happens_where_nobody_can_be_asked(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", open(os.devnull, encoding="utf-8"))  # noqa: PTH123, SIM115 - closed with the process
    assert cluster.apply([process("catalog-worker", 2)]) == 1
    assert "nobody is there to ask" in capsys.readouterr().err
    assert cluster.objects == {}


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("n\n", 1)], ids=["yes", "nothing", "no"])
def test_only_a_yes_is_a_yes(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    monkeypatch.setattr("sys.stdin", Terminal())
    assert cluster.apply([process("catalog-worker", 2)]) == code
    assert bool(cluster.objects) == (code == 0)


def test_what_could_not_be_applied_makes_the_command_fail(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.refused = {"platform": "forbidden"}
    assert cluster.apply([process("catalog-worker", 2)], "--yes") == 0
    assert cluster.apply([process("catalog-worker", 2), made("ConfigMap", "platform")], "--yes") == 1
    assert "kubectl diff failed" in capsys.readouterr().err


def test_what_does_not_become_ready_is_named(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.outcomes = {"ordering-api": "Progressing", "marktplatz": "NotReady"}
    objects = [process("ordering-api", 2), process("notify-api", 2), made("Kafka", "marktplatz")]
    assert cluster.apply(objects, "--yes", "--minutes=0") == 1
    assert "still not ready: Kafka marktplatz, Deployment ordering-api;" in capsys.readouterr().err


def test_a_source_that_is_none_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [PROJECT / "deploy" / "release" / "apply", tmp_path / "nothing"],
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.startswith("apply: ")) == (1, True)
    assert "neither a folder with a kustomization nor a rendered file" in done.stderr


def test_without_kubectl_the_failure_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = Cluster(tmp_path)
    (tmp_path / "kubectl").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cluster.apply([NAMESPACE]) == 1
    assert "kubectl is not installed" in capsys.readouterr().err
