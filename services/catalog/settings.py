"""Settings of the catalog, from ``CATALOG_…`` variables."""

from __future__ import annotations

from datetime import timedelta

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Bounds of how old what search finds may be.

    ``search_overlap``: how far the clock of another writer may be behind. ``search_reload``: how often the whole index is read
    again, whatever the clocks say.
    """

    model_config = SettingsConfigDict(env_prefix="CATALOG_", extra="ignore")

    search_overlap: timedelta = timedelta(seconds=30)
    search_reload: timedelta = timedelta(minutes=10)
