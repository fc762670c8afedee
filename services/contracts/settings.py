"""Settings of the contracts service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.contracts.numbering import NumberFormat
from shared.messages.values import Channel

Pattern = Annotated[NumberFormat, BeforeValidator(lambda text: NumberFormat(text) if isinstance(text, str) else text)]


class Settings(BaseSettings):
    """From ``CONTRACTS_…`` variables.

    ``number_formats`` replaces the formats of single channels, as JSON: ``{"govdigital": "GD/{year}/{sequence:05d}"}``.
    ``census_every``: pause between two countings for the metrics.
    ``agb_folder`` holds one file ``<channel>.json`` per channel: which AGB version was in force when. Without it those delivered.
    """

    model_config = SettingsConfigDict(env_prefix="CONTRACTS_", extra="ignore")

    number_formats: dict[Channel, Pattern] = {}
    census_every: timedelta = timedelta(minutes=1)
    agb_folder: Path | None = None
