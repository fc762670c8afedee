"""Which form of an answer a client prefers: the Accept header (RFC 9110, 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.requests import Request

from shared.http.problem import RefusedRequestError

_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def preferred(request: Request, offered: Sequence[str]) -> str:
    """Return the media type of ``offered`` that the Accept header prefers; the first of equals, and without a header.

    Raises RefusedRequestError (406, ``not_acceptable``) if it takes none of them.
    """
    best = find_preferred(request, offered)
    if best is None:
        raise RefusedRequestError(
            f"The answer is to be had as {' or '.join(offered)}; the Accept header takes neither.",
            status=406,
            code="not_acceptable",
            offered=list(offered),
        )
    return best


def find_preferred(request: Request, offered: Sequence[str]) -> str | None:
    """Return the media type of ``offered`` that the Accept header prefers as ``preferred`` does, None if it takes none."""
    ranges = [part for header in request.headers.getlist("Accept") for part in header.split(",") if part.strip()]
    if not ranges:
        return offered[0]
    weights = {media: _weight(media, ranges) for media in offered}
    best = max(offered, key=lambda media: weights[media])
    return best if weights[best] > 0 else None


def _weight(media: str, ranges: Sequence[str]) -> float:
    """Return the weight that the most specific of the ranges gives to a media type, 0 if none takes it."""
    kind = media.partition("/")[0]
    found: dict[str, float] = {}
    for text in ranges:
        name, *parameters = (part.strip().lower() for part in text.split(";"))
        found[name] = max(found.get(name, 0.0), _quality(parameters))
    return next((found[name] for name in (media, f"{kind}/*", "*/*") if name in found), 0.0)


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if _QUALITY.fullmatch(value.strip()) else 0.0
    return 1.0
