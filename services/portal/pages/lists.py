"""Lists narrowed by what stands in the address of their page, and the same as a table to be saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query
from starlette.responses import Response

from services.portal.apis.client import Parameters, Table

TABLE = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is narrowed by: words, a state, the day before which something ends. Empty: by nothing of the kind."""

    q: str = ""
    state: str = ""
    ends_before: str = ""

    @property
    def parameters(self) -> Parameters:
        """What the service is asked for. Only granted accreditations have an end: with a day the state says nothing more."""
        state = "" if self.ends_before else self.state
        given = (("q", self.q.strip()), ("state", state), ("ends_before", self.ends_before))
        return [(name, value) for name, value in given if value]

    def address(self, path: str, cursor: str | None = None) -> str:
        """Return the address of a page with the same filters, or of the one behind a cursor."""
        query = [*self.parameters, *([("cursor", cursor)] if cursor else [])]
        return f"{path}?{urlencode(query)}" if query else path


@dataclass(frozen=True, slots=True)
class Chip:
    """A chosen filter, with the address of the list without it. ``german``: its words are in German only."""

    label: str
    address: str
    german: bool = False


async def _asked(
    q: Annotated[str, Query(max_length=100)] = "", state: str = "", ends_before: Annotated[str, Query(max_length=10)] = ""
) -> Asked:
    return Asked(q, state, ends_before)


AskedFor = Annotated[Asked, Depends(_asked)]


def table_file(table: Table) -> Response:
    """Return a table as a file that a browser saves, under the name that the service gives it."""
    headers = {"Content-Disposition": table.disposition, "Cache-Control": "no-store"}
    return Response(table.content, media_type=TABLE, headers=headers)
