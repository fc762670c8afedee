"""Where drafts of registrations lie: each belongs to the person who writes it, and nobody else sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.eligibility.domain.draft import Draft
from services.eligibility.domain.vollmacht import Vollmacht
from shared.aggregate.condition import Condition, require_read
from shared.errors import ConflictError, NotFoundError
from shared.ids import derived_id
from shared.store.contention import Contention
from shared.store.port import Collection, Document, Index, Query, Save, Store

DRAFTS = Collection("registration_drafts", (Index("person", ("person", "organisation")), Index("changed", ("changed_at",))))
MOST_DRAFTS = 20
_BATCH = 200


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """A draft for a body, its revision, when it was changed last, and the Vollmacht that was brought for it."""

    organisation: str
    draft: Draft
    rev: int
    changed_at: datetime
    vollmacht: Vollmacht | None = None

    @classmethod
    def of(cls, document: Document) -> StoredDraft:
        """Return a stored draft; steps that a later version has added are passed over."""
        draft = Draft.model_validate(document["draft"], extra="ignore")
        brought = document.get("vollmacht")
        vollmacht = None if brought is None else Vollmacht.model_validate(brought, extra="ignore")
        return cls(document["organisation"], draft, document["rev"], document["changed_at"], vollmacht)


class Drafts:
    """The drafts in the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def get(self, person: str, organisation: str) -> StoredDraft:
        """Return a person's draft for a body. Raises NotFoundError (``draft_not_found``)."""
        return StoredDraft.of(await self._document(person, organisation))

    async def of_person(self, person: str) -> list[StoredDraft]:
        """Return all drafts of a person."""
        found = await self.store.find(DRAFTS, Query("person", equals={"person": person}, limit=MOST_DRAFTS))
        return [StoredDraft.of(document) for document in found]

    async def put(self, person: str, organisation: str, draft: Draft, at: datetime, condition: Condition | None) -> StoredDraft:
        """Store a draft, in place of the one before if the condition names its revision.

        Raises PreconditionRequiredError, PreconditionFailedError, ConflictError (``too_many_drafts``).
        """
        name = _id(person, organisation)
        body = {"person": person, "organisation": organisation, "draft": draft.model_dump(), "changed_at": at}
        contention = Contention(f"the draft for {organisation}", [name])
        while True:
            present = await self.store.get(DRAFTS, name)
            rev = 0 if present is None else present["rev"]
            require_read(condition, "The draft", rev or None)
            # What came by other routes, or of a later version, stays.
            document = {**(present or {}), "_id": name, **body, "rev": rev + 1}
            if present is None:
                await self._require_room(person)
                written = bool(await self.store.insert_many(DRAFTS, [document]))
            else:
                written = not await self.store.save_many(DRAFTS, [Save(document, expected_rev=rev)])
            if written:
                return StoredDraft.of(document)
            await contention.overtaken()

    async def require_revision(self, person: str, organisation: str, condition: Condition) -> None:
        """Return if a draft is as a request asks. Raises PreconditionFailedError, NotFoundError (``draft_not_found``)."""
        condition.require("The draft", (await self._document(person, organisation))["rev"])

    async def bring(
        self, person: str, organisation: str, vollmacht: Vollmacht, at: datetime, condition: Condition
    ) -> StoredDraft:
        """Store the Vollmacht of a draft in place of the one before.

        Raises PreconditionFailedError, NotFoundError (``draft_not_found``).
        """
        name = _id(person, organisation)
        contention = Contention(f"the draft for {organisation}", [name])
        while True:
            present = await self._document(person, organisation)
            condition.require("The draft", present["rev"])
            document = {**present, "vollmacht": vollmacht.model_dump(), "changed_at": at, "rev": present["rev"] + 1}
            if not await self.store.save_many(DRAFTS, [Save(document, expected_rev=present["rev"])]):
                return StoredDraft.of(document)
            await contention.overtaken()

    async def delete(self, person: str, organisation: str) -> None:
        """Delete a draft; none is fine too."""
        await self.store.delete(DRAFTS, [_id(person, organisation)])

    async def delete_unchanged(self, since: datetime, term: timedelta) -> int:
        """Delete the drafts that nobody has changed for ``term`` until ``since``, and return how many there were."""
        deleted = 0
        query = Query("changed", below=since - term, limit=_BATCH, only=("changed_at",))
        while old := await self.store.find(DRAFTS, query):
            deleted += await self.store.delete(DRAFTS, [document["_id"] for document in old])
        return deleted

    async def _document(self, person: str, organisation: str) -> Document:
        document = await self.store.get(DRAFTS, _id(person, organisation))
        if document is None:
            raise NotFoundError(f"You have no draft of a registration of {organisation}.", code="draft_not_found")
        return document

    async def _require_room(self, person: str) -> None:
        if await self.store.count(DRAFTS, Query("person", equals={"person": person})) >= MOST_DRAFTS:
            raise ConflictError(
                f"You have {MOST_DRAFTS} drafts of registrations; submit or delete one first.", code="too_many_drafts"
            )


def _id(person: str, organisation: str) -> str:
    return derived_id("draft of a registration", person, organisation)
