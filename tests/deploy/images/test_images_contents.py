"""What the image is and holds: small, no shell, no installer, nothing writable, labelled, the same when built again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.support.docker import LOCAL_BASE, ROOT, VERSION, docker

LARGEST = 120_000_000
HARDENED = (
    "--read-only",
    "--tmpfs",
    "/tmp:noexec",  # noqa: S108 - inside the container
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
    "--user",
    "10001:10001",
)
"""How every container of the product runs."""

SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "toybox"}
INSTALLERS = {"pip", "pip3", "apt", "apt-get", "dpkg", "perl", "curl", "wget", "ensurepip"}
OF_A_BUILD = ("shared", "services", "marktplatz", "data", "requirements", "deploy/docker", "deploy/dev")
EXPORTS_A_SPAN = """
import os, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        print(self.path, b"send mail" in body, b"notify-worker" in body, b"ValueError" in body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
from shared.tracing import setup, spans

setup.start("notify-worker")
try:
    with spans.recorded_span("send mail", spans.Kind.CLIENT, "notify", None, {"notification.id": "n"}):
        raise ValueError
except ValueError:
    spans.stop()
"""
PARTS = 3
"""The layers with files: of the system, of the packages and of the application."""
Entry = tuple[int, int, int, float, bytes, str, str]
"""Mode, owner, group, time, type, target of a link and digest of the content."""


@pytest.fixture(scope="module")
def config(product: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", product))[0]
    return found


@pytest.fixture(scope="module")
def members(product: str, tmp_path_factory: pytest.TempPathFactory) -> list[tarfile.TarInfo]:
    """The entries of the image's layers: what the engine adds to a container's file system is not among them."""
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    docker("image", "save", "--output", str(archive), product)
    return [member for layer in _layers(archive) for member, _ in layer]


def _layers(archive: Path) -> Iterator[list[tuple[tarfile.TarInfo, bytes]]]:
    """Each layer of a saved image: its entries with their contents, which are empty for what is no file."""
    with tarfile.open(archive) as image:
        manifest = json.load(image.extractfile("manifest.json") or pytest.fail("no manifest"))
        for layer in manifest[0]["Layers"]:
            with tarfile.open(fileobj=image.extractfile(layer)) as content:
                yield [(member, _content(content, member)) for member in content]


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member) if member.isfile() else None
    return b"" if file is None else file.read()


def python(product: str, program: str, *options: str, code: int = 0) -> str:
    """Run a program with the image's Python, hardened."""
    return docker("run", "--rm", *HARDENED, *options, "--entrypoint", "/usr/bin/python3", product, "-c", program, code=code)


def test_the_image_is_smaller_than_120_mb(config: dict[str, Any]) -> None:
    assert config["Size"] < LARGEST


def test_it_runs_as_a_numeric_user_without_rights(config: dict[str, Any]) -> None:
    assert config["Config"]["User"] == "10001:10001"


def test_the_entry_point_is_the_command_line(config: dict[str, Any], product: str) -> None:
    assert config["Config"]["Entrypoint"] == ["/usr/bin/python3", "-P", "-m", "marktplatz"]
    assert "ordering.order.v1" in docker("run", "--rm", *HARDENED, "--env", "COLUMNS=200", product, "topics", "list")


def test_spans_are_sent_by_what_is_left_of_opentelemetry(product: str) -> None:
    assert python(product, EXPORTS_A_SPAN).split() == ["/v1/traces", "True", "True", "True"]


def test_labels_say_what_it_is_and_where_it_comes_from(config: dict[str, Any]) -> None:
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Config"]["Labels"].items()}
    assert labels["title"] == "EfA-Marktplatz"
    assert labels["licenses"] == "EUPL-1.2"
    assert labels["version"] == VERSION
    assert set(labels) >= {"description", "revision", "source", "created", "base.name", "base.digest"}
    assert labels["base.digest"].startswith("sha256:")


def test_the_environment_holds_no_secret_and_no_path_of_the_build_machine(config: dict[str, Any]) -> None:
    assert {entry.partition("=")[0] for entry in config["Config"]["Env"]} == {
        "PATH", "LANG", "HOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONNOUSERSITE", "SSL_CERT_FILE",
        "MARKTPLATZ_HOST", "MARKTPLATZ_PORT",
    }  # fmt: skip


def test_there_is_no_shell_no_installer_and_one_program(members: list[tarfile.TarInfo]) -> None:
    found = [member.name for member in members if not member.isdir() and PurePosixPath(member.name).name in SHELLS | INSTALLERS]
    assert found == []
    programs = [member.name for member in members if member.isfile() and "/bin/" in f"/{member.name}"]
    assert programs == ["usr/bin/python3.11"]


def test_a_shell_cannot_be_started(product: str) -> None:
    for shell in ("/bin/sh", "/bin/bash", "/usr/bin/sh"):
        docker("run", "--rm", "--entrypoint", shell, product, code=127)


def test_nothing_but_tmp_may_be_written_by_others_and_nothing_raises_rights(members: list[tarfile.TarInfo]) -> None:
    assert [member.name for member in members if member.mode & 0o022 and not member.issym()] == ["tmp"]
    assert not [member.name for member in members if member.mode & 0o6000]
    assert {(member.uid, member.gid) for member in members} == {(0, 0)}


def test_writing_outside_tmp_is_refused(product: str) -> None:
    program = (
        "import pathlib\n"
        "pathlib.Path('/tmp/probe').write_text('x')\n"
        "refused = []\n"
        "for folder in ('/', '/app', '/etc', '/var/lib', '/usr/lib', '/app/shared/__pycache__'):\n"
        "    try:\n"
        "        pathlib.Path(folder, 'probe').write_text('x')\n"
        "    except OSError as error:\n"
        "        refused.append(error.errno)\n"
        "print(refused)\n"
    )
    read_only = 30
    assert python(product, program).strip() == str([read_only] * 6)


def test_it_has_no_capability_and_cannot_gain_any(product: str) -> None:
    status = dict(
        line.split(":\t") for line in python(product, "print(open('/proc/self/status').read())").splitlines() if ":\t" in line
    )
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"


def test_every_debian_package_comes_with_its_licence_text(members: list[tarfile.TarInfo], product: str) -> None:
    packages = {PurePosixPath(member.name).name for member in members if "/status.d/" in member.name and member.isfile()}
    assert len(packages) > 10
    missing = (
        "import pathlib\n"
        "for path in pathlib.Path('/var/lib/dpkg/status.d').iterdir():\n"
        "    if not pathlib.Path('/usr/share/doc', path.name, 'copyright').resolve().is_file():\n"
        "        print(path.name)\n"
    )
    assert python(product, missing) == ""


def test_all_modules_import_and_nothing_that_is_imported_lacks_its_bytecode(product: str) -> None:
    program = (
        "import sys, pathlib\n"
        "import marktplatz.process\n"
        "files = [m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None) and m.__file__.endswith('.py')]\n"
        "cached = [m.__cached__ for m in sys.modules.values() if getattr(m, '__cached__', None)]\n"
        "print(len(files), [name for name in cached if not pathlib.Path(name).exists()])\n"
    )
    count, missing = python(product, program).strip().split(" ", 1)
    assert int(count) > 500
    assert missing == "[]"


def test_tls_trusts_debians_certificate_bundle(product: str) -> None:
    program = "import ssl; c = ssl.create_default_context(); print(c.cert_store_stats()['x509_ca'])"
    assert int(python(product, program)) > 100


def test_a_missing_setting_is_said_and_ends_with_an_error(product: str) -> None:
    assert docker("run", "--rm", *HARDENED, product, "run", "contracts", "all", code=2) == ""


def test_two_builds_of_the_same_sources_have_the_same_layers_and_configuration(product: str, tmp_path: Path) -> None:
    """Compared are each layer's entries (path, mode, owner, time, link and content) and the configuration.

    Not compared is what the engine adds: the hour of the build in the image's digest, and in a layer's digest the order of the
    entries, which this engine takes once from a walk of the folders and once from the sorted paths.
    """
    del product
    built = [_build_a_copy(tmp_path / str(number), f"efa-marktplatz-again-{number}", *options)
             for number, options in enumerate(((), ("--no-cache",)))]  # fmt: skip
    (first_layers, first_config), (second_layers, second_config) = built
    assert all(first_layers[:PARTS])
    assert first_layers == second_layers
    assert first_config == second_config


def _build_a_copy(folder: Path, image: str, *options: str) -> tuple[list[dict[str, Entry]], dict[str, Any]]:
    """Build from a fresh copy of the sources, whose files have other times, and return the image's layers and configuration."""
    for name in OF_A_BUILD:
        shutil.copytree(ROOT / name, folder / name, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", ".dockerignore"):
        shutil.copyfile(ROOT / name, folder / name)
    build = folder / "deploy" / "docker" / "build"
    build.chmod(0o755)
    local = "local" if docker("image", "ls", "--quiet", LOCAL_BASE) else os.environ.get("MARKTPLATZ_BASE", "")
    environment = {**os.environ, "MARKTPLATZ_IMAGE": image, "SOURCE_DATE_EPOCH": "1767225600"} | (
        {"MARKTPLATZ_BASE": local} if local else {}
    )
    done = subprocess.run([build, *options], env=environment, capture_output=True, text=True, check=False, timeout=280)
    try:
        assert done.returncode == 0, done.stderr[-2000:]
        found: dict[str, Any] = json.loads(docker("image", "inspect", f"{image}:{VERSION}"))[0]
        docker("image", "save", "--output", str(folder / "image.tar"), f"{image}:{VERSION}")
    finally:
        docker("image", "rm", "--force", f"{image}:{VERSION}")
    return [dict(map(_entry, layer)) for layer in _layers(folder / "image.tar")], found["Config"]


def _entry(entry: tuple[tarfile.TarInfo, bytes]) -> tuple[str, Entry]:
    member, content = entry
    digest = hashlib.sha256(content).hexdigest()
    return member.name, (member.mode, member.uid, member.gid, member.mtime, member.type, member.linkname, digest)
