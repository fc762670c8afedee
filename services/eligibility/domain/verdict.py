"""The verdicts on one order: one per check, never deleted. Its id is that of the order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from shared.aggregate.base import Aggregate
from shared.calendar import day_of
from shared.errors import ConflictError, InvalidError
from shared.ids import derived_id
from shared.messages.base import Message, Value
from shared.messages.eligibility import (
    Assessment,
    ChangeReason,
    Decision,
    Override,
    Stage,
    VerdictChanged,
    VerdictGiven,
    VerdictOverridden,
)
from shared.messages.eligibility_klienten import KlientJudged, KlientVerdictChanged
from shared.messages.values import Channel, Line, Party, PersonRef, Text, Time, Verdict

MOST_OVERRIDES = 50


class SignOff(Value):
    """A named person of the Anbieter takes responsibility for a RISK."""

    person: PersonRef
    note: Text
    at: Time


class Check(Value):
    """One check of the order, with all its grounds."""

    number: int
    stage: Stage
    assessment: Assessment
    given_at: Time
    sign_off: SignOff | None = None


class Recheck(Value):
    """The verdict as it was found later, without anybody asking for a check. ``check``: the one whose verdict it replaces."""

    check: int
    assessment: Assessment
    because: ChangeReason
    found_at: Time


class KlientCheck(Value):
    """The last check of the chain down to one Klient of the order. ``assessment`` is what holds now, be it found since.

    One assessment is stored for each: with fifty Klienten more of them would not fit. ``payment`` and ``return_duty``: what the
    Klient owes the Bündler.
    """

    klient: Party
    number: int
    assessment: Assessment
    given_at: Time
    payment: bool = True
    return_duty: bool = False


def shown_to_provider(forwarded: bool | None, checks: Iterable[tuple[str, str, bool]]) -> bool:  # noqa: FBT001 - as stored
    """Return whether the Bereitsteller may know of an order: from the moment on at which the interest is forwarded to them.

    ``checks``: stage, verdict and whether it is signed off, as stored. An order that was placed had been forwarded. Of a verdict
    of an earlier version (``forwarded`` None) a check of the interest that leaves the way free says so.
    """
    found = tuple(checks)
    if forwarded or any(stage == Stage.BESTELLUNG for stage, _, _ in found):
        return True
    free = (verdict == Verdict.EXEMPT or (verdict == Verdict.RISK and signed) for _, verdict, signed in found)
    return forwarded is None and any(free)


class OrderVerdict(Aggregate):
    """All checks of one order, in their order."""

    customer: Party
    provider: Party
    channel: Channel
    checks: tuple[Check, ...]
    forwarded: bool | None = None
    """Whether ordering has forwarded the interest to the Bereitsteller; None for one that an earlier version has recorded."""
    overrides: tuple[Override, ...] = ()
    """Decisions of persons beside the verdicts, oldest first; they change no verdict."""
    recheck: Recheck | None = None
    """The last verdict that was found without a check; one on an earlier check counts no more."""
    klienten: tuple[KlientCheck, ...] = ()
    """The last check of each Klient of a Bündler."""

    def forward(self) -> list[Message]:
        """Record that the interest has been forwarded."""
        self.forwarded = True
        return []

    @property
    def last(self) -> Check:
        """The check that counts."""
        return self.checks[-1]

    @property
    def replaced_by(self) -> Recheck | None:
        """The verdict that has replaced that of the last check, None if that one stands."""
        return self.recheck if self.recheck is not None and self.recheck.check == self.last.number else None

    @property
    def current(self) -> Assessment:
        """The assessment that counts: that of the last check, or what was found since."""
        return self.last.assessment if self.replaced_by is None else self.replaced_by.assessment

    @property
    def to_sign(self) -> bool:
        """Whether a person of the Anbieter can answer for a RISK."""
        return self.last.assessment.verdict is self.current.verdict is Verdict.RISK and self.last.sign_off is None

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What a person of the Anbieter can decide beside the last verdict."""
        if len(self.overrides) >= MOST_OVERRIDES:
            return ()
        may_go_on = self.current.verdict is not Verdict.EXEMPT and not self.current.is_fixed
        return (Decision.PROCEED, Decision.STOP) if may_go_on else (Decision.STOP,)

    @classmethod
    def give_first(cls, order_id: str, parties: tuple[Party, Party], check: Check) -> tuple[OrderVerdict, list[Message]]:
        """Record the first verdict of an order. ``parties`` are Kunde and Bereitsteller."""
        customer, provider = parties
        channel = check.assessment.channel
        verdict = cls(id=order_id, customer=customer, provider=provider, channel=channel, checks=(check,), forwarded=False)
        return verdict, [verdict._given(check)]

    def give(self, check: Check) -> list[Message]:
        """Record a further verdict; a check that has been answered already changes nothing."""
        if check.number <= self.last.number:
            return []
        self.checks = (*self.checks, check)
        self.channel = check.assessment.channel
        return [self._given(check)]

    def judge_klient(self, check: KlientCheck) -> list[Message]:
        """Record the verdict on the chain down to a Klient in place of the one before; an earlier check changes nothing."""
        known = self.klient(check.klient.id)
        if known is not None and check.number <= known.number:
            return []
        self.klienten = (*(it for it in self.klienten if it is not known), check)
        return [self._judged(check)]

    def change(self, found: Recheck) -> list[Message]:
        """Record that the verdict is another one than before; the same one changes nothing, nor one on an earlier check."""
        before = self.current
        if found.check != self.last.number or same_verdict(before, found.assessment):
            return []
        self.recheck = found
        return [
            VerdictChanged(
                order_id=self.id,
                stage=self.last.stage,
                check=found.check,
                customer=self.customer,
                before=before.verdict,
                because=found.because,
                assessment=found.assessment,
                found_at=found.found_at,
            )
        ]

    def klient(self, organisation: str) -> KlientCheck | None:
        """Return the last check of a Klient, None if there is none."""
        return next((it for it in self.klienten if it.klient.id == organisation), None)

    def change_klient(self, organisation: str, found: Recheck) -> list[Message]:
        """Record that the verdict on a Klient is another one than before; the same one, or one on an earlier check, is none."""
        known = self.klient(organisation)
        if known is None or found.check != known.number or same_verdict(known.assessment, found.assessment):
            return []
        changed = known.model_copy(update={"assessment": found.assessment})
        self.klienten = tuple(changed if it is known else it for it in self.klienten)
        return [
            KlientVerdictChanged(
                order_id=self.id,
                klient=known.klient,
                check=found.check,
                before=known.assessment.verdict,
                because=found.because,
                assessment=found.assessment,
                found_at=found.found_at,
            )
        ]

    def sign_off(self, person: str, note: str, at: datetime) -> list[Message]:
        """Record that a person of the Anbieter answers for the RISK of the last check. The verdict stays what it is.

        A second signature changes nothing. Raises ConflictError (``nothing_to_sign``) unless the verdict is RISK.
        """
        check = self.last
        verdict = check.assessment.verdict
        if verdict is Verdict.RISK:
            verdict = self.current.verdict
        if verdict is not Verdict.RISK:
            raise ConflictError(f"The verdict on this order is {verdict}; only a RISK can be signed off.", code="nothing_to_sign")
        if check.sign_off is not None:
            return []
        signed = check.model_copy(update={"sign_off": SignOff(person=person, note=note, at=at)})
        self.checks = (*self.checks[:-1], signed)
        return [self._given(signed, at)]

    def override(self, override: Override) -> list[Message]:
        """Record the decision of a person of the Anbieter beside the last verdict, which stays what it is.

        The same decision again changes nothing. A RISK that shall go on is signed off with it. Raises InvalidError
        (``valid_until_past``) and ConflictError: ``verdict_replaced`` unless it is about the last verdict,
        ``nothing_to_override`` if the award may go on anyway, ``override_not_allowed`` where the conditions of the portal
        are not met (R12), ``too_many_overrides``.
        """
        self._check_override(override)
        if self.overrides and _same(self.overrides[-1], override):
            return []
        if len(self.overrides) >= MOST_OVERRIDES:
            raise ConflictError(f"{MOST_OVERRIDES} decisions are recorded on this order already.", code="too_many_overrides")
        recorded = override.model_copy(update={"verdict": self.current.verdict, "verdict_hash": self.current.hash})
        self.overrides = (*self.overrides, recorded)
        events: list[Message] = []
        if recorded.decision is Decision.PROCEED and recorded.verdict is Verdict.RISK and self.replaced_by is None:
            events += self.sign_off(recorded.by, recorded.reason, recorded.at)
        return [
            *events,
            VerdictOverridden(
                order_id=self.id, stage=self.last.stage, customer=self.customer, channel=self.channel, override=recorded
            ),
        ]

    def override_in_force(self, on: date) -> Override | None:
        """Return the decision of a person that stands beside the last verdict on a day; None if there is none, or no more."""
        last = self.overrides[-1] if self.overrides else None
        if last is None or last.check != self.last.number or on >= last.valid_until:
            return None
        return None if self.replaced_by is not None and last.at < self.replaced_by.found_at else last

    def _check_override(self, override: Override) -> None:
        assessment = self.current
        if override.check != self.last.number or override.verdict_hash not in (None, assessment.hash):
            raise ConflictError(
                f"The verdict has been replaced; the last one is that of check {self.last.number}. Read it and decide again.",
                code="verdict_replaced",
                check=self.last.number,
                hash=assessment.hash,
            )
        if override.valid_until <= day_of(override.at):
            raise InvalidError(f"{override.valid_until} has passed; the decision would never hold.", code="valid_until_past")
        if override.decision is not Decision.PROCEED:
            return
        if assessment.verdict is Verdict.EXEMPT:
            raise ConflictError("The verdict leaves the way free; there is nothing to decide.", code="nothing_to_override")
        if assessment.is_fixed:
            raise ConflictError(
                "The conditions of the portal are not met (R12); no decision of a person stands in for them.",
                code="override_not_allowed",
            )

    def restate(self) -> list[Message]:
        """Republish the last verdict, for an order that has not received it."""
        signed = self.last.sign_off
        given = self._given(self.last, None if signed is None else signed.at)
        return [given, *(self._judged(check) for check in self.klienten)]

    def _judged(self, check: KlientCheck) -> KlientJudged:
        return KlientJudged(
            order_id=self.id,
            klient=check.klient,
            check=check.number,
            assessment=check.assessment,
            given_at=check.given_at,
        )

    def _given(self, check: Check, at: datetime | None = None) -> VerdictGiven:
        signed_by: Line | None = None if check.sign_off is None else check.sign_off.person
        return VerdictGiven(
            verdict_id=derived_id("verdict", self.id, str(check.number), "signed" if check.sign_off else "given"),
            order_id=self.id,
            stage=check.stage,
            check=check.number,
            customer=self.customer,
            assessment=check.assessment,
            signed_off_by=signed_by,
            given_at=at or check.given_at,
        )


def same_verdict(one: Assessment, other: Assessment) -> bool:
    """Return whether two assessments find the same: verdict, deciding rules, open channels.

    One of a version that did not state its deciding rules is compared by the verdict alone.
    """
    if one.verdict is not other.verdict:
        return False
    if one.rules is None or other.rules is None:
        return True
    return one.rules == other.rules and set(one.allowed_channels) == set(other.allowed_channels)


def _same(one: Override, other: Override) -> bool:
    """Return whether two decisions say the same of the same check, whenever they were made."""
    return all(
        getattr(one, name) == getattr(other, name) for name in ("check", "decision", "by", "reason", "valid_until", "evidence")
    )
