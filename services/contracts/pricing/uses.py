"""Reported uses: which reports count as known at an instant, and how many uses a participant has in a window."""

from __future__ import annotations

from collections.abc import Iterable

from services.contracts.chain.days import Interval, uncovered
from services.contracts.pricing.given import Participant, Report
from services.contracts.pricing.refusal import RefusedError


def reports_that_count(participant: Participant, known_at: str | None) -> list[Report]:
    """Return per days the known report of the highest revision, unless withdrawn, by first day. None: all are known."""
    newest: dict[Interval, Report] = {}
    for report in participant.uses:
        if known_at is not None and report.recorded_at is not None and report.recorded_at > known_at:
            continue
        before = newest.get(report.interval)
        if before is None or before.rev < report.rev:
            newest[report.interval] = report
    return sorted((report for report in newest.values() if not report.withdrawn), key=lambda report: report.interval)


def uses_in(participant: Participant, reports: Iterable[Report], window: Interval) -> int:
    """Return the uses of a participant in a window.

    Raises RefusedError: USES_REPORT_STRADDLES if a report lies partly inside the window, USES_REPORT_MISSING if a day of its
    participations in the window is not reported on.
    """
    touching = [report for report in reports if not report.interval.common(window).empty]
    if any(report.interval.common(window) != report.interval for report in touching):
        raise RefusedError("USES_REPORT_STRADDLES", participant=participant.id)
    reported = [report.interval for report in touching]
    for participation in participant.participations:
        days = participation.interval.common(window)
        if not days.empty and uncovered(days, reported):
            raise RefusedError("USES_REPORT_MISSING", participant=participant.id)
    return sum(report.count for report in touching)
