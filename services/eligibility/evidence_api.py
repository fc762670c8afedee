"""Routes of evidence documents: metadata with their history, and the content, which lies with the files under its SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import structlog
from fastapi import APIRouter
from fastapi import Request as HttpRequest
from starlette.responses import Response

from services.eligibility.fact_store.audience import Audience
from services.eligibility.fact_store.entry import Record
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.state import State
from services.eligibility.fact_store.statements import Author, Decision, change_document, own_document
from services.eligibility.fact_views import EvidenceView
from services.eligibility.facts_api import CREATED, StatedDocument, WithdrawalRequest, audience_of, author_of
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.files.kinds import EVIDENCE_KINDS, file_responses, require_kind, saved_as
from shared.files.port import FileDamagedError, Files
from shared.files.scanning import Scanner
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch, NeededIfMatch
from shared.http.etag import etag, json_reply
from shared.http.uploads import file_body
from shared.tracing import context
from shared.written import Written

log = structlog.get_logger()


class EvidenceRequest(StatedDocument):
    """A document, and why it is recorded."""

    reason: Written


def evidence_routes(facts: Facts, files: Files, scanner: Scanner) -> APIRouter:
    """Return the routes of documents and their content."""
    router = APIRouter(prefix="/v1", tags=["evidence"])
    recorder = _Recorder(facts)
    _metadata_routes(router, facts, recorder)
    _content_routes(router, facts, files, scanner, recorder)
    return router


def _metadata_routes(router: APIRouter, facts: Facts, recorder: _Recorder) -> None:
    @router.post("/evidence", response_model=EvidenceView, status_code=CREATED, summary="Record a document")
    async def record(request: EvidenceRequest, caller: CurrentCaller, key: IdempotencyKey) -> Response:
        author = author_of(caller, request.reason)
        name, decide = request.recorded(key, author)
        return await key.run(lambda: recorder.answer(name, decide, author, status=CREATED))

    @router.get("/evidence/{document_id}", response_model=EvidenceView, summary="One document with its history")
    async def one(document_id: str, caller: CurrentCaller) -> Response:
        return _reply(await facts.current(), document_id, audience_of(caller))

    @router.put("/evidence/{document_id}", response_model=EvidenceView, summary="Correct a document: a further revision")
    async def correct(
        document_id: str, request: EvidenceRequest, caller: CurrentCaller, condition: NeededIfMatch, key: IdempotencyKey
    ) -> Response:
        def change(before: Record) -> Record:
            # The content on file stays that of the document: its hash is not typed in again.
            held = {name: before.content[name] for name in ("document_sha256",) if name in before.content}
            return replace(before, content={**held, **request.content()}, details={**before.details, **request.details()})

        author = author_of(caller, request.reason)
        decide = change_document(document_id, change, author, condition)
        return await key.run(lambda: recorder.answer(document_id, decide, author))

    @router.post("/evidence/{document_id}/withdrawal", response_model=EvidenceView, summary="Withdraw a document")
    async def withdraw(
        document_id: str, request: WithdrawalRequest, caller: CurrentCaller, condition: IfMatch, key: IdempotencyKey
    ) -> Response:
        author = author_of(caller, request.reason)
        decide = change_document(
            document_id, lambda before: replace(before, content={**before.content, "withdrawn": True}), author, condition
        )
        return await key.run(lambda: recorder.answer(document_id, decide, author))


def _content_routes(router: APIRouter, facts: Facts, files: Files, scanner: Scanner, recorder: _Recorder) -> None:
    @router.put(
        "/evidence/{document_id}/content",
        response_model=EvidenceView,
        summary="Bring the content of a document",
        openapi_extra=file_body(*EVIDENCE_KINDS),
    )
    async def bring(document_id: str, request: HttpRequest, caller: CurrentCaller) -> Response:
        content = await request.body()
        media_type = request.headers["content-type"].partition(";")[0].strip().lower()
        author = author_of(caller, "Inhalt des Dokuments")
        held = own_document(await facts.current(), document_id, author.audience).record
        digest = _digest(content, media_type, held)
        await scanner.require_clean(content)
        await files.put(digest, content)
        details = {"media_type": media_type, "size": len(content)}

        def change(before: Record) -> Record:
            _digest(content, media_type, before)
            return replace(before, content={**before.content, "document_sha256": digest}, details={**before.details, **details})

        return await recorder.answer(document_id, change_document(document_id, change, author, None), author)

    @router.get(
        "/evidence/{document_id}/content",
        summary="Read the content of a document",
        responses=file_responses(*EVIDENCE_KINDS),
        response_class=Response,
    )
    async def read(document_id: str, caller: CurrentCaller) -> Response:
        shown = audience_of(caller).sees_document(await facts.current(), document_id)
        record = shown[-1].record if shown else None
        digest = None if record is None or "media_type" not in record.details else record.content.get("document_sha256")
        if record is None or digest is None:
            raise NotFoundError(f"There is no content of a document {document_id}.", code="document_not_found")
        content = await _content(files, digest, document_id)
        media_type = record.details["media_type"]
        return Response(content, media_type=media_type, headers={**saved_as(digest, media_type), "ETag": etag(record.rev)})


async def _content(files: Files, digest: str, document_id: str) -> bytes:
    """Return a content that was brought. Raises ConflictError (``content_lost``), FilesUnavailableError."""
    try:
        content = await files.get(digest)
    except FileDamagedError as error:
        content, reason = None, error.detail
    else:
        reason = f"the file {digest} is missing"
    if content is None:
        log.error("evidence_content_lost", document=document_id, reason=reason)
        raise ConflictError(
            f"The content of the document {document_id} is lost or damaged; bring it again, or another document.",
            code="content_lost",
        )
    return content


class _Recorder:
    """Records a decision and answers with the document as its author sees it."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    async def answer(self, document_id: str, decide: Decision, author: Author, *, status: int = 200) -> Response:
        """Record and return the document. Raises what the decision raises."""
        state = await (self.facts.current() if context.is_settled() else self.facts.record(decide))
        location = f"/v1/evidence/{document_id}" if status == CREATED else None
        return _reply(state, document_id, author.audience, status=status, location=location)


def _reply(state: State, document_id: str, audience: Audience, *, status: int = 200, location: str | None = None) -> Response:
    shown = audience.sees_document(state, document_id)
    if not shown:
        raise NotFoundError(f"There is no document {document_id}.", code="document_not_found")
    return json_reply(EvidenceView.of(shown, audience), rev=shown[-1].record.rev, status=status, location=location)


def _digest(content: bytes, media_type: str, document: Record) -> str:
    """Return the SHA-256 of a content. Raises InvalidError: ``content_type_differs``, ``content_differs``."""
    require_kind(content, media_type)
    digest = hashlib.sha256(content).hexdigest()
    stated = document.content.get("document_sha256")
    if stated not in (None, digest):
        raise InvalidError(
            f"The file has the SHA-256 {digest}, the document {stated}; correct the document first, or record another.",
            code="content_differs",
            expected=stated,
            found=digest,
        )
    return digest
