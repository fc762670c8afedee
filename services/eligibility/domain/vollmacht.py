"""The document by which somebody is authorised to act for an organisation: what is stored of it beside its content."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.messages.base import Value
from shared.messages.values import PersonRef, Time

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Vollmacht(Value):
    """A Vollmacht. Its content lies encrypted with the files, under ``file``; without ``key`` nobody can read it any more.

    ``sha256`` and ``size``, in bytes, are those of what was brought; ``file`` is the SHA-256 of what lies there.
    """

    file: Sha256
    key: str
    sha256: Sha256
    media_type: str
    size: int
    brought_by: PersonRef
    brought_at: Time
