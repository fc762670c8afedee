"""Whatever changes something can be repeated under its Idempotency-Key: one rule for all APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deploy.site.openapi_page import documents

ASKS: Final = "it asks and changes nothing; the question is too long for an address"
THE_SAME_AGAIN: Final = "once more it changes nothing, whoever sends it and however often"
WITHOUT_A_KEY: Final[Mapping[str, str]] = {
    "contracts /v1/contracts/{contract_id}/sub-contracts/preview": ASKS,
    "eligibility /v1/checks": ASKS,
    "eligibility /v1/registrations/{body_id}/check": ASKS,
    "eligibility /v1/invitations/accept": THE_SAME_AGAIN,
    "notify /v1/inbox/read": THE_SAME_AGAIN,
    "notify /v1/inbox/{notification_id}/read": THE_SAME_AGAIN,
}


def test_every_post_that_changes_something_takes_a_key() -> None:
    without = {
        f"{service} {path}"
        for service, document in documents().items()
        for path, item in document["paths"].items()
        if "post" in item and not any(it["name"] == "Idempotency-Key" for it in item["post"].get("parameters", ()))
    }
    assert without == WITHOUT_A_KEY.keys()
