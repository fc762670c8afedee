"""The templates that hold a backup volume for a copy, hardened as in their manifests: tar takes content out of it and into it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.checks.generic.render import DEPLOY, read_yaml
from tests.support.docker import LOCAL_BASE, docker

WRITERS = {"recovery": "jobs/backup.yaml", "backup": "backup.yaml"}
"""The manifest of the job that fills the volume, by component."""


def pod(component: str, file: str) -> Any:
    """Return the pod of a component's CronJob."""
    text = (DEPLOY / "components" / component / file).read_text(encoding="utf-8")
    (job,) = [document for document in read_yaml(text) if document["kind"] == "CronJob"]
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume with a backup in it, as the job writes it, and a container of the template that waits beside it."""

    name: str
    container: str
    mount: str
    user: int

    def tar(self, *arguments: str, given: bytes = b"") -> bytes:
        command = ["docker", "exec", "-i", self.container, "tar", *arguments]
        done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def seen_by_the_job(self, command: str) -> str:
        identity = f"{self.user}:{self.user}"
        return docker("run", "--rm", "--user", identity, "--volume", f"{self.name}:/v", LOCAL_BASE, "bash", "-c", command)


@pytest.fixture(params=sorted(WRITERS))
def volume(engine: None, request: pytest.FixtureRequest) -> Iterator[Volume]:  # noqa: ARG001 - needs the engine
    template = pod(request.param, "transfer/transfer.yaml")
    (container,) = template["containers"]
    (mount,) = container["volumeMounts"]
    user = pod(request.param, WRITERS[request.param])["securityContext"]["runAsUser"]
    name = f"transfer-{uuid4().hex}"
    docker("volume", "create", name)
    try:
        # As a volume with an fsGroup, and in it what only the job may read.
        fill = f"chown 0:{user} /v; chmod 2775 /v; umask 077; mkdir /v/b; echo one > /v/b/x; chown -R {user}:{user} /v/b"
        docker("run", "--rm", "--volume", f"{name}:/v", LOCAL_BASE, "bash", "-c", fill)
        hardened = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"]
        identity = "{runAsUser}:{runAsGroup}".format(**template["securityContext"])
        place = ["--user", identity, "--volume", f"{name}:{mount['mountPath']}"]
        running = docker("run", "--detach", *hardened, *place, LOCAL_BASE, *container["command"]).strip()
        try:
            yield Volume(name, running, mount["mountPath"], user)
        finally:
            docker("rm", "--force", running)
    finally:
        docker("volume", "rm", name)


def test_what_only_the_job_may_read_comes_out(volume: Volume, tmp_path: Path) -> None:
    archive = volume.tar("-c", "-C", volume.mount, "b")
    (tmp_path / "b.tar").write_bytes(archive)
    subprocess.run(["tar", "-x", "-C", tmp_path, "-f", tmp_path / "b.tar"], check=True)
    assert (tmp_path / "b" / "x").read_text(encoding="utf-8") == "one\n"


def test_what_goes_in_can_be_read_and_deleted_by_the_job(volume: Volume, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir(mode=0o700)
    (tmp_path / "c" / "y").write_text("two\n", encoding="utf-8")
    (tmp_path / "c" / "y").chmod(0o600)
    archive = subprocess.run(["tar", "-c", "-C", tmp_path, "c"], check=True, capture_output=True).stdout
    volume.tar("-x", "-C", volume.mount, given=archive)
    assert volume.seen_by_the_job("cat /v/c/y && rm -r /v/c && ls /v") == "two\nb\n"
