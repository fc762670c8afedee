"""The public keys by which partners check our receipts."""

from __future__ import annotations

import hashlib
from typing import Annotated

import orjson
from fastapi import APIRouter, Header
from pydantic import BaseModel
from starlette.responses import Response

from services.ordering.partners.receipt_keys import ReceiptKeys

FRESH_SECONDS = 300
"""How long the set may be cached: a fraction of the day by which a new key is published before it signs."""


class ReceiptKeyView(BaseModel):
    """One public key (RFC 7517, RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class ReceiptKeySet(BaseModel):
    """A JWK set (RFC 7517, section 5), oldest key first."""

    keys: list[ReceiptKeyView]


_IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="ETag of the set as it was read last; 304 if it is the same.")
]


def routes(keys: ReceiptKeys) -> APIRouter:
    """Return the route of the keys."""
    router = APIRouter(prefix="/v1", tags=["orders", "partners"])

    @router.get("/partner-receipts/jwks", response_model=ReceiptKeySet, responses={304: {"description": "The set is the same."}})
    async def receipt_keys(none_match: _IfNoneMatch = None) -> Response:
        """The keys that sign receipts, and those that have: public, to be cached, read again for an unknown kid."""
        body = orjson.dumps({"keys": keys.published()})
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": f"public, max-age={FRESH_SECONDS}"}
        known = {it.strip().removeprefix("W/") for it in (none_match or "").split(",")}
        if tag in known or known == {"*"}:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    return router
