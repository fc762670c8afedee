"""The Docker engine and the built images that the container tests use. Absent, they are errors: nothing is skipped."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WITH_ENGINE = ROOT / "deploy" / "docker" / "with-engine"
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
PRODUCT = "efa-marktplatz"
KAFKA = "efa-marktplatz-kafka-test"
LOCAL_BASE = "efa-marktplatz-base:bookworm"
_CALL_SECONDS = 300


@contextmanager
def docker_engine() -> Iterator[None]:
    """Have a Docker engine: the one that answers, else one that is started here and ended by its process id.

    Raises RuntimeError with what to install if none answers and none can be started.
    """
    with subprocess.Popen([WITH_ENGINE, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stderr is not None
        try:
            holder.stdin.write(b"up\n")
            holder.stdin.flush()
            answer = holder.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if answer != b"up\n":
            raise RuntimeError(holder.stderr.read().decode().strip() or "no Docker engine could be had")
        yield


def docker(*arguments: str, code: int = 0) -> str:
    """Return what a docker command prints. Raises RuntimeError with its words unless it ends with ``code``."""
    done = subprocess.run(
        ["docker", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_CALL_SECONDS, check=False
    )  # fmt: skip
    if done.returncode != code:
        raise RuntimeError(
            f"docker {' '.join(arguments[:3])} ended with {done.returncode}: {done.stderr.strip()}{done.stdout.strip()}"
        )
    return done.stdout


def built(name: str) -> str:
    """Return the reference of an image of this version. Raises RuntimeError if it has not been built."""
    reference = f"{name}:{VERSION}"
    try:
        docker("image", "inspect", "--format", "{{.Id}}", reference)
    except RuntimeError as error:
        raise RuntimeError(f"The image {reference} is not here; build it with 'make images'.") from error
    return reference
