"""What a text may speak of: the closed, typed set of values that templates fill in. References and facts, no personal data."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from shared.messages.base import Value
from shared.messages.contracts import AgbVersion
from shared.messages.contracts_changes import AgreedPart
from shared.messages.ordering import OrderParty
from shared.messages.reasons import Fact
from shared.messages.values import (
    AccreditationState,
    Channel,
    Code,
    EntityId,
    Function,
    Line,
    OrganisationId,
    Role,
    Text,
    Time,
    Verdict,
)


class SubjectKind(StrEnum):
    """Kind of thing that a notification speaks of; the portal has a page for each."""

    ORDER = "order"
    OFFERING = "offering"
    ORGANISATION = "organisation"
    CONTRACT = "contract"


class Subject(Value):
    """The thing that a notification speaks of."""

    kind: SubjectKind
    id: EntityId | OrganisationId


class Matter(Value):
    """The Vorgang and the offer that a notification belongs to, whatever it speaks of; None where there is none."""

    order_id: EntityId | None = None
    offering_id: EntityId | None = None


class Parameters(Value):
    """Values of one notification. A value that its event does not have is absent, in the store and in the template.

    ``reason`` and ``remedy`` are what a person wrote, or the German sentences of a rule; then ``code`` and ``facts`` say the same
    in any language (``shared.reasons``).
    ``lacking`` are the codes of what else the Kunde lacks. ``closed_channels`` of a public offer take no interest, as the
    Bereitsteller's accreditation there has ended. ``version`` of an offer is there if it is new, ``accepted_by`` if their
    Anbieter have examined it, ``waiting_for`` are those who have still to; ``new_version`` is there if one waits.
    ``noticed`` is there if a contract ends by a notice.
    ``actor`` is the organisation that did it, by name. A value with ``_en`` stands in an English text for the one without.
    """

    order_number: Line | None = None
    offering_title: Line | None = None
    customer: Line | None = None
    provider: Line | None = None
    organisation: Line | None = None
    channel: Channel | None = None
    closed_channels: tuple[Channel, ...] | None = None
    role: Role | None = None
    accreditation: AccreditationState | None = None
    verdict: Verdict | None = None
    code: Code | None = None
    facts: tuple[Fact, ...] | None = None
    lacking: tuple[Code, ...] | None = None
    reason: Text | None = None
    remedy: Text | None = None
    actor: Line | None = None
    party: OrderParty | None = None
    point: Line | None = None
    point_en: Line | None = None
    points: tuple[Line, ...] | None = None
    points_en: tuple[Line, ...] | None = None
    task: Line | None = None
    task_en: Line | None = None
    since: Time | None = None
    planned_on: date | None = None
    planned_before: date | None = None
    open_points: int | None = None
    condition_count: int | None = None
    milestone: Line | None = None
    milestone_en: Line | None = None
    milestones: tuple[Line, ...] | None = None
    milestones_en: tuple[Line, ...] | None = None
    open_milestones: int | None = None
    contract_number: Line | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    ends_on: date | None = None
    functions: tuple[Function, ...] | None = None
    open_until: Time | None = None
    version: int | None = None
    accepted_by: tuple[Channel, ...] | None = None
    waiting_for: tuple[Channel, ...] | None = None
    new_version: bool | None = None
    noticed: bool | None = None
    webhook: Line | None = None
    year: int | None = None
    parts: tuple[AgreedPart, ...] | None = None
    agb: AgbVersion | None = None
    price_from: date | None = None
    borne_by: Line | None = None
    borne_from: date | None = None
    borne_to: date | None = None

    @model_serializer(mode="wrap")
    def _present(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}

    def present(self) -> dict[str, object]:
        """Return the values that there are, by name, with their types."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
