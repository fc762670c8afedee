"""Routes of the archive: heads, keys and proofs of consistency for everybody, the receipt of a contract for who may see it.

A head and a proof of consistency are a number of entries and hashes of all of them: they say how many effects there were and
nothing of any. A receipt names a contract, so it is for those who see that contract.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, ClassVar, Final

from fastapi import APIRouter, Query
from fastapi import Request as HttpRequest
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import Response

from services.contracts.access import viewer_of
from services.contracts.archive import tree
from services.contracts.archiving.export import Export
from services.contracts.archiving.log import ArchiveLog
from services.contracts.repository import Contracts
from shared.errors import InvalidError, NotFoundError
from shared.files.port import Files
from shared.http.cached import content_tag, is_held, not_modified
from shared.http.dependencies import CurrentCaller
from shared.messages.contracts_checkpoints import CheckpointSigned
from shared.messages.values import EntityId

BUNDLE: Final = "application/x-ndjson"
MAX_AGE_SECONDS: Final = 5
MOST_HELD: Final = 20
_TEXT: Final = "text/plain; charset=utf-8"
_HASHES: Final = ["b9f1f7a0a2f3c1c1f0d4d6d0e9b0ae6b1c8de2f5f2c4b7a7f0a3b4c5d6e7f809"]
_EXAMPLE: dict[str, JsonValue] = {"log": "marktplatz.example/contracts", "from": 5, "to": 6, "proof": [*_HASHES]}

Name = Annotated[
    str | None,
    Query(alias="log", max_length=200, description="Name of a former log of this archive; without it the present one."),
]
Entries = Annotated[int, Field(ge=0, le=2**53 - 1)]


class ConsistencyProof(BaseModel):
    """Hashes that prove that the log of one size is the beginning of the log of the other (RFC 6962, 2.1.2)."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE]}, validate_by_name=True, serialize_by_alias=True
    )

    log: str
    first: int = Field(alias="from")
    to: int
    proof: list[str] = Field(description="SHA-256 in lower-case hexadecimal digits; none from 0 and between equal sizes.")


def _texts(description: str, example: str) -> dict[int | str, dict[str, object]]:
    return {
        200: {"description": description, "content": {"text/plain": {"schema": {"type": "string"}, "example": example}}},
        304: {"description": "The client holds it as it is (If-None-Match)."},
    }


_NOTE = str((CheckpointSigned.model_fields["note"].examples or [""])[0])
_VKEY = "marktplatz.example/contracts+c1a621ce+AQOhB7/zzhC+HXDdGOdLwJln5PYwm6UNXx3chmQSVTG4\n"


def archive_routes(contracts: Contracts, log: ArchiveLog, files: Files) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["archive"])

    @router.get(
        "/archive/checkpoint",
        response_class=Response,
        responses=_texts("The checkpoint as it was signed, to be kept byte for byte.", _NOTE),
        summary="The newest signed checkpoint of the archive, or that of a size (public)",
    )
    async def checkpoint(
        request: HttpRequest,
        size: Annotated[Entries | None, Query(description="Entries that it covers.")] = None,
        name: Name = None,
    ) -> Response:
        note = await (await log.named(name)).checkpoint(size)
        if note is None:
            raise _no_checkpoint(size)
        return _text(request, note)

    @router.get(
        "/archive/key",
        response_class=Response,
        responses=_texts("A key in each line, in the order of their first checkpoints.", _VKEY),
        summary="The public keys that have signed checkpoints, as marktplatz-verify takes them (public)",
    )
    async def keys(request: HttpRequest, name: Name = None) -> Response:
        """Return the keys. Whoever verifies compares them with a copy that reached them on another way."""
        found = await (await log.named(name)).vkeys()
        if not found:
            raise _no_checkpoint(None)
        return _text(request, "".join(f"{vkey}\n" for vkey in found))

    @router.get(
        "/archive/consistency",
        response_model=ConsistencyProof,
        summary="Proof that the archive of one size is the beginning of the archive of another (public)",
    )
    async def consistency(
        first: Annotated[Entries, Query(alias="from", description="Size of the earlier checkpoint.")] = 0,
        to: Annotated[Entries | None, Query(description="That of the later one; without it the newest.")] = None,
        name: Name = None,
    ) -> ConsistencyProof:
        asked = await log.named(name)
        newest, _ = await asked.newest() or (0, "")
        second = newest if to is None else to
        if max(first, second) > newest:
            raise _no_checkpoint(max(first, second))
        if first > second:
            raise InvalidError(f"A log of {first} entries is no beginning of one of {second}.", code="consistency_backwards")
        proof = await asked.proof(tree.consistency(first, second))
        return ConsistencyProof(log=await asked.origin(), first=first, to=second, proof=[it.hex() for it in proof])

    @router.get(
        "/contracts/{contract_id}/archive",
        response_class=Response,
        responses={200: {"description": "A bundle for marktplatz-verify.", "content": {BUNDLE: {"schema": {"type": "string"}}}}},
        summary="Receipt of a contract: its entries in the archive, with proofs",
    )
    async def receipt(
        caller: CurrentCaller,
        contract_id: EntityId,
        since: Annotated[
            list[Entries],
            Query(max_length=MOST_HELD, description="Sizes of checkpoints that the reader holds: connected with the newest."),
        ] = [],  # noqa: B006 - FastAPI copies it
        name: Name = None,
    ) -> Response:
        """Return a bundle that verifies off line. It holds no record about a person, and documents only for both sides."""
        viewer = viewer_of(caller)
        stored = await contracts.find(viewer, contract_id)
        if stored is None:
            raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
        asked = await (_holding(log, contract_id) if name is None else log.named(name))
        export = Export(asked, files, documents=viewer.reads_text(stored.contract))
        headers = {"Content-Disposition": f'attachment; filename="receipt-{contract_id}.jsonl"', "Cache-Control": "no-store"}
        return Response(await _joined(export.receipt(contract_id, since)), headers=headers, media_type=BUNDLE)

    return router


async def _holding(log: ArchiveLog, subject: str) -> ArchiveLog:
    """Return the newest log with an entry about a subject, the present one if none has."""
    for one in reversed(await log.all()):
        if await one.about(subject):
            return one
    return log


async def _joined(lines: AsyncIterator[bytes]) -> bytes:
    return b"".join([line async for line in lines])


def _text(request: HttpRequest, text: str) -> Response:
    headers = {"Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"}
    tag = content_tag(text)
    if is_held(request, tag):
        return not_modified(tag, headers)
    return Response(text, headers={**headers, "ETag": tag}, media_type=_TEXT)


def _no_checkpoint(size: int | None) -> NotFoundError:
    which = "Nothing was signed yet" if size is None else f"No checkpoint of {size} entries was signed"
    return NotFoundError(f"{which}.", code="checkpoint_not_found")
