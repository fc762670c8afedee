"""The S3-compatible server that tests share: SeaweedFS as a child process. It checks signatures."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from httpx_auth import AWS4Auth

from marktplatz.infrastructure.broker_process import free_port

ACCESS_KEY = "tests"
SECRET_KEY = "a-secret-of-tests"
HOST = "127.0.0.1"
STARTUP_SECONDS = 90
_ROLES = ("master", "volume", "filer", "s3")
_KEY = re.compile("<Key>([^<]+)</Key>")
_OPTIONS = {
    "ip": HOST,
    "s3.autoCreateBucket": "false",
    "s3.port.iceberg": "0",
    "s3.port.lance": "0",
    "master.telemetry": "false",
    "master.electionTimeout": "100ms",
    "master.volumeSizeLimitMB": "64",
    "volume.max": "1000",
}


class S3Server:
    """A server on this machine that can be stopped and started again with what was written. ``root`` is its own folder."""

    def __init__(self, root: Path) -> None:
        self.output = root / "output"
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None
        ports: set[int] = set()
        while len(ports) < 2 * len(_ROLES):
            ports.add(free_port())
        self._ports = {role: ports.pop() for role in _ROLES}
        self._grpc_ports = {role: ports.pop() for role in _ROLES}
        self._config = root / "identities.json"
        credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
        self._config.write_text(
            json.dumps({"identities": [{"name": "tests", "credentials": credentials, "actions": ["Admin"]}]}), encoding="utf-8"
        )
        (root / "data").mkdir()

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self._ports['s3']}"

    def start(self) -> None:
        """Start it and wait until it stores an object. Raises RuntimeError."""
        options = _OPTIONS | {"dir": str(self._root / "data"), "s3.config": str(self._config)}
        options |= {f"{role}.port": str(port) for role, port in self._ports.items()}
        options |= {f"{role}.port.grpc": str(port) for role, port in self._grpc_ports.items()}
        options |= {f"{role}.localSocket": str(self._root / f"{role}.sock") for role in ("filer", "s3")}
        command = [str(Path(sysconfig.get_path("scripts")) / "weed"), "server", "-s3"]
        with self.output.open("wb") as stream:
            self._process = subprocess.Popen(
                [*command, *(f"-{name}={value}" for name, value in options.items())],
                cwd=self._root,
                env=os.environ | {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(httpx.HTTPError):
                self.bucket(f"started-{secrets.token_hex(4)}")
                return
            time.sleep(0.1)
        raise RuntimeError(f"the S3-compatible server does not answer\n{self.output.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for role, port in self._grpc_ports.items():
            Path(f"/tmp/seaweedfs-{role}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108 - no option names another

    def bucket(self, name: str) -> None:
        """Create a bucket, empty, that can be written to without delay. Raises httpx.HTTPError."""
        self._call("PUT", name)
        self.put(f"{name}/first", b"")
        self._call("DELETE", f"{name}/first")

    def put(self, path: str, content: bytes) -> None:
        """Write an object. Raises httpx.HTTPError."""
        self._call("PUT", path, content)

    def keys(self, bucket: str) -> set[str]:
        """Return the keys of all objects, at most 1000, of a bucket. Raises httpx.HTTPError."""
        return set(_KEY.findall(self._call("GET", f"{bucket}?list-type=2")))

    def _call(self, method: str, path: str, content: bytes = b"") -> str:
        auth = AWS4Auth(ACCESS_KEY, SECRET_KEY, "eu-de-1", "s3")
        url = f"{self.endpoint}/{path}"
        return httpx.request(method, url, content=content, auth=auth, timeout=60, trust_env=False).raise_for_status().text


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
