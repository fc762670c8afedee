"""What entries name and what lies outside the log: documents by their hash, records about persons with their salts."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from services.contracts.archive.commitment import commit, new_salt
from shared.store.port import Collection, Document, Store

DOCUMENTS = Collection("archive_documents")
"""Documents that entries name, by their SHA-256."""
RECORDS = Collection("archive_records")
"""Records about persons with their salts, by key of the entry and role: what is erased here stays committed to."""

ERASURES = Collection("archive_erasures")
"""What was erased about whom: by contract the roles, who did it and why. It holds no name of a person."""


def record_id(key: str, role: str) -> str:
    """Return the id under which the record about a person is kept."""
    return f"{key}:{role}"


async def keep_document(store: Store, content: bytes) -> str:
    """Store a document that an entry will name, and return its SHA-256 in lower-case hex. Raises StoreUnavailableError."""
    digest = sha256(content).hexdigest()
    await store.insert_many(DOCUMENTS, [{"_id": digest, "content": content.decode()}])
    return digest


async def commitments(store: Store, key: str, records: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the commitment to each record, with a salt that is stored before: whoever comes later uses that one."""
    if not records:
        return {}
    drafts: list[Document] = [
        {"_id": record_id(key, role), "role": role, "salt": new_salt().hex(), "record": dict(record)}
        for role, record in records.items()
    ]
    await store.insert_many(RECORDS, drafts)
    stored = await store.get_many(RECORDS, [draft["_id"] for draft in drafts])
    return {record["role"]: commit(record["record"], bytes.fromhex(record["salt"])) for record in stored.values()}
