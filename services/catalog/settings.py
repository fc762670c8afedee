"""Settings of the catalog, from ``CATALOG_…`` variables."""

from __future__ import annotations

from datetime import timedelta

from pydantic_settings import BaseSettings, SettingsConfigDict


class CatalogSettings(BaseSettings):
    """How fresh search is held.

    ``search_overlap``: how far the clock of another writer may be behind. ``search_reload``: how often the index is read
    anew as a whole, whatever the clocks say.
    """

    model_config = SettingsConfigDict(env_prefix="CATALOG_", extra="ignore")

    search_overlap: timedelta = timedelta(seconds=30)
    search_reload: timedelta = timedelta(minutes=10)
