"""Every API takes the query parameters that it describes, and refuses all others."""

from __future__ import annotations

import pytest

from marktplatz.assembly import BUILDERS, ServiceName
from shared.store.sqlite.store import SqliteStore
from tests.faults.malformed.apis import app_of, operations
from tests.support.http import client


@pytest.mark.parametrize("service", BUILDERS, ids=lambda service: service.value)
async def test_what_is_described_is_taken_and_nothing_else(service: ServiceName) -> None:
    """Nothing is looked up: an unknown parameter is refused before, and of known ones only the unknown beside them is named."""
    _, app = app_of(service, SqliteStore(None))
    token = "erika/010540056056/KUNDE"
    async with client(app, token) as http:
        for one in operations(service, app.openapi()):
            known = [it["name"] for it in one.parameters if it["in"] == "query"]
            query = "&".join([*(f"{name}=1" for name in known), "no_such_parameter=1"])
            path = one.path.replace("{", "").replace("}", "")
            answer = await http.request(one.method, f"{path}?{query}", json={})
            if answer.status_code == 415:
                continue  # a file, which is refused for its kind first
            named = answer.json()["errors"]
            assert (answer.status_code, len(named)) == (422, 1), (str(one), answer.text)
            assert "no_such_parameter" in str(named), str(one)
