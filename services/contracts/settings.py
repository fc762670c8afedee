"""Settings of the contracts service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.contracts.archive.keys import LogKey, is_origin
from services.contracts.documents.billing import BillingFile
from services.contracts.numbering import NumberFormat
from shared.errors import InvalidError
from shared.files.opening import open_files
from shared.files.port import Files
from shared.files.settings import FilesSettings
from shared.messages.values import Channel
from shared.process.settings import ProcessSettings

Pattern = Annotated[NumberFormat, BeforeValidator(lambda text: NumberFormat(text) if isinstance(text, str) else text)]


def _origin(text: str) -> str:
    if not is_origin(text):
        raise ValueError("the name of a log holds no blank, plus or control character")
    return text


Origin = Annotated[str, AfterValidator(_origin)]


class Settings(BaseSettings):
    """From ``CONTRACTS_…`` variables.

    ``number_formats`` replaces the formats of single channels, as JSON: ``{"govdigital": "GD/{year}/{sequence:05d}"}``.
    ``automatic_up_to_cents`` replaces, for single channels, the sum of the prices up to which the processor countersigns by
    itself on the Anbieter's offer; above it two persons of the Anbieter sign: ``{"govdigital": 5000000}``.
    ``census_every``: pause between two countings for the metrics.
    ``conclude_every``: pause between two runs that conclude what two persons of the Anbieter have signed.
    ``cascade_every``: pause between two runs that end what rests on contracts of which notice was given, and what has run out,
    and that pass new prices on.
    ``archive_every``: pause between two runs that archive what was formed and sign the head. ``archive_key``: file with the
    Ed25519 key (PEM) that signs it; without it nothing is signed. ``archive_origin``: name of the log, for good.
    ``documents_every``: pause between two runs that make what documents are lacking, in a processor that has the typesetter.
    ``documents_folder``: where they lie unless ``FILES_…`` names an S3-compatible store; by default a folder of this machine.
    ``billing_folder`` holds one file ``<channel>.json`` per Anbieter with what its documents state beside contracts: addresses of
    organisations, and for invoices seller, account and tax (``BillingData``); a changed file is read again by itself.
    ``statements_every``: pause between two looks for jobs of yearly statements. ``statement_lease``: after how long without a
    sign of life another process goes on with one.
    ``contacts_max_age``: after how long the data of a former contact person is erased, and that of all after the end of the
    contract. ``purge_every``: pause between two such runs.
    ``reminders_file``: an operator's own schedule of reminders before contracts and accessions end; ``reminders_every``: pause
    between two looks for those that are due.
    ``agb_folder`` holds one file ``<channel>.json`` per channel: which AGB version was in force when. Without it those delivered.
    """

    model_config = SettingsConfigDict(env_prefix="CONTRACTS_", extra="ignore")

    number_formats: dict[Channel, Pattern] = {}
    automatic_up_to_cents: dict[Channel, Annotated[int, Field(ge=0)]] = {}
    census_every: timedelta = timedelta(minutes=1)
    agb_folder: Path | None = None
    conclude_every: timedelta = timedelta(seconds=2)
    cascade_every: timedelta = timedelta(seconds=2)
    archive_every: timedelta = timedelta(seconds=5)
    archive_key: Path | None = None
    statements_every: timedelta = timedelta(seconds=2)
    statement_lease: timedelta = timedelta(minutes=1)
    archive_origin: Origin = "efa-marktplatz/contracts"
    documents_every: timedelta = timedelta(seconds=10)
    documents_folder: Path | None = None
    billing_folder: Path | None = None
    contacts_max_age: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(days=1095)
    purge_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=6)
    reminders_file: Path | None = None
    reminders_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=30)

    def files(self) -> Files:
        """Return where the documents lie. Raises InvalidError if its settings are unfit."""
        place = FilesSettings()
        if place.uses_s3 and self.documents_folder is not None:
            raise InvalidError(
                "CONTRACTS_DOCUMENTS_FOLDER and FILES_S3_ENDPOINT name two places for documents of contracts; set one of them",
                code="files_place_twice",
            )
        return open_files(place, "contract-documents", self.documents_folder or ProcessSettings().var / "contract-documents")

    def billing_of(self, channel: Channel) -> BillingFile:
        """Return what the documents of an Anbieter state beside contracts. Raises OSError, InvalidError (``billing_unfit``)."""
        folder = self.billing_folder
        return BillingFile(None if folder is None else folder / f"{channel.value}.json")

    def log_key(self) -> LogKey | None:
        """Return the key of the log, None if there is none. Raises OSError or ValueError if the file holds none."""
        return None if self.archive_key is None else LogKey.read(self.archive_origin, self.archive_key.read_bytes())
