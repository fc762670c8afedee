"""The documents of a contract as files: one set for each version of it, named by the hashes of their bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from shared.messages.base import Value
from shared.messages.contracts_chain import MadeDocument
from shared.messages.values import Code, Line


class Rendering(Protocol):
    """A document that was made, as bytes."""

    @property
    def name(self) -> str:
        """Name in its contract."""

    @property
    def title(self) -> str:
        """Title, in German."""

    @property
    def template(self) -> str:
        """By which it was made."""

    @property
    def media_type(self) -> str:
        """Media type of the bytes."""

    @property
    def content(self) -> bytes:
        """The bytes."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes in lower-case hex."""


class Paper(Value):
    """A document that was made of a version of a contract. ``sha256`` is that of its bytes; ``template`` by which it was made."""

    version: int
    name: Line
    title: Line
    template: Code
    media_type: Line
    size: int
    sha256: str

    @classmethod
    def of(cls, made: Rendering, version: int) -> Paper:
        """Return what is recorded of a document that was made of a version."""
        return cls(
            version=version,
            name=made.name,
            title=made.title,
            template=made.template,
            media_type=made.media_type,
            size=len(made.content),
            sha256=made.sha256,
        )

    def stated(self) -> MadeDocument:
        """Return what an event states of it."""
        return MadeDocument(name=self.name, title=self.title, media_type=self.media_type, size=self.size, sha256=self.sha256)


def named(papers: Iterable[Paper], version: int) -> dict[str, str]:
    """Return the SHA-256 of each document by its name at a version of the contract: ``1/vertrag.pdf`` is of an earlier one."""
    return {paper.name if paper.version == version else f"{paper.version}/{paper.name}": paper.sha256 for paper in papers}
