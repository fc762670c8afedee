"""ETag, If-Match and If-None-Match (RFC 9110): the strong entity tag of a thing is its revision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from shared.aggregate.condition import Condition
from shared.errors import PreconditionFailedError, PreconditionRequiredError
from shared.http.problem import RefusedRequestError

_TAG = re.compile(r'"[\x21\x23-\x7e]*"')
_REVISION = re.compile(r'"(0|[1-9][0-9]{0,17})"')
_IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="Revision that the change was made for: the ETag as it was read; * for any."),
]
_IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="ETag that the thing must not have; * if there must be none yet."),
]


async def condition_of(request: Request, _match: _IfMatch = None, _none_match: _IfNoneMatch = None) -> Condition | None:
    """Return what the If-Match and If-None-Match headers ask of the thing, None if there is neither (RFC 9110, 13.1).

    Raises RefusedRequestError (400) for a malformed header or several tags, PreconditionFailedError (412) for an If-Match
    with a tag that no thing here ever has: a weak one or one that is no revision.
    """
    if_match, if_none_match = _tag(request, "If-Match"), _tag(request, "If-None-Match")
    if if_match is None and if_none_match is None:
        return None
    revision = _revision(if_match or "*")
    if revision is None and if_match is not None and if_match != "*":
        raise PreconditionFailedError(f"No revision of this thing has the entity tag {if_match}.")
    # If-None-Match compares weakly: a tag that a proxy made weak means the same revision.
    other = _revision((if_none_match or "*").removeprefix("W/"))
    return Condition(revision, present=if_match == "*", not_revision=other, absent=if_none_match == "*")


async def needed_condition_of(condition: Annotated[Condition | None, Depends(condition_of)]) -> Condition:
    """Return the condition of a request that replaces what others may have changed meanwhile, which states a revision.

    Raises what ``condition_of`` raises, and PreconditionRequiredError (428) without a revision: ``*`` names none.
    """
    if condition is None or condition.revision is None:
        raise PreconditionRequiredError("The thing")
    return condition


def _tag(request: Request, name: str) -> str | None:
    """Return the one entity tag of a header or ``*``, None without the header."""
    headers = request.headers.getlist(name)
    if not headers:
        return None
    text = headers[0].strip()
    if len(headers) > 1 or (text != "*" and not _TAG.fullmatch(text.removeprefix("W/"))):
        raise RefusedRequestError(
            f'The {name} header must be one entity tag, such as "3", or *.',
            status=400,
            code="if_match_invalid" if name == "If-Match" else "if_none_match_invalid",
        )
    return text


def _revision(tag: str) -> int | None:
    match = _REVISION.fullmatch(tag)
    return int(match[1]) if match else None


def etag(rev: int) -> str:
    """Return the strong entity tag of a revision."""
    return f'"{rev}"'


def json_reply(
    model: BaseModel,
    *,
    rev: int | None = None,
    status: int = 200,
    location: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the model as a JSON answer, with ETag, Location and further headers if given."""
    sent = dict(headers or {})
    if rev is not None:
        sent["ETag"] = etag(rev)
    if location is not None:
        sent["Location"] = location
    return Response(model.model_dump_json(by_alias=True), status_code=status, headers=sent, media_type="application/json")
