"""Settings of ordering."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.ordering.domain.precheck import HOLD


class Settings(BaseSettings):
    """Environment variables ORDERING_…; durations as ISO 8601 (P180D) or seconds.

    ``idle_after``: how long an interest may lie with nobody moving it before it lapses. ``hold_for``: how long an
    order is held for what its pre-check or the contract processor has found.
    ``deadlines_every``: pause between two looks for what is due.
    ``census_every``: pause between two countings for the metrics.
    ``partner_audience``: what events of partners must name as ``aud``. ``partners_every``: pause between two looks at the
    registry for partners that came, went or have another quota.
    ``clarification_file``, ``delivery_file``: an operator's own standard lists. ``reminders_file``: its own schedule of
    reminders; ``reminders_every``: pause between two looks for reminders that are due.
    ``receipt_keys``: folder of the keys that sign receipts of partners' events (``marktplatz partners receipt-key new``); without
    it no partner's events are read. ``receipt_key_overlap``: how long a key stays published after its successor has begun.
    ``partner_key_overlap``: how long a partner's key is valid at most after the partner has replaced it.
    """

    model_config = SettingsConfigDict(env_prefix="ORDERING_", frozen=True)

    idle_after: timedelta = timedelta(days=180)
    hold_for: timedelta = HOLD
    deadlines_every: timedelta = timedelta(minutes=10)
    census_every: timedelta = timedelta(minutes=1)
    partner_audience: str = "efa-marktplatz"
    partners_every: timedelta = timedelta(seconds=5)
    clarification_file: Path | None = None
    delivery_file: Path | None = None
    reminders_file: Path | None = None
    reminders_every: timedelta = timedelta(minutes=30)
    receipt_keys: Path | None = None
    receipt_key_overlap: timedelta = timedelta(days=100)
    partner_key_overlap: timedelta = timedelta(days=7)
