"""The jars of Apache Kafka: fetched once by Maven, checked against committed sums at every use, kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from marktplatz.infrastructure.errors import Fault, InfrastructureError
from marktplatz.infrastructure.folders import make_writable
from marktplatz.infrastructure.install import MAVEN, install_command
from shared.process.files import shipped

VERSION = "4.3.1"
RECIPE = shipped("deploy", "dev")
_FETCH_SECONDS = 600


def cache_directory() -> Path:
    """Return the folder that holds the jars of this version, below ``XDG_CACHE_HOME`` or ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "efa-marktplatz" / f"kafka-{VERSION}"


def expected_sums() -> dict[str, str]:
    """Return the committed SHA-256 of each jar, by file name."""
    lines = (RECIPE / "kafka-jars.sha256").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def differences(folder: Path, sums: dict[str, str]) -> list[str]:
    """Return the names of files that are missing, foreign or changed; empty if the folder is exactly what ``sums`` lists."""
    present = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    wrong = set(sums) ^ set(present)
    for name in set(sums) & set(present):
        if hashlib.sha256(present[name].read_bytes()).hexdigest() != sums[name]:
            wrong.add(name)
    return sorted(wrong)


def jars_cached() -> bool:
    """Return whether the cache holds exactly the expected jars."""
    return not differences(cache_directory(), expected_sums())


def jars() -> Path:
    """Return a folder that holds exactly the expected jars, fetching them if need be.

    Several processes may do this at once: each fetches into a folder of its own, the first rename wins.
    Raises InfrastructureError if Maven is missing, fails, or delivers something else.
    """
    folder, sums = cache_directory(), expected_sums()
    if not differences(folder, sums):
        return folder
    make_writable(folder.parent, "The cache folder", "export XDG_CACHE_HOME=<a folder of yours>")
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as work:
        fetched = Path(work) / "jars"
        _fetch(fetched, Path(work) / "maven.log")
        wrong = differences(fetched, sums)
        if wrong:
            raise InfrastructureError(
                f"Maven delivered other jars than {RECIPE.name}/kafka-jars.sha256 lists: {', '.join(wrong[:5])}.",
                remedy="a proxy or mirror changes what it passes on; fetch from another one (~/.m2/settings.xml)",
                files=wrong,
            )
        if folder.exists() and differences(folder, sums):
            folder.rename(Path(work) / "damaged")
        try:
            fetched.rename(folder)
        except OSError:
            if differences(folder, sums):
                raise
    return folder


def _fetch(target: Path, log: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise InfrastructureError(
            "The jars of Apache Kafka are fetched by Maven, and 'mvn' is not installed.", remedy=install_command([MAVEN])
        )
    command = [maven, "-B", "-q", "-f", str(RECIPE / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    try:
        with log.open("wb") as output:
            done = subprocess.run(  # noqa: S603 - a fixed command
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, timeout=_FETCH_SECONDS, check=False
            )
    except subprocess.TimeoutExpired:
        raise _not_fetched(f"no end within {_FETCH_SECONDS} seconds") from None
    if done.returncode != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise _not_fetched(lines[0] if lines else f"exit code {done.returncode}")


def _not_fetched(reason: str) -> InfrastructureError:
    return InfrastructureError(
        f"Maven could not fetch the jars of Apache Kafka: {reason}",
        ways=[
            Fault(
                "network, if need be by a proxy or mirror (~/.m2/settings.xml)", f"mvn -f {RECIPE / 'pom.xml'} dependency:resolve"
            ),
            Fault("the jars of another machine", f"copy its {cache_directory()} to the same place here"),
        ],
    )
