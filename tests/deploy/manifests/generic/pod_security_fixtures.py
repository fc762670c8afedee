"""The fixtures of Kubernetes' own Pod Security admission: pods that a level must let pass, and pods that it must refuse.

``python -m tests.deploy.manifests.generic.pod_security_fixtures v0.37.2`` fetches that version of the Go module by ``go mod download``
and writes the archive.
"""

from __future__ import annotations

import io
import json
import lzma
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from deploy.checks.generic.core_schemas import MINORS
from deploy.checks.generic.objects import Document
from deploy.checks.generic.pod_security.standard import Level
from deploy.checks.generic.render import read_yaml

MODULE = "k8s.io/pod-security-admission"
ARCHIVE = Path(__file__).resolve().parents[1] / "data" / "pod-security-admission.tar.xz"
VERSION, LICENCE = "VERSION", "LICENSE"
"""Files of the archive beside the fixtures: module with version, and its licence."""
PASS, FAIL = "pass", "fail"


@dataclass(frozen=True, slots=True)
class Fixture:
    """A pod of a level in a minor version of Kubernetes, in the file ``name``; ``passes`` is the verdict that the level must give."""

    level: Level
    minor: str
    passes: bool
    name: str
    pod: Document

    @property
    def check(self) -> str:
        """What upstream calls the check that the file is about: ``hostports`` for ``hostports0.yaml``."""
        return self.name.rstrip("0123456789")

    def __str__(self) -> str:
        return f"{self.level.value}-{self.minor}-{PASS if self.passes else FAIL}-{self.name}"


@cache
def fixtures() -> tuple[Fixture, ...]:
    """Return the fixtures of the archive in its order."""
    found = []
    for path, content in _files().items():
        if path.suffix == ".yaml":
            level, version, verdict = path.parts[:-1]
            [pod] = read_yaml(content)
            found.append(Fixture(Level(level), version.removeprefix("v"), verdict == PASS, path.stem, pod))
    return tuple(found)


def licence() -> str:
    """Return the licence that came with the fixtures."""
    return _files()[PurePosixPath(LICENCE)]


def source() -> str:
    """Return module and version that the fixtures are of."""
    return _files()[PurePosixPath(VERSION)].strip()


@cache
def _files() -> dict[PurePosixPath, str]:
    with tarfile.open(ARCHIVE) as archive:
        members = [(member, archive.extractfile(member)) for member in archive.getmembers()]
        return {PurePosixPath(member.name): file.read().decode() for member, file in members if file is not None}


def refresh(version: str) -> int:
    """Write the archive from a version of the module, and return the number of fixtures. Raises CalledProcessError."""
    module = f"{MODULE}@{version}"
    done = subprocess.run(["go", "mod", "download", "-json", module], check=True, capture_output=True, text=True)
    folder = Path(json.loads(done.stdout)["Dir"])
    data = folder / "test" / "testdata"
    files = [
        file
        for level in Level
        for minor in MINORS
        for verdict in (PASS, FAIL)
        for file in sorted((data / level.value / f"v{minor}" / verdict).iterdir())
    ]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, VERSION, f"{module}\n".encode())
        _add(archive, LICENCE, (folder / LICENCE).read_bytes())
        for file in files:
            _add(archive, file.relative_to(data).as_posix(), file.read_bytes())
    ARCHIVE.write_bytes(lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    return len(files)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file with nothing of the machine in its header: one version makes one archive."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o644
    archive.addfile(member, io.BytesIO(content))


if __name__ == "__main__":
    sys.stdout.write(f"{refresh(sys.argv[1])} fixtures in {ARCHIVE.name}\n")
