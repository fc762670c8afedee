"""What must hold before anything is calculated, in the order in which it is refused."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

from services.contracts.chain.days import Interval
from services.contracts.pricing.given import (
    AllLaender,
    FundingRule,
    Input,
    Item,
    KoenigsteinKey,
    Participant,
    Payer,
    Pool,
    Report,
    Version,
)
from services.contracts.pricing.keys import DAY_KEYS, OWN_KEYS, WHOLE, Refuse, check_key
from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.uses import reports_that_count
from shared.laender import LAENDER

PARTICIPANTS: Final = "PARTICIPANTS"
"""Funding of an item without a funding rule, and the one pool of it."""
BEREITSTELLER: Final = "BEREITSTELLER"
"""Payer of what nobody takes part in yet."""
BUND: Final = "DE"
TABLE_SUM: Final = 10_000_000
MOST_CENTS: Final = 10**13
ONBOARDING: Final = "ANBINDUNG_EINMALIG"
PLATFORM: Final = "PLATTFORMNUTZUNG"
PER_USE: Final = "NUTZUNGSABHAENGIG"
INFRASTRUCTURE: Final = "BETRIEB_INFRASTRUKTUR"
KINDS: Final = frozenset({INFRASTRUCTURE, "WEITERENTWICKLUNG", PLATFORM, "BETRIEB_ONLINEDIENST", PER_USE, ONBOARDING})
"""Kinds of cost (2021/24, exhaustive) and the Anbindung, which is never part of joint financing."""
_ARS_LENGTHS: Final = {
    "KREIS": frozenset({5}),
    "VERBAND": frozenset({0, 9}),
    "KOMMUNE": frozenset({12}),
    "IT_PROVIDER": frozenset({0}),
    "SONSTIGE": frozenset({0}),
}


def check(given: Input, known_at: str | None) -> None:
    """Check an input with the uses known at an instant (None: all). Raises RefusedError with the first failure."""
    if given.currency != "EUR":
        raise RefusedError("CURRENCY_INVALID")
    if given.period.interval.empty:
        raise RefusedError("PERIOD_INVALID")
    if any(sum(table.weights.values()) != TABLE_SUM for table in given.tables.values()):
        raise RefusedError("TABLE_INVALID")
    _check_rules(given.funding_rules, given.tables)
    _check_participants(given.participants, known_at)
    _check_versions(given)


def _check_rules(rules: Iterable[FundingRule], tables: Container[str]) -> None:
    used = {PARTICIPANTS}
    for rule in rules:
        shares = [pool.share_bp for pool in rule.pools]
        if (
            rule.id in used
            or rule.interval.empty
            or len({pool.id for pool in rule.pools}) < len(shares)
            or sum(shares) != WHOLE
            or min(shares) < 1
        ):
            raise RefusedError("FUNDING_RULE_INVALID")
        used.add(rule.id)
        for pool in rule.pools:
            _check_pool(pool, tables)


def _check_pool(pool: Pool, tables: Container[str]) -> None:
    match pool.members:
        case Payer():
            fits = pool.key is None
        case AllLaender():
            fits = isinstance(pool.key, KoenigsteinKey)
        case _:
            fits = pool.key == "ITEM" or (pool.key is not None and pool.key.type not in OWN_KEYS)
    if not fits:
        raise RefusedError("KEY_NOT_ALLOWED")
    if pool.key is not None and pool.key != "ITEM":
        check_key(pool.key, tables, RefusedError)


def _check_participants(participants: Iterable[Participant], known_at: str | None) -> None:
    used: set[str] = set()
    for participant in participants:
        refuse = partial(RefusedError, participant=participant.id)
        if participant.id in used:
            raise refuse("PARTICIPANT_DUPLICATE")
        used.add(participant.id)
        if not _is_valid(participant):
            raise refuse("PARTICIPANT_INVALID")
        _check_participations(participant, refuse)
        _check_reports(participant, reports_that_count(participant, known_at), refuse)


def _is_valid(participant: Participant) -> bool:
    ars = participant.ars or ""
    if participant.type == "BUND":
        return participant.id == BUND == ars
    if participant.type == "LAND":
        return LAENDER.get(ars) == participant.id
    if participant.id in {BUND, BEREITSTELLER} or participant.id.startswith("DE-"):
        return False
    return ars != BUND and len(ars) in _ARS_LENGTHS[participant.type] and (not ars or ars[:2] in LAENDER)


def _check_participations(participant: Participant, refuse: Refuse) -> None:
    days = [participation.interval for participation in participant.participations]
    if any(interval.empty for interval in days):
        raise refuse("PERIOD_INVALID")
    if _overlap(days):
        raise refuse("PARTICIPATION_OVERLAP")


def _check_reports(participant: Participant, counting: Sequence[Report], refuse: Refuse) -> None:
    if any(report.interval.empty for report in participant.uses):
        raise refuse("PERIOD_INVALID")
    if len({(report.interval, report.rev) for report in participant.uses}) < len(participant.uses):
        raise refuse("USES_REPORT_DUPLICATE")
    for report in counting:
        taking_part = (participation.interval.common(report.interval) for participation in participant.participations)
        if report.count and all(days.empty for days in taking_part):
            raise refuse("USES_OUTSIDE_PARTICIPATION")
    if _overlap([report.interval for report in counting]):
        raise refuse("USES_REPORT_OVERLAP")


def _overlap(intervals: Iterable[Interval]) -> bool:
    return any(not first.common(second).empty for first, second in pairwise(sorted(intervals)))


def _check_versions(given: Input) -> None:
    versions = given.cost_information
    for version in versions:
        if version.issued_on > version.effective_from:
            raise RefusedError("COST_INFO_RETROACTIVE", version=version.version)
    for before, version in pairwise(versions):
        if version.version <= before.version or version.effective_from <= before.effective_from:
            raise RefusedError("COST_INFO_ORDER", version=version.version)
    for version in versions:
        used: set[str] = set()
        for item in version.items:
            refuse = partial(RefusedError, version=version.version, item=item.id)
            if item.id in used:
                raise refuse("ITEM_DUPLICATE")
            used.add(item.id)
            _check_amount(item, refuse)
            _check_days(item, refuse)
            _check_efa_share(item, refuse)
            _check_keys(item, given, refuse)
            _check_funding(item, given.funding_rules, refuse)
        _check_double_counting(version)


def _check_amount(item: Item, refuse: Refuse) -> None:
    if item.kind not in KINDS:
        raise refuse("COST_KIND_UNKNOWN")
    if not 0 <= item.amount_cents <= MOST_CENTS:
        raise refuse("AMOUNT_INVALID")


def _check_days(item: Item, refuse: Refuse) -> None:
    if item.period == "EINMALIG" and item.key.type != "FEST":
        days_fit = item.due_on is not None and item.valid_from is None and item.valid_to is None
    else:
        days_fit = item.due_on is None and item.valid_from is not None
    allowed = (item.period == "EINMALIG" or item.kind != ONBOARDING) and (item.period != "JE_NUTZUNG" or item.kind == PER_USE)
    if not (allowed and days_fit):
        raise refuse("PERIOD_NOT_ALLOWED")
    if item.interval.empty:
        raise refuse("PERIOD_INVALID")


def _check_efa_share(item: Item, refuse: Refuse) -> None:
    share = item.efa_share_bp
    if (share is None) == (item.kind == PLATFORM) or not 0 <= (share or 0) <= WHOLE:
        raise refuse("EFA_SHARE_INVALID")


def _check_keys(item: Item, given: Input, refuse: Callable[..., RefusedError]) -> None:
    key = item.key
    if (
        (item.period == "JE_NUTZUNG" and key.type != "FEST")
        or (item.kind == ONBOARDING and key.type not in OWN_KEYS)
        or (key.type == "DIREKT" and item.kind not in {PER_USE, ONBOARDING})
    ):
        raise refuse("KEY_NOT_ALLOWED")
    check_key(key, given.tables, refuse)
    if key.type == "DIREKT" and key.participant not in {participant.id for participant in given.participants}:
        raise refuse("PARTICIPANT_UNKNOWN", participant=key.participant)
    if item.fallback_key is not None:
        if item.fallback_key.type not in DAY_KEYS:
            raise refuse("KEY_NOT_ALLOWED")
        check_key(item.fallback_key, given.tables, refuse)


def _check_funding(item: Item, rules: Iterable[FundingRule], refuse: Refuse) -> None:
    if item.funding == PARTICIPANTS:
        return
    if item.funding not in {rule.id for rule in rules}:
        raise refuse("FUNDING_UNKNOWN")
    if item.key.type in OWN_KEYS:
        raise refuse("FUNDING_NOT_ALLOWED")


def _check_double_counting(version: Version) -> None:
    operated = [item for item in version.items if item.kind == INFRASTRUCTURE and item.cost_object is not None]
    for item in version.items:
        if item.kind == PLATFORM and any(
            other.cost_object == item.cost_object and not other.interval.common(item.interval).empty for other in operated
        ):
            raise RefusedError("DOUBLE_COUNTED", version=version.version, item=item.id)
