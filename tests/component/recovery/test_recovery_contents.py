"""Reconciliation reads every content that an evidence document names, and reports what is missing or damaged."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from marktplatz.recovery.reconcile.contents import named_contents, with_files
from marktplatz.recovery.reconcile.differences import Kind
from marktplatz.recovery.reconcile.facts import StoreFacts
from services.eligibility.fact_store.entry import ENTRIES, PARTS, Draft, Origin, Record, entry_document, part_documents
from services.eligibility.facts import FACTS
from shared.files.folder import FolderFiles
from shared.files.port import FilesUnavailableError

CONTENTS = {"small": b"%PDF-1.7 small", "in-a-part": b"%PDF-1.7 part", "withdrawn": b"%PDF-1.7 withdrawn"}
DIGESTS = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
AT = "2026-11-24T09:00:00Z"


def record(name: str, rev: int = 2, **content: object) -> Record:
    stated = {"id": name, "rev": rev, "type": "SATZUNG", "document_sha256": DIGESTS[name], **content}
    return Record(stated, details={"title": name, "media_type": "application/pdf", "size": len(CONTENTS[name])})


def facts() -> StoreFacts:
    """What the journal holds: contents in an entry, in a part and in a revision that withdraws; a hash that only was stated."""
    stated = Record({"id": "stated", "rev": 1, "type": "SATZUNG", "document_sha256": "0" * 64}, details={"title": "x"})
    withdrawn = [record("withdrawn"), record("withdrawn", rev=3, withdrawn=True)]
    entry = Draft(Origin.PERSON, "reason", documents=[stated, record("small"), *withdrawn])
    large = Draft(Origin.PERSON, "reason", documents=[record("in-a-part")])
    found = StoreFacts()
    found.add(FACTS[ENTRIES](entry_document(entry, 1, AT)))
    found.add(FACTS[ENTRIES](entry_document(large, 2, AT, ["part:0000"])))
    for part in part_documents(large, "part"):
        found.add(FACTS[PARTS](part))
    return found


@pytest.fixture
async def files(tmp_path: Path) -> FolderFiles:
    files = FolderFiles(tmp_path)
    for name, content in CONTENTS.items():
        await files.put(DIGESTS[name], content)
    return files


async def test_contents_that_are_where_and_what_they_should_be_are_no_difference(files: FolderFiles) -> None:
    named = named_contents(facts().contents)
    assert named == {DIGESTS[name]: name for name in CONTENTS}
    assert await with_files(named, files) == []


async def test_a_missing_and_a_damaged_content_are_named_with_document_and_hash(files: FolderFiles) -> None:
    for name, content in (("small", None), ("in-a-part", b"%PDF-1.7 other")):
        path = files.folder / DIGESTS[name][:2] / DIGESTS[name]
        path.unlink() if content is None else path.write_bytes(content)
    found = await with_files(named_contents(facts().contents), files)
    assert {(it.kind, it.ids["document"], it.ids["sha256"]) for it in found} == {
        (Kind.CONTENT_MISSING, "small", DIGESTS["small"]),
        (Kind.CONTENT_DAMAGED, "in-a-part", DIGESTS["in-a-part"]),
    }


async def test_a_place_that_cannot_be_read_is_no_missing_content(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    with pytest.raises(FilesUnavailableError):
        await with_files(named_contents(facts().contents), FolderFiles(in_the_way))
