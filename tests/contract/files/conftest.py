"""The places that the contract suite of files runs over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from shared.files.opening import open_files
from shared.files.port import Files
from shared.files.settings import FilesSettings
from tests.support.s3 import S3Server, s3_server, write_keys


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder, and the one around it that nothing else is in."""

    files: Files
    around: Path

    def found(self) -> set[str]:
        """Return the paths of all files."""
        return {path.relative_to(self.around).as_posix() for path in self.around.rglob("*") if path.is_file()}

    def damage(self, name: str, content: bytes) -> None:
        """Put another content under a name, past the adapter."""
        (path,) = self.around.rglob(name)
        path.write_bytes(content)


@dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket of the test's own."""

    files: Files
    server: S3Server
    bucket: str

    def found(self) -> set[str]:
        """Return the keys of all objects."""
        return self.server.keys(self.bucket)

    def damage(self, name: str, content: bytes) -> None:
        """Put another content under a name, past the adapter."""
        (key,) = (key for key in self.found() if key.endswith(name))
        self.server.put(f"{self.bucket}/{key}", content)


Place = FolderPlace | S3Place


@pytest.fixture(scope="session")
def server() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def s3_settings(server: S3Server, tmp_path: Path) -> FilesSettings:
    """Settings that name a bucket of the test's own."""
    name = f"test-{uuid4().hex}"
    server.bucket(name)
    access_key, secret_key = write_keys(tmp_path)
    return FilesSettings(
        _env_file=None,
        s3_endpoint=server.endpoint,
        s3_bucket=name,
        s3_region="eu-de-1",
        s3_access_key_file=access_key,
        s3_secret_key_file=secret_key,
    )


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        around = tmp_path / "around"
        return FolderPlace(open_files(FilesSettings(_env_file=None), "evidence", around / "evidence"), around)
    settings: FilesSettings = request.getfixturevalue("s3_settings")
    server: S3Server = request.getfixturevalue("server")
    return S3Place(open_files(settings, "evidence", tmp_path / "unused"), server, str(settings.s3_bucket))
