"""Which problems an operation can answer: ``codes.json`` lists them by status, as ``deploy.generate.operations`` found them."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, Final

from shared.http import problem

CODES: Final = "codes.json"
STATUSES: Final = {
    400: "The request is malformed.",
    401: "The token is missing, has expired or is not valid.",
    403: "The caller may not do this.",
    404: "There is no such thing, or the caller may not see it.",
    406: "The answer is to be had in none of the forms that `Accept` takes.",
    409: "The present state does not allow this.",
    410: "It is no more, and does not come back.",
    412: "The thing is not as `If-Match` or `If-None-Match` asks.",
    413: "The body is too long.",
    414: "The path or the query is too long.",
    415: "The body is of another type.",
    416: "The part that `Range` asks for does not exist.",
    422: "A value of the request is not valid, or breaks a rule.",
    428: "The request needs a precondition.",
    429: "Too many requests; try again later.",
    431: "The head of the request is too large.",
    500: "Unexpected error of the service.",
    503: "Something is away for the moment; the same request may succeed later (`Retry-After`).",
}
"""What the status of a problem means."""
_RETRY: Final = {"Retry-After": {"description": "Seconds until the next try.", "schema": {"type": "integer"}}}


@cache
def codes() -> dict[str, dict[str, dict[str, list[str]]]]:
    """Return the codes of all operations: by service, by method and path, by status."""
    return json.loads((resources.files(__package__) / CODES).read_text("utf-8"))  # type: ignore[no-any-return] # our own file


def problems_of(service: str, method: str, path: str) -> dict[str, dict[str, Any]]:
    """Return the answers of an operation that are problems, by status, each with its codes; none for an unknown operation."""
    found = codes().get(service, {}).get(f"{method} {path}", {})
    return {status: _answer(int(status), names) for status, names in found.items()}


def _answer(status: int, names: list[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": f"{STATUSES[status]} Codes: {', '.join(f'`{name}`' for name in names)}.",
        "content": {problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "x-codes": names,
    }
    return answer | ({"headers": _RETRY} if status == 503 else {})  # noqa: PLR2004 - Service Unavailable
