"""Settings of the contracts service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.contracts.archive.keys import LogKey, is_origin
from services.contracts.numbering import NumberFormat
from shared.messages.values import Channel

Pattern = Annotated[NumberFormat, BeforeValidator(lambda text: NumberFormat(text) if isinstance(text, str) else text)]


def _origin(text: str) -> str:
    if not is_origin(text):
        raise ValueError("the name of a log holds no blank, plus or control character")
    return text


Origin = Annotated[str, AfterValidator(_origin)]


class Settings(BaseSettings):
    """From ``CONTRACTS_…`` variables.

    ``number_formats`` replaces the formats of single channels, as JSON: ``{"govdigital": "GD/{year}/{sequence:05d}"}``.
    ``census_every``: pause between two countings for the metrics.
    ``archive_every``: pause between two runs that archive what was formed and sign the head. ``archive_key``: file with the
    Ed25519 key (PEM) that signs it; without it nothing is signed. ``archive_origin``: name of the log, for good.
    ``agb_folder`` holds one file ``<channel>.json`` per channel: which AGB version was in force when. Without it those delivered.
    """

    model_config = SettingsConfigDict(env_prefix="CONTRACTS_", extra="ignore")

    number_formats: dict[Channel, Pattern] = {}
    census_every: timedelta = timedelta(minutes=1)
    agb_folder: Path | None = None
    archive_every: timedelta = timedelta(seconds=5)
    archive_key: Path | None = None
    archive_origin: Origin = "efa-marktplatz/contracts"

    def log_key(self) -> LogKey | None:
        """Return the key of the log, None if there is none. Raises OSError or ValueError if the file holds none."""
        return None if self.archive_key is None else LogKey.read(self.archive_origin, self.archive_key.read_bytes())
