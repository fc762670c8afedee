"""What is kept of examinations: versions that are not in force yet, and forms that an Anbieter has given back.

Which changes wait is a matter of fields: a field that is not named as small waits, so that a new one is not forgotten.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from services.catalog.domain.form import OfferingForm
from shared.messages.base import Value
from shared.messages.reasons import Fact
from shared.messages.values import Channel, Code, Text, Time

SMALL: Final = frozenset(
    {"title", "summary", "technical_concept", "nachnutzung", "contact_mailbox", "channels", "support", "go_lives"}
)
"""Fields whose change goes out at once: texts, where a slip of the pen is mended, contact and support, where the service is live,
further channels to ask for.

All others are price, keys, requirements, Anbindung or service level, and what stands for them.
"""


class Acceptance(Value):
    """That the Anbieter of a channel finds a version in order."""

    channel: Channel
    at: Time


class VersionReturn(Value):
    """That the Anbieter of a channel has given a version back, and why."""

    channel: Channel
    remarks: Text
    at: Time


class PendingVersion(Value):
    """A changed form of a public offer, which the Anbieter of its channels examine; the published one stays in force.

    ``base`` is the published version that it changes: after a change of that by version 0.1.0, which knows of no examination,
    it counts no more. Once it is ``returned`` nobody examines it until its Bereitsteller has changed it.
    """

    base: Annotated[int, Field(ge=1)]
    form: OfferingForm
    submitted_at: Time
    acceptances: tuple[Acceptance, ...] = ()
    returned: VersionReturn | None = None

    def is_accepted_by(self, channel: Channel) -> bool:
        """Return whether the Anbieter of a channel has accepted it."""
        return any(it.channel is channel for it in self.acceptances)


class ChannelReturn(Value):
    """That the Anbieter of a channel has given the form back that was ``submitted_at`` to it for the first time, and why.

    ``code`` and ``facts`` say the same as ``remarks`` where a rule has made them.
    """

    channel: Channel
    remarks: Text
    at: Time
    submitted_at: Time
    code: Code | None = None
    facts: tuple[Fact, ...] | None = None


def changed_fields(before: OfferingForm, after: OfferingForm) -> tuple[str, ...]:
    """Return the names of the fields that differ, in the form's order."""
    return tuple(name for name in OfferingForm.model_fields if getattr(before, name) != getattr(after, name))


def is_small(fields: tuple[str, ...]) -> bool:
    """Return whether a change of these fields goes out at once."""
    return SMALL.issuperset(fields)
