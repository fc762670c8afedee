"""The places that the contract suite of files runs over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from httpx_auth import AWS4Auth

from shared.files.opening import open_files
from shared.files.port import Files
from shared.files.s3 import S3Files
from shared.files.settings import FilesSettings
from tests.support.s3 import ACCESS_KEY, SECRET_KEY, S3Server, s3_server, write_keys


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of one test lie, and the folder below which each has its own name."""

    files: Files
    folder: Path

    async def damage(self, name: str, content: bytes) -> None:
        """Put another content under a name, past the adapter."""
        if isinstance(self.files, S3Files):
            auth = AWS4Auth(ACCESS_KEY, SECRET_KEY, self.files.region, "s3")
            async with httpx.AsyncClient(auth=auth) as client:
                answer = await client.put(f"{self.files.bucket_url}/{self.files.folder}/{name}", content=content)
            assert answer.status_code == httpx.codes.OK
        else:
            (path,) = self.folder.rglob(name)
            path.write_bytes(content)


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
        folder = tmp_path / "evidence"
        return Place(open_files(FilesSettings(_env_file=None), "evidence", folder), folder)
    settings: FilesSettings = request.getfixturevalue("s3_settings")
    server: S3Server = request.getfixturevalue("server")
    return Place(open_files(settings, "evidence", tmp_path / "unused"), server.folder / str(settings.s3_bucket))
