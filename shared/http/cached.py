"""Answers that a client may hold and ask about again: entity tags of content, If-None-Match, 304 (RFC 9110, 13.1.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

FRESH_SECONDS: Final = 60
"""How long everybody may hold what changes by the hour."""
NOT_MODIFIED: Mapping[int | str, dict[str, object]] = {
    304: {"description": "The client holds the answer as it is (If-None-Match)."}
}
"""Documentation of a route that answers 304."""
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e]*")')


def content_tag(*parts: object, weak: bool = False) -> str:
    """Return the entity tag of content that is fully described by ``parts``; ``weak`` if its bytes may differ nevertheless."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode() + b"\0")
    return f'{"W/" if weak else ""}"{digest.hexdigest()[:32]}"'


def is_held(request: Request, tag: str) -> bool:
    """Return whether the client states in If-None-Match that it holds the content of this tag; tags compare weakly."""
    return any(header.strip() == "*" or _opaque(tag) in _TAG.findall(header) for header in _conditions(request))


def not_modified(tag: str, headers: Mapping[str, str]) -> Response:
    """Return the answer 304 with the headers that the full answer would have."""
    return Response(status_code=304, headers={**headers, "ETag": tag})


def public_reply(request: Request, model: BaseModel, max_age: int, *, tag: str | None = None) -> Response:
    """Return the model as a JSON answer that everybody may hold for ``max_age`` seconds, or 304 for whom holds it already.

    Without a ``tag`` the entity tag is that of the content. Only for answers that are the same for everybody without a token.
    """
    body = model.model_dump_json(by_alias=True).encode()
    tag = tag or content_tag(body)
    headers = {"Cache-Control": f"public, max-age={max_age}", "Vary": "Authorization"}
    if is_held(request, tag):
        return not_modified(tag, headers)
    return Response(body, headers={**headers, "ETag": tag}, media_type="application/json")


def _conditions(request: Request) -> Iterable[str]:
    return request.headers.getlist("If-None-Match")


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
