"""The MongoDB server that tests share: given, from an image, or a compatible one from the package registry."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure

from marktplatz.infrastructure.broker_process import free_port

STARTUP_SECONDS = 60
_PORT = 27017


@contextmanager
def mongodb_server() -> Iterator[str]:
    """Give the URL, without database, of a MongoDB server.

    ``MARKTPLATZ_TEST_MONGODB_URL`` if set; else ``MARKTPLATZ_TEST_MONGODB_IMAGE`` by testcontainers if set; else the
    package nx-27017 as a child process. Raises RuntimeError if no server can be had: the tests then fail.
    """
    given, image = os.environ.get("MARKTPLATZ_TEST_MONGODB_URL"), os.environ.get("MARKTPLATZ_TEST_MONGODB_IMAGE")
    if given:
        yield given
    elif image:
        with _container(image) as url:
            yield url
    else:
        with _child() as url:
            yield url


def database_url(server: str, database: str, *, scheme: str = "mongodb", **options: str | int) -> str:
    """Return the store URL of one database on the server, with the server's options and those given."""
    parts = urlsplit(server)
    query = "&".join(filter(None, [parts.query, *(f"{name}={value}" for name, value in options.items())]))
    return urlunsplit((scheme, parts.netloc, f"/{database}", query, ""))


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """Give the name of a database of the caller's own on the server; it is dropped at the end."""
    name = f"test_{secrets.token_hex(6)}"
    try:
        yield name
    finally:
        client: MongoClient[dict[str, object]] = MongoClient(server)
        client.drop_database(name)
        client.close()


@contextmanager
def _container(image: str) -> Iterator[str]:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - only where images can be had

    with DockerContainer(image).with_exposed_ports(_PORT) as container:
        url = f"mongodb://{container.get_container_host_ip()}:{container.get_exposed_port(_PORT)}"
        _await(url)
        yield url


@contextmanager
def _child() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="marktplatz-mongodb-") as name:
        folder = Path(name)
        port = free_port()
        command = [sys.executable, "-m", "nx_27017.nx_27017", "--host", "127.0.0.1", "--port", str(port)]
        files = ["--data-dir", str(folder / "data"), "--pid-file", str(folder / "pid"), "--log-file", str(folder / "log")]
        output = folder / "output"
        with output.open("wb") as stream:
            process = subprocess.Popen([*command, *files], stdout=stream, stderr=subprocess.STDOUT)
        try:
            url = f"mongodb://127.0.0.1:{port}"
            _await(url, process)
            yield url
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{output.read_text(errors='replace')[-2000:]}") from error
        finally:
            process.kill()
            process.wait()


def _await(url: str, process: subprocess.Popen[bytes] | None = None) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(url, serverSelectionTimeoutMS=500, directConnection=True)
    try:
        for _ in range(STARTUP_SECONDS * 2):
            if process is not None and process.poll() is not None:
                raise RuntimeError(f"the MongoDB-compatible server ended with code {process.returncode}")
            try:
                client.admin.command("ping")
            except ConnectionFailure:
                continue
            return
        raise RuntimeError(f"no MongoDB server answered within {STARTUP_SECONDS} s")
    finally:
        client.close()
