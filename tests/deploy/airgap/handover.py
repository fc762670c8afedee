"""Two registries that never meet, a copy of the project to release from, and the scripts that carry images between them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.checks.generic.objects import Objects, text
from deploy.checks.generic.pods import workloads
from marktplatz.infrastructure.broker_process import free_port
from tests.support.docker import PRODUCT, ROOT, VERSION

FETCHED = ROOT / "build" / "tools" / "bin"
RELEASED = f"{PRODUCT}-documents"
"""The image that is released: the one with the typesetter, which takes the place of the other for all processes."""
SBOM = ROOT / "build" / "sbom-documents" / "sbom.cdx.json"
OVERLAYS = ("airgap", "prod")
"""What is carried in, and what it is made of: publishing renders every overlay that there is."""
REPOSITORY = "marktplatz/efa-marktplatz"
MANIFESTS = f"{REPOSITORY}-manifests"
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_KIND = "dev.cosignproject.cosign/"
_PATIENCE_SECONDS = 60
_CALL_SECONDS = 200


def environment() -> dict[str, str]:
    """Return the variables that the scripts run with: the fetched tools are found, trial registries speak no TLS."""
    path = f"{FETCHED}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "COSIGN_PASSWORD": "a trial", "PLAIN_HTTP": "yes", "PYTHON": sys.executable}


def require_tools() -> None:
    """Raise RuntimeError with what to do if a tool is missing."""
    path = environment()["PATH"]
    missing = [
        tool for tool in ("cosign", "oras", "docker-registry", "kubectl", "docker") if shutil.which(tool, path=path) is None
    ]
    if missing:
        raise RuntimeError(
            f"{', '.join(missing)} not found: 'make test-airgap' or deploy/release/tools fetches cosign, oras, docker-registry"
        )
    if not SBOM.is_file():
        raise RuntimeError(f"{SBOM.relative_to(ROOT)} is not here; 'make sbom' writes it")


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the tools of the hand-over on its path."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={**environment(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_CALL_SECONDS,
        check=False,
    )


def succeeded(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    """Return what a command prints. Raises RuntimeError with its complaint."""
    done = run(*command, cwd=cwd, **variables)
    if done.returncode:
        raise RuntimeError(f"{' '.join(str(word) for word in command[:3])} ended with {done.returncode}: {done.stderr}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry on the loopback address."""

    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def digest(self, repository: str, reference: str) -> str | None:
        """Return the digest that a tag or digest leads to, or None."""
        answer = httpx.head(self._manifest(repository, reference), headers={"Accept": ", ".join(MANIFEST_TYPES)})
        return answer.headers["Docker-Content-Digest"] if answer.status_code == httpx.codes.OK else None

    def mount(self, source: str, target: str, reference: str) -> None:
        """Give a repository an image of another one, without its signatures. Raises httpx.HTTPStatusError."""
        answer = httpx.get(self._manifest(source, reference), headers={"Accept": ", ".join(MANIFEST_TYPES)}).raise_for_status()
        for part in (answer.json()["config"], *answer.json()["layers"]):
            mounted = httpx.post(f"http://{self.address}/v2/{target}/blobs/uploads/?mount={part['digest']}&from={source}")
            mounted.raise_for_status()
        self.put(target, reference, answer.headers["Content-Type"], answer.content)

    def put(self, repository: str, reference: str, media_type: str, manifest: bytes) -> None:
        """Store a manifest. Raises httpx.HTTPStatusError."""
        httpx.put(
            self._manifest(repository, reference), content=manifest, headers={"Content-Type": media_type}
        ).raise_for_status()

    def repositories(self) -> list[str]:
        """Return what lies here."""
        found: dict[str, Any] = httpx.get(f"http://{self.address}/v2/_catalog").raise_for_status().json()
        return list(found["repositories"])

    def _manifest(self, repository: str, reference: str) -> str:
        return f"http://{self.address}/v2/{repository}/manifests/{reference}"


@contextmanager
def serving(folder: Path, port: int | None = None) -> Iterator[Registry]:
    """Run an empty registry that keeps its data in a folder; end it by its process. Raises RuntimeError with its log."""
    registry = Registry(port or free_port())
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "config.yml"
    configuration.write_text(
        f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\nhttp: {{addr: '{registry.address}'}}\n",
        encoding="utf-8",
    )
    log = folder / "log"
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            ["docker-registry", "serve", configuration], env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        ) as process,
    ):
        try:
            _await(registry, process, log)
            yield registry
        finally:
            process.terminate()


def _await(registry: Registry, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"http://{registry.address}/v2/").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the registry did not come up: {log.read_text(encoding='utf-8')[-1000:]}")


@dataclass(frozen=True, slots=True)
class Keys:
    """A pair of cosign keys that lives as long as the test."""

    private: Path
    public: Path

    @classmethod
    def made(cls, folder: Path) -> Keys:
        """Make a pair in a new folder."""
        folder.mkdir(parents=True)
        succeeded("cosign", "generate-key-pair", cwd=folder)
        return cls(folder / "cosign.key", folder / "cosign.pub")


@dataclass(frozen=True, slots=True)
class Project:
    """A copy of the parts of the project that a release is made from; its overlay ``airgap`` names the registry inside."""

    folder: Path
    keys: Keys
    outside: Registry

    @classmethod
    def copied(cls, folder: Path, keys: Keys, outside: Registry, inside: Registry) -> Project:
        """Copy ``deploy``, of the overlays those that are carried, and the project's version."""
        shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        for other in (folder / "deploy/overlays").iterdir():
            if other.name not in OVERLAYS:
                shutil.rmtree(other)
        overlay = folder / "deploy/overlays/airgap/kustomization.yaml"
        shipped = overlay.read_text(encoding="utf-8")
        named = shipped.replace(f"mirror.airgap.example/{REPOSITORY}", f"{inside.address}/{REPOSITORY}")
        assert named != shipped
        overlay.write_text(named, encoding="utf-8")
        return cls(folder, keys, outside)

    @property
    def registry(self) -> str:
        return f"{self.outside.address}/marktplatz"

    def script(self, name: str, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script of ``deploy/release``."""
        return run(self.folder / "deploy/release" / name, *arguments, cwd=self.folder, **variables)

    def publish(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ``deploy/release/publish``."""
        values = {
            "REGISTRY": self.registry,
            "COSIGN_KEY": str(self.keys.private),
            "SBOM": str(SBOM),
            "MARKTPLATZ_IMAGE": RELEASED,
        }
        return self.script("publish", **{**values, **variables})

    def bundle(self, overlay: str, folder: Path, *sources: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ``deploy/release/bundle`` for an overlay below ``deploy/overlays``."""
        values = {"REGISTRY": self.registry, "COSIGN_PUBLIC_KEY": str(self.keys.public), **variables}
        return self.script("bundle", self.folder / "deploy/overlays" / overlay, folder, *sources, **values)

    def load(self, bundle: Path, fingerprint: str, key: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``deploy/release/load``."""
        return self.script("load", bundle, fingerprint, COSIGN_PUBLIC_KEY=str(key or self.keys.public))


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder to be carried in, and its fingerprint."""

    folder: Path
    fingerprint: str

    def copied(self, folder: Path) -> Bundle:
        """Return a copy that may be spoilt."""
        return Bundle(Path(shutil.copytree(self.folder, folder)), self.fingerprint)

    def sealed(self) -> Bundle:
        """Return the bundle with new check sums, as somebody does who hides a change."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
        lines = [f"{hashlib.sha256(it.read_bytes()).hexdigest()}  ./{it.relative_to(self.folder)}\n" for it in files]
        sums = "".join(lines)
        (self.folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
        return Bundle(self.folder, hashlib.sha256(sums.encode()).hexdigest())

    def images(self) -> list[list[str]]:
        """Return the list of images: name inside, proof, folder, source."""
        lines = (self.folder / "images.txt").read_text(encoding="utf-8").splitlines()
        return [line.split("\t") for line in lines if not line.startswith("#")]

    def layout(self, repository: str, tag: str = VERSION) -> Path:
        """Return the folder of one image."""
        [folder] = [it for image, _, it, _ in self.images() if f"/{repository}:{tag}@" in image]
        return self.folder / folder


def image_names(objects: Objects) -> set[str]:
    """Return the images that the workloads of an overlay name."""
    return {text(container, "image") for workload in workloads(objects) for container in workload.all_containers}


def made(done: subprocess.CompletedProcess[str], folder: Path) -> Bundle:
    """Return the bundle that a run of the script has made. Raises RuntimeError with its complaint."""
    if done.returncode:
        raise RuntimeError(f"bundle ended with {done.returncode}: {done.stderr}")
    return Bundle(folder, done.stdout.strip())


def strip(kind: str, repository: str, tag: str = VERSION) -> Callable[[Bundle], None]:
    """Return a change that takes signatures (``sigs``) or attestations (``atts``) off an image."""

    def change(bundle: Bundle) -> None:
        index = bundle.layout(repository, tag) / "index.json"
        content = json.loads(index.read_text(encoding="utf-8"))
        remaining = [entry for entry in content["manifests"] if entry["annotations"]["kind"] != f"{_KIND}{kind}"]
        assert len(remaining) == len(content["manifests"]) - 1
        index.write_text(json.dumps({**content, "manifests": remaining}, indent=1), encoding="utf-8")

    return change


def refused(project: Project, bundle: Bundle, inside: Registry, reason: str, key: Path | None = None) -> None:
    """Require that loading fails for a reason and leaves the registry inside as it was: empty."""
    done = project.load(bundle.folder, bundle.fingerprint, key)
    assert (done.returncode, reason in done.stderr) == (1, True), done.stderr
    assert inside.repositories() == []
