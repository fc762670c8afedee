"""Settings of the catalog, from ``CATALOG_…`` variables."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import InvalidError
from shared.files.opening import open_files
from shared.files.port import Files
from shared.files.settings import FilesSettings
from shared.process.settings import ProcessSettings

Url = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%\[\]-]+$")]


class Settings(BaseSettings):
    """How old what search finds may be, when the topics for portals are brought up to date, and what exports state.

    ``search_overlap``: how far the clock of another writer may be behind. ``search_reload``: how often the whole index is read
    again, whatever the clocks say.
    ``remove_after``: how long a withdrawn offer stays on its topic. ``upkeep_every``: pause between two looks for what is to be
    removed from the topics for portals or listed on them.
    ``reminders_file``: an operator's own schedule of reminders; ``reminders_every``: pause between two looks for what is due.
    ``accreditations_every``: pause between two looks for accreditations of Bereitsteller that have ended or come back.
    ``feed_waiting``: how many requests of one process may wait for changes of the catalog topics.
    ``public_url``: where everybody reaches the API of the catalog; without it, exports name the address of each request.
    ``dcat_…``: what the export for data portals states of the catalog; contributor and licence are IRIs of DCAT-AP.de's lists.
    ``checkpoint_every``: pause between two checkpoints of a topic on which something changes. ``checkpoint_idle``: after so long
    there is one although nothing has changed.
    """

    model_config = SettingsConfigDict(env_prefix="CATALOG_", extra="ignore")

    search_overlap: timedelta = timedelta(seconds=30)
    search_reload: timedelta = timedelta(minutes=10)
    remove_after: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(days=30)
    upkeep_every: timedelta = timedelta(seconds=15)
    documents_folder: Path | None = None
    """Where documents of offers lie without an S3-compatible store (``FILES_S3_ENDPOINT``): by default ``offer-documents`` in the
    data folder; a volume of all processes."""
    files_probe_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=30)
    """Pause between two questions of the API whether the place of the documents answers."""
    accreditations_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=5)
    reminders_file: Path | None = None
    reminders_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=30)
    feed_waiting: Annotated[int, Field(ge=0)] = 200
    public_url: Url | None = None
    dcat_title: Annotated[str, Field(min_length=1)] = "EfA-Marktplatz"
    dcat_publisher: Annotated[str, Field(min_length=1)] = "EfA-Marktplatz"
    dcat_contributor: Url | None = None
    dcat_licence: Url = "http://dcat-ap.de/def/licenses/dl-zero-de/2.0"
    checkpoint_every: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=1))] = timedelta(seconds=30)
    checkpoint_idle: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=15))] = timedelta(minutes=15)

    def files(self) -> Files:
        """Return where documents of offers lie. Raises InvalidError if its settings are unfit."""
        place = FilesSettings()
        if place.uses_s3 and self.documents_folder is not None:
            raise InvalidError(
                "CATALOG_DOCUMENTS_FOLDER and FILES_S3_ENDPOINT name two places for the documents of offers; set one of them",
                code="files_place_twice",
            )
        return open_files(place, "offer-documents", self.documents_folder or ProcessSettings().var / "offer-documents")
