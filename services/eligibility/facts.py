"""Facts about stored verdicts and contents, for reconciliation with other stores and with the place of the contents.

Nobody else reads fields of these documents: who compares stores compares these facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.eligibility.fact_store.entry import ENTRIES, PARTS
from services.eligibility.repository import VERDICTS
from shared.store.port import Collection, Document


@dataclass(frozen=True, slots=True)
class VerdictFact:
    """The last verdict on a Vorgang: of which check, and whether a person has signed it off."""

    order_id: str
    check: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class ContentsFact:
    """Contents that evidence documents state to be on file: the id of a document by the SHA-256 of its content."""

    documents: Mapping[str, str]


def _verdict(document: Document) -> VerdictFact:
    last = document["checks"][-1]
    return VerdictFact(document["_id"], last["number"], last["sign_off"] is not None)


def _contents(document: Document) -> ContentsFact | None:
    # A hash alone is a statement: only with a media type the content was brought.
    brought = [record["content"] for record in document["documents"] if "media_type" in record.get("details", {})]
    return ContentsFact({content["document_sha256"]: content["id"] for content in brought}) if brought else None


CONTENTS: Mapping[Collection, Callable[[Document], ContentsFact | None]] = {ENTRIES: _contents, PARTS: _contents}
FACTS: Mapping[Collection, Callable[[Document], VerdictFact | ContentsFact | None]] = {VERDICTS: _verdict, **CONTENTS}
