"""The documents of a contract as files: one set for each version of it, named by the hashes of their bytes."""

from __future__ import annotations

from collections.abc import Iterable

from shared.messages.base import Value
from shared.messages.contracts_chain import MadeDocument
from shared.messages.values import Code, Line


class Paper(Value):
    """A document that was made of a version of a contract. ``sha256`` is that of its bytes; ``template`` by which it was made."""

    version: int
    name: Line
    title: Line
    template: Code
    media_type: Line
    size: int
    sha256: str

    def stated(self) -> MadeDocument:
        """Return what an event states of it."""
        return MadeDocument(name=self.name, title=self.title, media_type=self.media_type, size=self.size, sha256=self.sha256)


def named(papers: Iterable[Paper], version: int) -> dict[str, str]:
    """Return the SHA-256 of each document by its name at a version of the contract: ``1/vertrag.pdf`` is of an earlier one."""
    return {paper.name if paper.version == version else f"{paper.version}/{paper.name}": paper.sha256 for paper in papers}
