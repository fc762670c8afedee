"""What a Bereitsteller must be before an offer is published: registered, and accredited at the Anbieter of each channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from shared.errors import ConflictError
from shared.messages.values import Channel, Party


@dataclass(frozen=True, slots=True)
class ProviderStanding:
    """Whether an organisation holds the role Bereitsteller today, and the channels whose Anbieter have accredited it so."""

    registered: bool = False
    channels: frozenset[Channel] = frozenset()


StandingOf: TypeAlias = Callable[[str], ProviderStanding]
"""Gives the standing of an organisation by its id. Raises RightsUnavailableError."""


def require_accredited(provider: Party, channels: Iterable[Channel], standing_of: StandingOf) -> None:
    """Return if the Bereitsteller may offer through these channels.

    Raises ConflictError (``provider_not_registered``, ``provider_not_accredited`` with the channels in question), and
    RightsUnavailableError.
    """
    standing = standing_of(provider.id)
    asked = tuple(channels)
    lacking = [channel.value for channel in asked if channel not in standing.channels]
    if not standing.registered:
        raise ConflictError(
            f"{provider.name} is not registered as Bereitsteller. Register it in that role (POST /v1/organisations of "
            f"eligibility), then ask {_all(asked)} for its accreditation.",
            code="provider_not_registered",
            organisation=provider.id,
            channels=lacking,
        )
    if lacking:
        raise ConflictError(
            f"{provider.name} is not accredited as Bereitsteller at {_all(lacking)}. Ask for it (POST "
            f"/v1/organisations/{provider.id}/accreditations of eligibility); once it is granted, do this again.",
            code="provider_not_accredited",
            organisation=provider.id,
            channels=lacking,
        )


def _all(names: Iterable[str]) -> str:
    return " and ".join(names)
