"""Which event notifies whom, with which text: a table, not code."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.notify.domain.facts import Audience, Parties
from shared.messages.base import Message, message_types
from shared.messages.values import Role

TemplateKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
Reason = Annotated[str, StringConstraints(min_length=20)]
NEEDS_ROLE = {
    Audience.KUNDE: Role.KUNDE,
    Audience.BEREITSTELLER: Role.BEREITSTELLER,
    Audience.ANBIETER: Role.ANBIETER,
    Audience.SIGN_OFF: Role.ANBIETER,
}
"""Parts that only organisations with a role can have."""
SWITCHED_OFF = "notify.webhook.switched-off.v1"
"""Kind of the notice that a webhook of the organisation was switched off: no event travels, so no webhook is called about it."""


class Routing(BaseModel):
    """``routes``: event type -> part in the event -> template key. ``silent``: event type -> why nobody is notified.

    Refuses an unknown event type, a type that is both routed and silent, and a route without a recipient.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    routes: dict[str, Annotated[dict[Audience, TemplateKey], Field(min_length=1)]]
    silent: dict[str, Reason]

    @model_validator(mode="after")
    def _is_unambiguous(self) -> Self:
        if unknown := (self.routes.keys() | self.silent.keys()) - message_types().keys():
            raise ValueError(f"no such message type: {', '.join(sorted(unknown))}")
        if both := self.routes.keys() & self.silent.keys():
            raise ValueError(f"both routed and silent: {', '.join(sorted(both))}")
        return self

    @property
    def handled(self) -> frozenset[type[Message]]:
        """Message types that somebody is notified of."""
        return frozenset(message_types()[name] for name in self.routes)

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of what lies in inboxes: event types that are routed, and what notify tells of itself."""
        return frozenset({*self.routes, SWITCHED_OFF})

    @property
    def templates(self) -> frozenset[str]:
        """Template keys that the routes use."""
        return frozenset(key for parts in self.routes.values() for key in parts.values())

    def concerns(self, event_type: str, roles: Container[Role]) -> bool:
        """Return whether an organisation in these roles can be told of such an event."""
        needed = (NEEDS_ROLE.get(part) for part in self.routes[event_type])
        return any(role is None or role in roles for role in needed)

    def undecided(self, types: Iterable[type[Message]]) -> list[str]:
        """Return the types that are neither routed nor silent."""
        return sorted({kind.TYPE for kind in types} - self.routes.keys() - self.silent.keys())

    def recipients(self, event_type: str, parties: Parties) -> dict[str, str]:
        """Return the template key for each organisation to be notified. With several parts, the first route counts."""
        keys: dict[str, str] = {}
        for part, key in self.routes[event_type].items():
            for organisation in parties.get(part, ()):
                keys.setdefault(organisation, key)
        return keys
