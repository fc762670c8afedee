"""A partner's request for a new key: an event like any other, signed by a key that is valid now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from services.ordering.domain.partner.partner import Partner
from services.ordering.inbound.findings import RefusedEventError
from services.ordering.inbound.verify import signed_event
from services.ordering.partners.rotation import ROTATION_TYPE, Rotation


class _Data(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", hide_input_in_errors=True)

    jwk: Mapping[str, Any]
    kid: str | None = None


def rotation_reader(audience: str) -> _Reader:
    """Return what reads requests that are meant for this marketplace."""
    return _Reader(audience)


class _Reader:
    """Reads requests for a new key. Read again they change nothing: an id of a key is never used twice."""

    def __init__(self, audience: str) -> None:
        self._audience = audience

    def __call__(self, event: bytes, sender: Partner, at: datetime) -> Rotation:
        """Return what the partner asks for. Raises QuarantinedError, RefusedEventError."""
        kid, envelope = signed_event(event, sender, self._audience, at)
        if envelope.type != ROTATION_TYPE:
            raise RefusedEventError(f"The event must be {ROTATION_TYPE}.", code="event_unknown", types=[ROTATION_TYPE])
        try:
            data = _Data.model_validate(envelope.data)
        except ValidationError as error:
            raise RefusedEventError("data must be {jwk, kid}.", code="data_invalid", places="data") from error
        return Rotation(kid, data.jwk, data.kid)
