"""Checkpoints of the archive of contracts: by them anybody finds out later whether its past was changed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, message_type

_NOTE = (
    "marktplatz.example/contracts\n5\nyHyOmvdecytqgVzPi0XLxg1aGaEhprx4aiOfyAbzcGE=\n\n— marktplatz.example/contracts "
    "waYhzjDU+dy27gYP2K98YT9+DQuMIdoDf/5dVoHmkv+pg9vvqJNZ/66OhN22FANCfclkyHlg6klLDepeFMwdHw7zXAc=\n"
)


@message_type("contracts.checkpoint.signed.v1")
class CheckpointSigned(Message):
    """The archive has grown and its head was signed. Its format: docs/anbinden/archive.md."""

    log: Annotated[
        str, Field(description="Name of the log, its origin. Not personal.", examples=["marktplatz.example/contracts"])
    ]
    size: Annotated[int, Field(ge=1, description="Entries that the checkpoint covers. Not personal.", examples=[5])]
    note: Annotated[
        str, Field(description="The checkpoint as it was signed, to be kept byte for byte. Not personal.", examples=[_NOTE])
    ]
