"""Opens the place where files lie."""

from __future__ import annotations

from pathlib import Path

from shared.files.clamd import Clamd
from shared.files.folder import FolderFiles
from shared.files.port import Files
from shared.files.s3 import S3Files, S3Keys
from shared.files.scanning import NoScanner, Scanner
from shared.files.settings import FilesSettings
from shared.trust import trust_in


def open_files(settings: FilesSettings, kind: str, folder: Path) -> Files:
    """Return where the files of a kind lie: below its name in the bucket of the settings, or in a folder if they name none.

    No place is asked yet. Raises InvalidError (``files_key_unreadable``, ``files_trust_unreadable``).
    """
    endpoint, bucket = settings.s3_endpoint, settings.s3_bucket
    access_key, secret_key = settings.s3_access_key_file, settings.s3_secret_key_file
    if endpoint is None or bucket is None or access_key is None or secret_key is None:
        return FolderFiles(folder)
    keys = S3Keys(access_key, secret_key)
    keys.read()
    return S3Files(
        endpoint,
        bucket,
        kind,
        keys,
        region=settings.s3_region,
        # Without TLS there is nothing to trust, and to read what is trusted takes its time.
        trust=endpoint.startswith("https:") and trust_in(settings.s3_ca_file, "FILES_S3_CA_FILE", code="files_trust_unreadable"),
        timeout=settings.s3_timeout,
        patience=settings.s3_patience,
    )


def open_scanner(settings: FilesSettings) -> Scanner:
    """Return what looks into files before they are stored, as the settings say. It is not asked yet."""
    if settings.clamd_address is None:
        return NoScanner()
    host, _, port = settings.clamd_address.rpartition(":")
    return Clamd(host.strip("[]"), int(port), settings.clamd_timeout)
