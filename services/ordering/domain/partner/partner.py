"""The partner: its fields, and what changes them. Each change leaves a line in its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, computed_field

from services.ordering.domain.partner.transitions import PARTNER_TRANSITIONS, PartnerActor, PartnerCommand
from shared.aggregate.base import Aggregate
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.messages.base import Message, Value
from shared.messages.ordering_partners import (
    PartnerChanged,
    PartnerHead,
    PartnerKey,
    PartnerKeyAdded,
    PartnerKeyRetired,
    PartnerQuota,
    PartnerRegistered,
    PartnerRemoved,
    PartnerRestated,
    PartnerResumed,
    PartnerState,
    PartnerSuspended,
    Represented,
)
from shared.messages.values import Line, Mailbox, OrganisationId, Party, PersonRef, Role, Time

MOST_ORGANISATIONS = 1500
MOST_KEYS = 200
"""Keys of a partner, those included that have ended: an id is never used again, so all are remembered."""
MOST_HISTORY = 200
"""Newest lines of the history that are stored."""
MOST_TEXT = 300
"""Characters of a line of the history; the event of a suspension or removal has the whole reason."""
PARTNER_ROLES = frozenset({Role.KUNDE, Role.BUENDELNDE_ORGANISATION, Role.BEREITSTELLER})
"""Roles in which a partner may act: those of the two sides of a Vorgang, never the Anbieter's or the operator's."""


class Contact(Value):
    """Where the operator reaches who runs the partner system. It stands in no event."""

    mailbox: Mailbox


@dataclass(frozen=True, slots=True)
class By:
    """Who acts: in which capacity, and the person and organisation for the history."""

    actor: PartnerActor
    person: str
    organisation: str


class HistoryLine(Value):
    """Who did what with the partner when. ``detail`` says what of: ids and public values, never the contact."""

    at: Time
    person: PersonRef
    organisation: OrganisationId
    command: PartnerCommand
    detail: str | None = None


class PartnerProfile(Value):
    """What an operator states of a partner, as a whole."""

    name: Line
    run_by: Party
    organisations: Annotated[tuple[Represented, ...], Field(min_length=1, max_length=MOST_ORGANISATIONS)]
    quota: PartnerQuota = PartnerQuota()
    contact: Contact


class Partner(Aggregate):
    """State of a partner. ``contact`` is None once it is removed."""

    name: Line
    run_by: Party
    organisations: tuple[Represented, ...]
    keys: tuple[PartnerKey, ...] = ()
    quota: PartnerQuota
    state: PartnerState
    contact: Contact | None
    registered_at: Time
    changed_at: Time
    history: tuple[HistoryLine, ...] = ()
    history_omitted: int = 0

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way to store a derived field
    @property
    def run_by_id(self) -> str:
        """The key of the body that runs it, for the index."""
        return self.run_by.id

    @classmethod
    def register(cls, partner_id: str, profile: PartnerProfile, by: By, at: datetime) -> tuple[Self, list[Message]]:
        """Return a new partner without keys, and its event. Raises InvalidError, ForbiddenError."""
        PARTNER_TRANSITIONS.check(PartnerCommand.REGISTER, PartnerState.ACTIVE, by.actor)
        _require_fit(profile)
        partner = cls(id=partner_id, state=PartnerState.ACTIVE, registered_at=at, changed_at=at, **dict(profile))
        partner._note(PartnerCommand.REGISTER, by, at)
        return partner, [PartnerRegistered(partner=partner.head())]

    def change(self, profile: PartnerProfile, by: By, at: datetime) -> list[Message]:
        """Replace what the operator states of the partner. A repeat changes nothing."""
        PARTNER_TRANSITIONS.check(PartnerCommand.CHANGE, self.state, by.actor)
        _require_fit(profile)
        changed = [name for name, value in profile if getattr(self, name) != value]
        if not changed:
            return []
        detail = "; ".join(self._difference(name, profile) for name in changed)
        for name in changed:
            setattr(self, name, getattr(profile, name))
        self._note(PartnerCommand.CHANGE, by, at, detail)
        return [PartnerChanged(partner=self.head())]

    def add_key(self, key: PartnerKey, by: By, at: datetime) -> list[Message]:
        """Add a key. The same key again changes nothing.

        Raises ConflictError: ``key_id_used`` for another key of that id, ``key_known`` for that key under another id;
        InvalidError: ``key_validity`` for one that has ended or ends before it begins, ``too_many_keys``.
        """
        PARTNER_TRANSITIONS.check(PartnerCommand.ADD_KEY, self.state, by.actor)
        if not self._add(key, at):
            return []
        self._note(PartnerCommand.ADD_KEY, by, at, key.kid)
        return [PartnerKeyAdded(partner=self.head(), kid=key.kid)]

    def retire_key(self, kid: str, until: datetime, by: By, at: datetime) -> list[Message]:
        """Set the end of a key, earlier than it was; a moment in the past if records since then are not to be believed.

        Raises NotFoundError ``key_not_found``, ConflictError ``key_ended`` for a key that has ended before ``until``.
        """
        PARTNER_TRANSITIONS.check(PartnerCommand.RETIRE_KEY, self.state, by.actor)
        if not self._retire(kid, until):
            return []
        self._note(PartnerCommand.RETIRE_KEY, by, at, f"{kid} until {until.isoformat()}")
        return [PartnerKeyRetired(partner=self.head(), kid=kid)]

    def rotate_key(self, signed_with: str, key: PartnerKey, until: datetime, by: By, at: datetime) -> list[Message]:
        """Add the key that the partner has asked for with its key ``signed_with``, which ends at ``until`` at the latest.

        Raises what ``add_key`` raises, and ConflictError ``key_not_valid`` when the signing key is not valid now.
        """
        PARTNER_TRANSITIONS.check(PartnerCommand.ROTATE_KEY, self.state, by.actor)
        if self.usable_key(signed_with, at) is None:
            raise ConflictError(f"The key {signed_with} is not valid now.", code="key_not_valid", kid=signed_with)
        if not self._add(key, at):
            return []
        signing = self.key(signed_with)
        if signing.valid_until is None or until < signing.valid_until:
            self._retire(signed_with, until)
        self._note(PartnerCommand.ROTATE_KEY, by, at, f"{signed_with} to {key.kid}")
        return [PartnerKeyAdded(partner=self.head(), kid=key.kid)]

    def suspend(self, reason: str, by: By, at: datetime) -> list[Message]:
        """Suspend the partner: its records wait unread. A repeat changes nothing."""
        return self._lead(PartnerCommand.SUSPEND, by, at, reason)

    def resume(self, by: By, at: datetime) -> list[Message]:
        """Read the partner's records again. A repeat changes nothing."""
        return self._lead(PartnerCommand.RESUME, by, at, None)

    def remove(self, reason: str, by: By, at: datetime) -> list[Message]:
        """End the partner for good and forget its contact. Its id stays taken. A repeat changes nothing."""
        return self._lead(PartnerCommand.REMOVE, by, at, reason)

    def key(self, kid: str) -> PartnerKey:
        """Return the key of that id, whether it has ended or not. Raises NotFoundError ``key_not_found``."""
        for key in self.keys:
            if key.kid == kid:
                return key
        raise NotFoundError(f"{self.id} has no key {kid}.", code="key_not_found", kid=kid)

    def usable_key(self, kid: str, at: datetime) -> PartnerKey | None:
        """Return the key of that id if it is valid at a moment: that at which the broker appended what it signs."""
        return next((key for key in self.keys if key.kid == kid and _is_valid(key, at)), None)

    def represented(self, organisation: str) -> Represented | None:
        """Return the organisation of that key if the partner may act for it."""
        return next((it for it in self.organisations if it.id == organisation), None)

    def head(self) -> PartnerHead:
        """Return what every event holds of the partner."""
        names = PartnerHead.model_fields.keys()
        return PartnerHead(**{name: getattr(self, name) for name in names})

    def restate(self) -> Sequence[Message]:
        """Return the event that republishes the full state."""
        return [PartnerRestated(partner=self.head())]

    def _add(self, key: PartnerKey, at: datetime) -> bool:
        """Add a key; return False if it is there already as it is."""
        for known in self.keys:
            if known.kid == key.kid and known.jwk != key.jwk:
                raise ConflictError(f"Another key of {self.id} has the id {key.kid}.", code="key_id_used", kid=key.kid)
            if known.jwk == key.jwk and known.kid != key.kid:
                raise ConflictError(f"{self.id} has this key as {known.kid}.", code="key_known", kid=known.kid)
            if known.kid == key.kid:
                if _has_ended(known, at):
                    raise ConflictError(f"The key {key.kid} has ended; make a new one.", code="key_id_used", kid=key.kid)
                return False
        if key.valid_until is not None and key.valid_until <= max(key.valid_from, at):
            raise InvalidError("The key ends before it begins, or has ended.", code="key_validity", kid=key.kid)
        if len(self.keys) >= MOST_KEYS:
            raise InvalidError(f"{self.id} has {len(self.keys)} keys, which is the most.", code="too_many_keys")
        self.keys = (*self.keys, key)
        return True

    def _retire(self, kid: str, until: datetime) -> bool:
        key = self.key(kid)
        if key.valid_until is not None and key.valid_until <= until:
            if key.valid_until == until:
                return False
            raise ConflictError(f"The key {kid} ends earlier: {key.valid_until.isoformat()}.", code="key_ended", kid=kid)
        ending = key.model_copy(update={"valid_until": max(until, key.valid_from)})
        self.keys = tuple(ending if it.kid == kid else it for it in self.keys)
        return True

    def _lead(self, command: PartnerCommand, by: By, at: datetime, reason: str | None) -> list[Message]:
        target = PARTNER_TRANSITIONS.check(command, self.state, by.actor)
        if target is None:
            return []
        self.state = target
        if target is PartnerState.REMOVED:
            self.contact = None
        self._note(command, by, at, reason)
        if command is PartnerCommand.RESUME:
            return [PartnerResumed(partner=self.head())]
        event = PartnerSuspended if command is PartnerCommand.SUSPEND else PartnerRemoved
        return [event(partner=self.head(), reason=reason or "")]

    def _difference(self, name: str, profile: PartnerProfile) -> str:
        """Return how a field changes, in words for the history; of the contact only that it does."""
        if name == "contact":
            return "contact"
        if name == "organisations":
            before, after = {it.id: it for it in self.organisations}, {it.id: it for it in profile.organisations}
            signs = [f"+{key}" for key in after.keys() - before.keys()] + [f"-{key}" for key in before.keys() - after.keys()]
            signs += [f"~{key}" for key in before.keys() & after.keys() if before[key] != after[key]]
            return f"organisations {', '.join(sorted(signs)) or 'in another order'}"
        before_text, after_text = (_text(getattr(it, name)) for it in (self, profile))
        return f"{name} {before_text} to {after_text}"

    def _note(self, command: PartnerCommand, by: By, at: datetime, detail: str | None = None) -> None:
        """Add a line to the history; beyond its bound the oldest go, and are counted."""
        if detail is not None and len(detail) > MOST_TEXT:
            detail = f"{detail[: MOST_TEXT - 1]}…"
        line = HistoryLine(at=at, person=by.person, organisation=by.organisation, command=command, detail=detail)
        lines = (*self.history, line)
        self.history_omitted += max(0, len(lines) - MOST_HISTORY)
        self.history = lines[-MOST_HISTORY:]
        self.changed_at = at


def _require_fit(profile: PartnerProfile) -> None:
    """Return if a partner can be as stated. Raises InvalidError."""
    ids = [it.id for it in profile.organisations]
    if twice := sorted({it for it in ids if ids.count(it) > 1}) if len(set(ids)) < len(ids) else []:
        raise InvalidError(f"{twice[0]} is named twice.", code="organisation_twice", organisation=twice[0])
    for organisation in profile.organisations:
        if not organisation.roles or not PARTNER_ROLES.issuperset(organisation.roles):
            allowed = sorted(role.value for role in PARTNER_ROLES)
            raise InvalidError(
                f"A partner acts for {organisation.id} as {', '.join(allowed)}, in one role or more.",
                code="role_not_for_partners",
                organisation=organisation.id,
                roles=allowed,
            )


def _is_valid(key: PartnerKey, at: datetime) -> bool:
    return key.valid_from <= at and not _has_ended(key, at)


def _has_ended(key: PartnerKey, at: datetime) -> bool:
    return key.valid_until is not None and key.valid_until <= at


def _text(value: object) -> str:
    return value.model_dump_json() if isinstance(value, Value) else str(value)
