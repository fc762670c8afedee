"""Settings that every process has: where it runs, where its stores and reference data are, how it logs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import InvalidError
from shared.process.files import shipped, state_folder


class ProcessSettings(BaseSettings):
    """Settings of one process, from ``MARKTPLATZ_…`` variables.

    ``store_url`` is a pattern: ``{service}`` becomes the service's name, ``{var}`` the data folder.
    ``store_url_file`` is a file that holds one instead, such as a mounted secret: an environment is read by others too, for
    example by an autoscaler that looks for the address of the brokers in it. ``store_urls`` names exceptions by service,
    ``ports`` those of a process that serves several.
    """

    model_config = SettingsConfigDict(env_prefix="MARKTPLATZ_", extra="ignore")

    var: Path = state_folder()
    data: Path = shipped("data")
    store_url: str = "sqlite:///{var}/{service}.db"
    store_url_file: Path | None = None
    store_urls: dict[str, str] = {}
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    ports: dict[str, int] = {}
    endpoints_file: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_time_zone: str = "UTC"
    relay_every: timedelta = timedelta(seconds=2)
    relay_after: timedelta = timedelta(seconds=5)
    drain: timedelta = timedelta(seconds=25)
    keep_alive: timedelta = timedelta(seconds=75)
    """How long an idle connection stays open: longer than a proxy keeps its side, else it sends into a closed one."""

    @model_validator(mode="after")
    def _names_one_store(self) -> Self:
        if self.store_url_file is not None and "store_url" in self.model_fields_set:
            raise ValueError("set MARKTPLATZ_STORE_URL or MARKTPLATZ_STORE_URL_FILE, not both")
        return self

    def port_of(self, service: str) -> int:
        """Return the port of a service's API; 0 takes a free one."""
        return self.ports.get(service, self.port)

    def store_url_of(self, service: str) -> str:
        """Return the store URL of a service. Raises InvalidError where the file with it cannot be read or is empty."""
        pattern = self.store_urls.get(service) or self._pattern()
        return pattern.replace("{service}", service).replace("{var}", str(self.var))

    def _pattern(self) -> str:
        if self.store_url_file is None:
            return self.store_url
        name = f"MARKTPLATZ_STORE_URL_FILE {self.store_url_file}"
        try:
            found = self.store_url_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = type(error).__name__  # no more: the file holds a password
            raise InvalidError(
                f"{name} cannot be read ({reason}); mount the secret there", code="store_url_unreadable"
            ) from error
        if not found:
            raise InvalidError(f"{name} is empty; put the address of the store there", code="store_url_unreadable")
        return found
