"""Whatever replaces or removes what others may have changed meanwhile says which revision it was made for: one rule for all APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from deploy.site.openapi_page import documents

REPLACING: Final = ("put", "patch", "delete")
MADE_OR_REPLACED: Final = frozenset(
    {
        "eligibility PUT /v1/registrations/{body_id}",
        "notify PUT /v1/contacts/me",
    }
)
"""Operations that make the thing if there is none yet: they need no revision then, and 428 says so if there is one."""
CONTENT_BY_ITS_HASH: Final = "the path or the document states the hash of what is brought: nothing else can come there"
ERASURE: Final = "erasing personal data is not refused because they have changed (Art. 17 GDPR)"
EXCEPTIONS: Final[Mapping[str, str]] = {
    "catalog PUT /v1/offerings/{offering_id}/documents/{digest}": CONTENT_BY_ITS_HASH,
    "eligibility PUT /v1/evidence/{document_id}/content": CONTENT_BY_ITS_HASH,
    "notify DELETE /v1/contacts/me": ERASURE,
    "notify DELETE /v1/contacts/{contact_id}": ERASURE,
    "contracts DELETE /v1/contracts/{contract_id}/contacts/history/{entry_id}": ERASURE,
    "eligibility DELETE /v1/precheck-jobs/{job_id}": "only a job that has ended is deleted, and that one changes no more",
    "catalog DELETE /v1/portals/{portal_id}": "a portal reports all the time, and its next report brings it back",
}


@pytest.fixture(scope="module")
def replacing() -> dict[str, dict[str, Any]]:
    return {
        f"{service} {method.upper()} {path}": item[method]
        for service, document in documents().items()
        for path, item in document["paths"].items()
        for method in REPLACING
        if method in item
    }


def _needs_a_revision(operation: Mapping[str, Any]) -> bool:
    return any(it["name"] == "If-Match" and it.get("required", False) for it in operation["parameters"])


def test_whatever_replaces_or_removes_needs_the_revision_that_was_read(replacing: dict[str, dict[str, Any]]) -> None:
    free = {name for name, operation in replacing.items() if not _needs_a_revision(operation)}
    assert free == EXCEPTIONS.keys() | MADE_OR_REPLACED
    for name, operation in replacing.items():
        codes = {code for answer in operation["responses"].values() for code in answer.get("x-codes", ())}
        assert ("if_match_missing" in codes) == (name not in EXCEPTIONS), name
        if name not in EXCEPTIONS:
            assert "precondition_failed" in codes, name


def test_whoever_has_to_state_a_revision_can_read_it(replacing: dict[str, dict[str, Any]]) -> None:
    """The tag is that of the thing, or of what holds it: a statement and an invitation lie in their organisation."""
    found = documents()
    for name in replacing.keys() - EXCEPTIONS.keys():
        service, _, path = name.split(" ")
        paths = found[service]["paths"]
        while path and "get" not in paths.get(path, {}):
            path = path.rpartition("/")[0]
        answers = paths[path]["get"]["responses"]
        assert "ETag" in answers["200"].get("headers", {}), f"{name}: {path} states no ETag"
