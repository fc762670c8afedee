"""Settings that every process has: where it runs, where its stores and reference data are, how it logs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent


class ProcessSettings(BaseSettings):
    """Settings of one process, from ``MARKTPLATZ_…`` variables.

    ``store_url`` is a pattern: ``{service}`` becomes the service's name, ``{var}`` the data folder.
    ``store_urls`` names exceptions by service.
    """

    model_config = SettingsConfigDict(env_prefix="MARKTPLATZ_", extra="ignore")

    var: Path = PROJECT / "var"
    data: Path = PROJECT / "data"
    store_url: str = "sqlite:///{var}/{service}.db"
    store_urls: dict[str, str] = {}
    host: str = "127.0.0.1"
    port: int = 0
    endpoints_file: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_time_zone: str = "UTC"
    relay_every: timedelta = timedelta(seconds=2)
    relay_after: timedelta = timedelta(seconds=5)
    drain: timedelta = timedelta(seconds=25)
    keep_alive: timedelta = timedelta(seconds=75)
    """How long an idle connection stays open: longer than a proxy keeps its side, else it sends into a closed one."""

    def store_url_of(self, service: str) -> str:
        """Return the store URL of a service."""
        pattern = self.store_urls.get(service, self.store_url)
        return pattern.replace("{service}", service).replace("{var}", str(self.var))
