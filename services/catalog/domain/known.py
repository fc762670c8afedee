"""A known EfA service as portals see it: on the list while the reference data name it and no public offer takes its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from shared.aggregate.base import Aggregate
from shared.messages import catalog as messages
from shared.messages.base import Message, Value
from shared.messages.values import Channel, Code, Line, Party, Text, Time


class Description(Value):
    """What the reference data state of a known service."""

    title: Line
    providers: tuple[Party, ...] = ()
    provider_organisation: Line | None = None
    it_provider: tuple[Line, ...] = ()
    channels: tuple[Channel, ...] = ()
    status: messages.KnownStatus
    topic_id: Code | None = None
    ozg_ids: tuple[str, ...] = ()
    source: Text
    as_of: Line | None = None


class KnownService(Aggregate):
    """State of one known service. ``description`` is the one that was last published; ``listed``: whether it is on the list."""

    id: messages.KnownServiceId
    description: Description
    listed: bool
    listed_at: Time
    changed_at: Time

    @classmethod
    def appear(cls, service_id: str, description: Description, at: datetime) -> tuple[KnownService, Sequence[Message]]:
        """Put a service on the list for the first time."""
        service = cls(id=service_id, description=description, listed=True, listed_at=at, changed_at=at)
        return service, [messages.KnownServiceListed(service=service.public())]

    def follow(self, description: Description | None, at: datetime) -> Sequence[Message]:
        """Follow what is to be on the list now: this description, or None for nothing."""
        if description is None:
            if not self.listed:
                return []
            self.listed, self.changed_at = False, at
            return [messages.KnownServiceRemoved()]
        if not self.listed:
            self.description, self.listed, self.listed_at, self.changed_at = description, True, at, at
            return [messages.KnownServiceListed(service=self.public())]
        if description == self.description:
            return []
        self.description, self.changed_at = description, at
        return [messages.KnownServiceChanged(service=self.public())]

    def restate(self) -> Sequence[Message]:
        """Return the state again, for readers of a rebuilt topic: the tombstone if the service is off the list."""
        if not self.listed:
            return [messages.KnownServiceRemoved()]
        return [messages.KnownServiceRestated(service=self.public())]

    def public(self) -> messages.KnownService:
        """Return the full state as it travels."""
        described = {name: getattr(self.description, name) for name in Description.model_fields}
        return messages.KnownService.model_validate(
            {**described, "id": self.id, "listed_at": self.listed_at, "changed_at": self.changed_at}
        )

    @model_serializer(mode="wrap")
    def _with_index_fields(self, handler: SerializerFunctionWrapHandler) -> Mapping[str, Any]:
        """Add the top-level scalar that the collection's index is declared over."""
        document: dict[str, Any] = handler(self)
        document["on_list_since"] = self.listed_at if self.listed else None
        return document
