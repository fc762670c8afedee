"""Example offers for trying the marketplace out: marked as such, published over the public interfaces as real ones are."""

from __future__ import annotations

import json

import httpx

from marktplatz.demo import flow
from marktplatz.demo.cast import cast
from marktplatz.demo.people import LIMITS, StepFailedError
from marktplatz.embedded import Embedded
from marktplatz.infrastructure.errors import EmbeddedError
from shared.process.files import shipped

EXAMPLES = shipped("data", "demo", "example_offers.json")


async def publish_examples(run: Embedded) -> int:
    """Publish what ``EXAMPLES`` holds unless something can be ordered here already; return how many offers it published.

    Raises EmbeddedError if a step of it fails.
    """
    try:
        return await _publish(run)
    except StepFailedError as error:
        raise EmbeddedError(str(error)) from error


async def _publish(run: Embedded) -> int:
    async with httpx.AsyncClient(timeout=30, limits=LIMITS) as client:
        people = cast(run, client)
        komm_one, govdigital = people.komm_one, people.govdigital
        found = await komm_one.get("catalog", "/v1/offerings", {"orderable": "true", "limit": 1})
        if found["total"]:
            return 0
        checklist = await komm_one.get("catalog", "/v1/reference/requirements")
        offers = json.loads(EXAMPLES.read_text("utf-8"))["offers"]
        for offer in offers:
            await flow.publish(komm_one, govdigital, flow.form(checklist, **offer))
        return len(offers)
