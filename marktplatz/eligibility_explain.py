"""What ``marktplatz eligibility explain`` does: the answer for one order on a day, as a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer

from marktplatz.eligibility_matrix import Selection, source_of
from marktplatz.names import ServiceName
from services.catalog.repository import OFFERINGS
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.explanation import explained
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.rule_sets import rule_sets
from services.eligibility.records.judge import reader_of
from services.eligibility.records.sentences import tree
from shared.errors import InvalidError, NotFoundError
from shared.process.settings import ProcessSettings
from shared.process.stores import opened

_OFFER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Asked:
    """The question. ``offering``: id of an offer of the catalogue, or of the body that provides."""

    customer: str
    offering: str
    channel: str
    on: str
    facts: Path | None
    rule_set: str
    indirect_joint: Literal["STRICT", "ACCEPT"]
    accreditation: Literal["IGNORE", "REQUIRE"]


async def print_explanation(asked: Asked, language: Literal["de", "en"]) -> None:
    """Print the answer as a tree; nothing is recorded. Raises InvalidError with the code of the refusal, or NotFoundError."""
    provider = await _provider(asked)
    selection = Selection(asked.on, asked.facts, None, (), asked.indirect_joint, asked.accreditation, asked.rule_set)
    async with source_of(selection) as (world, _):
        request = {
            "kind": "ORDER",
            "as_of": asked.on,
            "rule_set": asked.rule_set,
            "policy": {"indirect_joint": asked.indirect_joint, "accreditation": asked.accreditation},
            "customer": asked.customer,
            "provider": provider,
            "channel": _channel(asked),
        }
        try:
            answer = evaluate(world, request)
        except RefusedError as refused:
            raise InvalidError(f"{refused.detail[0].upper()}{refused.detail[1:]}.", code=refused.code) from refused
    typer.echo(tree(explained(answer), reader_of(answer, language)))


async def _provider(asked: Asked) -> str:
    """Return who provides the offer. Raises NotFoundError (``offering_not_found``)."""
    if asked.facts is not None or not _OFFER.fullmatch(asked.offering):
        return asked.offering
    async with opened(ServiceName.CATALOG.value, ProcessSettings()) as store:
        await store.prepare([OFFERINGS])
        offering = await store.get(OFFERINGS, asked.offering)
    if offering is None:
        raise NotFoundError(f"The catalogue has no offer {asked.offering}.", code="offering_not_found")
    return str(offering["provider"]["id"])


def _channel(asked: Asked) -> str:
    """Return the channel by its name in the rule set, in whatever case it was written."""
    rules = rule_sets().get(asked.rule_set)
    names = () if rules is None else tuple(rules.channels)
    return next((name for name in names if name.lower() == asked.channel.lower()), asked.channel)
