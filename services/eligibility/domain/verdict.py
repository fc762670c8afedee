"""The verdicts on one order: one per check, never deleted. Its id is that of the order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shared.aggregate.base import Aggregate
from shared.errors import ConflictError
from shared.ids import derived_id
from shared.messages.base import Message, Value
from shared.messages.eligibility import Assessment, Stage, VerdictGiven
from shared.messages.values import Channel, Line, Party, PersonRef, Text, Time, Verdict


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

    def forward(self) -> list[Message]:
        """Record that the interest has been forwarded."""
        self.forwarded = True
        return []

    @property
    def last(self) -> Check:
        """The check that counts."""
        return self.checks[-1]

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
        return [self._given(check)]

    def sign_off(self, person: str, note: str, at: datetime) -> list[Message]:
        """Record that a person of the Anbieter answers for the RISK of the last check. The verdict stays what it is.

        A second signature changes nothing. Raises ConflictError (``nothing_to_sign``) unless the verdict is RISK.
        """
        check = self.last
        if check.assessment.verdict is not Verdict.RISK:
            raise ConflictError(
                f"The verdict on this order is {check.assessment.verdict}; only a RISK can be signed off.", code="nothing_to_sign"
            )
        if check.sign_off is not None:
            return []
        signed = check.model_copy(update={"sign_off": SignOff(person=person, note=note, at=at)})
        self.checks = (*self.checks[:-1], signed)
        return [self._given(signed, at)]

    def restate(self) -> list[Message]:
        """Republish the last verdict, for an order that has not received it."""
        signed = self.last.sign_off
        return [self._given(self.last, None if signed is None else signed.at)]

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
