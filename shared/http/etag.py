"""ETag and If-Match (RFC 9110): the strong entity tag of a thing is its revision."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from shared.errors import PreconditionFailedError
from shared.http.problem import RefusedRequestError

_TAG = re.compile(r'"[\x21\x23-\x7e]*"')
_REVISION = re.compile(r'"(0|[1-9][0-9]{0,17})"')
_Header = Annotated[
    str | None,
    Header(alias="If-Match", description="Revision that the change was made for: the ETag as it was read."),
]


async def if_match(request: Request, _documented: _Header = None) -> int | None:
    """Return the revision that the If-Match header asks for, None if there is none or it is ``*``.

    Raises RefusedRequestError (400) for a malformed header or several tags, PreconditionFailedError (412) for a tag that
    no thing here ever has: a weak one or one that is no revision.
    """
    headers = request.headers.getlist("if-match")
    if not headers or headers == ["*"]:
        return None
    text = headers[0].strip()
    if len(headers) == 1 and (match := _REVISION.fullmatch(text)):
        return int(match[1])
    if len(headers) == 1 and _TAG.fullmatch(text.removeprefix("W/")):
        raise PreconditionFailedError(f"No revision of this thing has the entity tag {text}.")
    raise RefusedRequestError(
        'The If-Match header must be one entity tag, such as "3", or *.', status=400, code="if_match_invalid"
    )


def etag(rev: int) -> str:
    """Return the strong entity tag of a revision."""
    return f'"{rev}"'


def json_reply(model: BaseModel, *, rev: int | None = None, status: int = 200, location: str | None = None) -> Response:
    """Return the model as a JSON answer, with ETag and Location if given."""
    headers = {}
    if rev is not None:
        headers["ETag"] = etag(rev)
    if location is not None:
        headers["Location"] = location
    return Response(model.model_dump_json(by_alias=True), status_code=status, headers=headers, media_type="application/json")
