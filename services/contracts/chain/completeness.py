"""Which link is missing for a use on a day, and who has to act (COMPLETE); the same for each day of a period (TIMELINE)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from services.contracts.chain.contract import Accession, Contract
from services.contracts.chain.days import OPEN, day_after, day_before
from services.contracts.chain.given import AboutUse, AskComplete, AskTimeline
from services.contracts.chain.links import Plan, answer_of, key_of, verdict_of
from services.contracts.chain.plans import Use
from services.contracts.chain.refusal import RefusedError
from services.contracts.chain.violations import WITH_DAYS, violations
from services.contracts.chain.world import World


def complete(world: World, asked: AskComplete) -> dict[str, Any]:
    """Return the best plan of each channel and the best channel on a day. Raises RefusedError."""
    plans = _best_plans(_use(world, asked), asked.on)
    best = _best(plans)
    return {
        "complete": verdict_of(plans[best])[0] == "COMPLETE",
        "best": best,
        "channels": [answer_of(channel, plan) for channel, plan in plans.items()],
    }


def timeline(world: World, asked: AskTimeline) -> dict[str, Any]:
    """Return the status of the best channel for all days of a period, equal neighbours as one. Raises RefusedError."""
    if asked.to < asked.from_:
        raise RefusedError("PERIOD_INVALID")
    use = _use(world, asked)
    days = [asked.from_, *sorted(day for day in _days_of_change(world) if asked.from_ < day <= asked.to)]
    statuses = []
    for day in days:
        plans = _best_plans(use, day)
        statuses.append((day, verdict_of(plans[_best(plans)])[0]))
    merged = [(next(days)[0], status) for status, days in groupby(statuses, key=lambda item: item[1])]
    ends = [*(day_before(day) for day, _ in merged[1:]), asked.to]
    return {"timeline": [{"from": day, "to": end, "status": status} for (day, status), end in zip(merged, ends, strict=True)]}


def _use(world: World, asked: AboutUse) -> Use:
    org = world.organisations.get(asked.org)
    if org is None:
        raise RefusedError("ORGANISATION_UNKNOWN", asked.org)
    if org.ars is None:
        raise RefusedError("ARS_UNKNOWN", asked.org)
    if asked.channel is not None and asked.channel not in world.channels:
        raise RefusedError("CHANNEL_UNKNOWN", asked.channel)
    violated = defaultdict(list)
    for violation in violations(world):
        if violation.code not in WITH_DAYS:
            violated[violation.contract].append(violation.code)
    return Use(world, asked, org, dict(violated))


def _best_plans(use: Use, day: str) -> dict[str, Plan]:
    asked = use.asked.channel
    channels = use.world.offering.channels if asked is None else (asked,)
    return {channel: min(use.plans(use.world.channels[channel], day), key=key_of) for channel in sorted(channels)}


def _best(plans: Mapping[str, Plan]) -> str:
    return min(plans, key=lambda channel: (key_of(plans[channel]), channel))


def _days_of_change(world: World) -> set[str]:
    """Return the days on which the status of a link or the parent of a contract may change."""
    found = set()
    resting: list[Contract | Accession] = [*world.chain.contracts.values(), *world.accessions]
    for item in resting:
        found.add(item.valid_from)
        if item.term.last != OPEN:
            found.add(day_after(item.term.last))
    return found
