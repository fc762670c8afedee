"""Settings of ordering."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables ORDERING_…; durations as ISO 8601 (P180D) or seconds.

    ``idle_after``: how long an interest may lie with nobody moving it before it lapses. ``deadlines_every``: pause between two
    looks for what is due. ``census_every``: pause between two countings for the metrics.
    ``clarification_file``, ``delivery_file``: an operator's own standard lists.
    """

    model_config = SettingsConfigDict(env_prefix="ORDERING_", frozen=True)

    idle_after: timedelta = timedelta(days=180)
    deadlines_every: timedelta = timedelta(minutes=10)
    census_every: timedelta = timedelta(minutes=1)
    clarification_file: Path | None = None
    delivery_file: Path | None = None
