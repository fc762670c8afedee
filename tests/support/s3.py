"""The S3-compatible server that tests share: ``rclone serve s3`` over a folder, as a child process. It checks signatures."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ACCESS_KEY = "tests"
SECRET_KEY = "a-secret-of-tests"
STARTUP_SECONDS = 60


class S3Server:
    """A server on this machine that can be stopped and started again; ``folder`` holds a folder per bucket."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "buckets"
        self.folder.mkdir()
        self.port = _free_port()
        self.output = root / "output"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError."""
        command = [str(Path(sys.executable).with_name("rclone")), "serve", "s3", str(self.folder), "--dir-cache-time", "0s"]
        options = ["--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", ""]
        # On several processors its threads wait for each other by turning: many times the work.
        environment = {**os.environ, "GOMAXPROCS": "1"}
        with self.output.open("wb") as stream:
            self._process = subprocess.Popen([*command, *options], stdout=stream, stderr=subprocess.STDOUT, env=environment)
        until = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        raise RuntimeError(f"the S3-compatible server does not answer\n{self.output.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def bucket(self, name: str) -> Path:
        """Create a bucket and return the folder of its objects."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Give a running server. Raises RuntimeError if none can be had: the tests then fail."""
    with tempfile.TemporaryDirectory(prefix="marktplatz-s3-") as name:
        server = S3Server(Path(name))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def write_keys(folder: Path, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> tuple[Path, Path]:
    """Write a key as a mounted secret holds it and return the two files."""
    paths = folder / "access_key", folder / "secret_key"
    for path, text in zip(paths, (access_key, secret_key), strict=True):
        path.write_text(f"{text}\n", encoding="ascii")
    return paths


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
