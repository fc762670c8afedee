"""``seal`` and ``unseal``: dumps of a database's own tool. Opens no store."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import typer

from marktplatz.recovery.dump.archives import (
    archive_at,
    archives_in,
    check,
    delete_older,
    delete_unfinished,
    seal,
    unseal,
)
from marktplatz.recovery.dump.handover import Handover
from marktplatz.recovery.dump.keys import SealSettings
from marktplatz.recovery.errors import BackupError
from shared.clock import now


def run_seal(folder: Path, pipe: Path, keep: timedelta | None, patience: timedelta) -> None:
    """Encrypt what a database's tool writes into a pipe and print the archive; with ``keep``, delete what is older."""
    handover, at = Handover(pipe, patience), now()
    with handover.marking_failure():
        keys = SealSettings().keys()
        deleted = delete_unfinished(folder, at)
        archive = seal(folder, handover, keys, at)
        typer.echo(f"encrypted for {len(keys.recipients)} public keys: {archive.path}")
        deleted += [] if keep is None else delete_older(folder, keep, at)
    for path in deleted:
        typer.echo(f"deleted: {path}")


def run_unseal(path: Path, pipe: Path | None, patience: timedelta) -> None:
    """Check a dump to its end and write it into a pipe, if any; of a folder, print what it holds and fail."""
    handover = None if pipe is None else Handover(pipe, patience)
    with nullcontext() if handover is None else handover.marking_failure():
        if path.is_dir():
            for archive in archives_in(path):
                state = "" if archive.sum_file.is_file() else ", without its SHA-256"
                typer.echo(f"{archive.path}: {archive.path.stat().st_size} bytes{state}")
            raise BackupError(f"{path} is a folder: name one of the archives in it")
        archive, keys = archive_at(path), SealSettings().keys()
        if handover is None:
            check(archive, keys)
            typer.echo(f"{archive.path.name} is as it was written and can be decrypted")
        else:
            unseal(archive, handover, keys)
            typer.echo(f"{archive.path.name} was passed on completely; see the log of the tool that read it for the result")
