"""Settings of the place where files lie."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TOGETHER = ("s3_endpoint", "s3_bucket", "s3_access_key_file", "s3_secret_key_file")


class FilesSettings(BaseSettings):
    """An S3-compatible store, from ``FILES_…`` variables; without them files lie in a folder.

    Address, bucket and both keys go together. The keys are files, read for each request, so that new ones count at once.
    ``s3_patience`` bounds a whole operation with its repeats, ``s3_timeout`` each attempt.
    """

    model_config = SettingsConfigDict(env_prefix="FILES_", extra="ignore")

    s3_endpoint: Annotated[str, Field(pattern=r"^https?://[0-9A-Za-z.:\[\]-]+/?$")] | None = None
    s3_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] | None = None
    s3_region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")] = "us-east-1"
    s3_access_key_file: Path | None = None
    s3_secret_key_file: Path | None = None
    s3_ca_file: Path | None = None
    s3_timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=10)
    s3_patience: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=20)

    clamd_address: Annotated[str, Field(pattern=r"^([0-9A-Za-z.-]+|\[[0-9A-Fa-f:.]+\]):[1-9][0-9]{0,4}$")] | None = None
    """Host and port of the scanner clamd that looks into each file that somebody brings; without it nothing does."""
    clamd_timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=20)
    """How long the scanner may take for one file."""

    @model_validator(mode="after")
    def _is_whole_and_safe(self) -> Self:
        missing = [name for name in _TOGETHER if getattr(self, name) is None]
        if missing and len(missing) < len(_TOGETHER):
            names = ", ".join(f"FILES_{name.upper()}" for name in missing)
            raise ValueError(f"the S3-compatible store is configured by half: set {names} too, or none of them for a folder")
        if self.s3_endpoint is not None:
            address = urlsplit(self.s3_endpoint)
            if address.scheme == "http" and address.hostname not in _LOOPBACK:
                raise ValueError("FILES_S3_ENDPOINT must be an https address: documents must not travel in clear")
        return self

    @property
    def uses_s3(self) -> bool:
        """Whether files lie in an S3-compatible store."""
        return self.s3_endpoint is not None
