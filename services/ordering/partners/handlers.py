"""Use cases of the partner registry and its quarantine, as changes of one partner or one record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.ordering.domain.partner.partner import By, Partner, PartnerProfile
from services.ordering.domain.quarantine import Quarantined
from services.ordering.partners.quarantine import unknown as unknown_record
from services.ordering.partners.repository import unknown
from shared.aggregate.change import Change
from shared.errors import ConflictError
from shared.messages.base import Message
from shared.messages.ordering_partners import PartnerKey


def register(partner_id: str, profile: PartnerProfile, by: By, at: datetime) -> Change[Partner]:
    """Register a partner. Refuses an id that was ever used with ConflictError (``partner_exists``)."""

    def decide(partner: Partner | None) -> tuple[Partner, Sequence[Message]]:
        if partner is not None:
            raise ConflictError(
                f"The id {partner_id} is taken, or was: ids of partners are never used again.",
                code="partner_exists",
                partner=partner_id,
            )
        return Partner.register(partner_id, profile, by, at)

    return Change(partner_id, decide, correlation_id=partner_id)


def change(partner_id: str, profile: PartnerProfile, by: By, at: datetime) -> Change[Partner]:
    """Replace what the operator states of a partner."""
    return _on(partner_id, lambda partner: partner.change(profile, by, at))


def add_key(partner_id: str, key: PartnerKey, by: By, at: datetime) -> Change[Partner]:
    """Add a public key."""
    return _on(partner_id, lambda partner: partner.add_key(key, by, at))


def retire_key(partner_id: str, kid: str, until: datetime, by: By, at: datetime) -> Change[Partner]:
    """Set the end of a key."""
    return _on(partner_id, lambda partner: partner.retire_key(kid, until, by, at))


def rotate_key(partner_id: str, signed_with: str, key: PartnerKey, until: datetime, by: By, at: datetime) -> Change[Partner]:
    """Add the key that a partner has asked for with another of its keys."""
    return _on(partner_id, lambda partner: partner.rotate_key(signed_with, key, until, by, at))


def suspend(partner_id: str, reason: str, by: By, at: datetime) -> Change[Partner]:
    """Suspend a partner."""
    return _on(partner_id, lambda partner: partner.suspend(reason, by, at))


def resume(partner_id: str, by: By, at: datetime) -> Change[Partner]:
    """Read a partner's records again."""
    return _on(partner_id, lambda partner: partner.resume(by, at))


def remove(partner_id: str, reason: str, by: By, at: datetime) -> Change[Partner]:
    """End a partner for good."""
    return _on(partner_id, lambda partner: partner.remove(reason, by, at))


def _on(partner_id: str, command: Callable[[Partner], Sequence[Message]]) -> Change[Partner]:
    def decide(partner: Partner | None) -> tuple[Partner, Sequence[Message]]:
        if partner is None:
            raise unknown(partner_id)
        return partner, command(partner)

    return Change(partner_id, decide, correlation_id=partner_id)


def resubmitted(reference: str, receipt: str, person: str, at: datetime) -> Change[Quarantined]:
    """Record that a corrected event was taken instead of a record in quarantine."""
    return _of_record(reference, lambda record: record.resubmit(receipt, person, at))


def replayed(reference: str, receipt: str, person: str, at: datetime) -> Change[Quarantined]:
    """Record that a record in quarantine has gone its way once more."""
    return _of_record(reference, lambda record: record.replay(receipt, person, at))


def discard(reference: str, reason: str, person: str, at: datetime) -> Change[Quarantined]:
    """Record that nothing is to come of a record in quarantine."""
    return _of_record(reference, lambda record: record.discard(reason, person, at))


def _of_record(reference: str, command: Callable[[Quarantined], Sequence[Message]]) -> Change[Quarantined]:
    def decide(record: Quarantined | None) -> tuple[Quarantined, Sequence[Message]]:
        if record is None:
            raise unknown_record(reference)
        return record, command(record)

    return Change(reference, decide, correlation_id=reference)
