"""The pods of the component ``backup`` as containers, hardened as in their manifests: a tool and the image with a pipe between."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage
import pytest

from deploy.checks.product.processes import is_ours
from tests.deploy.images.test_images_transfer import pod
from tests.support.docker import LOCAL_BASE, docker

KEY = pyrage.x25519.Identity.generate()
MEBIBYTES = 400
"""Size of a dump: more than the containers may use together."""
LINE = b"Erika Mustermann\n"
MONGODUMP = f"""#!/bin/bash
yes "Erika Mustermann" | head -c {MEBIBYTES}M
"""
MONGORESTORE = """#!/bin/bash
sha256sum > /tmp/sum
exec cat /tmp/sum
"""
SECONDS = 300
TMP = "/tmp"  # noqa: S108 - inside the container


@dataclass(frozen=True, slots=True)
class Pod:
    """The containers of a CronJob's pod; ``folders`` stand for the volumes that more than one of them sees, or the test."""

    file: str
    folders: Path
    product: str
    environment: dict[str, str]
    program: tuple[str, str]
    args: list[str] = field(default_factory=list)

    def folder(self, volume: str) -> Path:
        found = self.folders / volume
        found.mkdir(exist_ok=True)
        found.chmod(0o777)
        return found

    @contextmanager
    def running(self) -> Iterator[dict[str, str]]:
        """Start all containers and give their ids by name."""
        started: dict[str, str] = {}
        spec = pod("backup", self.file)
        try:
            for container in spec["containers"]:
                started[container["name"]] = docker("run", "--detach", *self._arguments(spec, container)).strip()
            yield started
        finally:
            for identity in started.values():
                docker("rm", "--force", identity)

    def ended(self) -> dict[str, tuple[int, str]]:
        """Run all containers to their end and return exit code and log of each."""
        with self.running() as started:
            return {name: ended(identity) for name, identity in started.items()}

    def _arguments(self, spec: Any, container: Any) -> list[str]:
        ours = is_ours(container)
        memory = container["resources"]["requests"]["memory"].replace("i", "")
        identity = "{runAsUser}:{runAsGroup}".format(**spec["securityContext"])
        given = ["--user", identity, "--network", "none", "--memory", memory, "--memory-swap", memory]
        given += ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        for mount in container["volumeMounts"]:
            if mount["mountPath"] == TMP:
                given += ["--tmpfs", f"{TMP}:rw,noexec,nosuid,nodev,size=16m,mode=1777"]
            else:
                mode = "ro" if mount.get("readOnly") else "rw"
                given += ["--volume", f"{self.folder(mount['name'])}:{mount['mountPath']}:{mode}"]
        if not ours:
            name, text = self.program
            (self.folders / name).write_text(text, encoding="utf-8")
            (self.folders / name).chmod(0o755)
            given += ["--volume", f"{self.folders / name}:/usr/local/bin/{name}:ro"]
        plain = {it["name"]: it["value"] for it in container.get("env", []) if "value" in it}
        for variable, value in (plain | self.environment).items():
            given += ["--env", f"{variable}={value}"]
        return [*given, self.product if ours else LOCAL_BASE, *(self.args or container["args"] if ours else container["command"])]


def ended(identity: str) -> tuple[int, str]:
    """Wait for the end of a container and return its exit code and log."""
    code = int(docker("wait", identity))
    return code, docker("logs", identity)


@pytest.fixture
def dumping(product: str, tmp_path: Path) -> Pod:
    address = "mongodb://backup:s3cret@mongodb/?authSource=admin"
    environment = {"STORE_BACKUP": address, "MARKTPLATZ_BACKUP_RECIPIENTS": str(KEY.to_public())}
    return Pod("backup.yaml", tmp_path, product, environment, ("mongodump", MONGODUMP))


def names(pod_: Pod) -> list[str]:
    return sorted(path.name for path in pod_.folder("backup").iterdir())


def test_a_dump_larger_than_memory_is_encrypted_and_comes_back_with_the_key_alone(dumping: Pod) -> None:
    done = dumping.ended()
    assert {name: code for name, (code, _) in done.items()} == {"mongodump": 0, "seal": 0}, done
    archive, checksum = names(dumping)
    assert checksum == f"{archive}.sha256"
    with (dumping.folder("backup") / archive).open("rb") as file:
        assert LINE not in file.read(2**24)

    args = ["unseal", f"/backup/{archive}", "/pipe"]
    folders = dumping.folders / "later"
    folders.mkdir()
    dumping.folder("backup").rename(folders / "backup")
    environment = {"STORE_RESTORE": "mongodb://restore:s3cret@mongodb/"}
    restoring = Pod("restore.yaml", folders, dumping.product, environment, ("mongorestore", MONGORESTORE), args)
    refused = restoring.ended()
    assert {name: code for name, (code, _) in refused.items()} == {"mongorestore": 1, "unseal": 1}
    for path in restoring.folder("pipe").iterdir():
        path.unlink()

    (restoring.folder("backup-identity") / "identity").write_text(f"{KEY}\n", encoding="utf-8")
    back = restoring.ended()
    assert {name: code for name, (code, _) in back.items()} == {"mongorestore": 0, "unseal": 0}, back
    whole = (LINE * (MEBIBYTES * 2**20 // len(LINE) + 1))[: MEBIBYTES * 2**20]
    assert hashlib.sha256(whole).hexdigest() in back["mongorestore"][1]


@pytest.mark.parametrize("killed", ["mongodump", "seal"])
def test_a_container_that_is_killed_fails_the_other_and_leaves_no_archive(dumping: Pod, killed: str) -> None:
    forever = ("mongodump", "#!/bin/bash\nexec yes Erika Mustermann\n")
    (own,) = [it["args"] for it in pod("backup", dumping.file)["containers"] if is_ours(it)]
    soon = [*own, "--wait", "20"]
    endless_dump = Pod(dumping.file, dumping.folders, dumping.product, dumping.environment, forever, soon)
    with endless_dump.running() as started:
        ends = time.monotonic() + SECONDS
        while not any(path.stat().st_size > 2**20 for path in endless_dump.folder("backup").iterdir()):
            assert time.monotonic() < ends
            time.sleep(0.2)
        docker("kill", started[killed])
        codes = {name: ended(identity)[0] for name, identity in started.items()}
    assert codes[killed] == 137
    assert all(codes.values()), codes
    assert not any(path.name.endswith((".age", ".sha256")) for path in endless_dump.folder("backup").iterdir())
