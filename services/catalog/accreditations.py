"""Whether Bereitsteller are registered and accredited, by the topic of rights; offers follow when that changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, datetime

import structlog

from services.catalog import handlers
from services.catalog.domain.provider import ProviderStanding
from services.catalog.repository import Offerings
from services.catalog.upkeep import RESTATE_EVERY, batches
from shared.aggregate.sweep import Sweep
from shared.calendar import day_of
from shared.messages.values import Channel, Role
from shared.rights.errors import RightsUnavailableError
from shared.rights.projection import Rights

log = structlog.get_logger()


class Accreditations:
    """The standing of Bereitsteller as this process has read it. Without ``rights`` nothing is known of anybody."""

    def __init__(self, rights: Rights | None, clock: Callable[[], datetime]) -> None:
        self._rights = rights
        self._clock = clock

    def of(self, organisation: str) -> ProviderStanding:
        """Return the standing of an organisation. Raises RightsUnavailableError."""
        return self.stated(organisation) or ProviderStanding()

    def stated(self, organisation: str) -> ProviderStanding | None:
        """Return the standing of an organisation, None if its rights were never published. Raises RightsUnavailableError."""
        if self._rights is None:
            raise RightsUnavailableError("This process does not follow the rights of organisations.")
        standing = self._rights.standing(organisation)
        if standing is None:
            return None
        day = day_of(self._clock())
        return ProviderStanding(
            Role.BEREITSTELLER in standing.roles_on(day),
            frozenset(channel for channel in Channel if standing.is_accredited(Role.BEREITSTELLER, channel, day)),
        )

    def stated_if_followed(self, organisation: str) -> ProviderStanding | None:
        """Return the same, and None in a process that follows no rights, as a drill: ``AccreditationWatch`` closes later.

        Raises RightsUnavailableError as long as the rights that it follows are not read.
        """
        return None if self._rights is None else self.stated(organisation)

    def positions(self) -> Mapping[int, int] | None:
        """Return up to where the topic of rights was read, None before it was read through."""
        content = None if self._rights is None else self._rights.mirror.content
        return None if content is None else dict(content.positions)


class AccreditationWatch:
    """Closes channels of public offers whose Bereitsteller's accreditation has ended, and opens them again when it is back.

    Offers are looked through when rights have changed, on a new day, and every ten minutes. Each run is safe beside others: the
    offer itself decides, and the second finds nothing left to do. Of an organisation whose rights were never published nothing
    follows: a topic that is being rebuilt must close no offers.
    """

    def __init__(self, offerings: Offerings, accreditations: Accreditations, clock: Callable[[], datetime]) -> None:
        self._offerings = offerings
        self._accreditations = accreditations
        self._clock = clock
        self._seen: tuple[Mapping[int, int], date] | None = None
        self._looked_at: datetime | None = None

    async def run(self) -> None:
        """Bring the offers in line. Raises RightsUnavailableError, and OutboxFullError after the others for one that was full."""
        at, positions = self._clock(), self._accreditations.positions()
        if positions is None:
            log.info("accreditations_wait", reason="The topic of rights was not read through yet.")
            return
        seen = (positions, day_of(at))
        if seen == self._seen and self._looked_at is not None and self._looked_at <= at < self._looked_at + RESTATE_EVERY:
            return
        sweep = Sweep(self._offerings.ledger)
        async for due in batches(self._due()):
            await sweep.apply([handlers.follow_accreditations(offering_id, channels, at) for offering_id, channels in due])
        sweep.finish()
        self._seen, self._looked_at = seen, at

    async def _due(self) -> AsyncIterator[tuple[str, frozenset[Channel]]]:
        async for offering in self._offerings.published():
            standing = self._accreditations.stated(offering.provider.id)
            if standing is not None and offering.differs_from(standing.channels):
                yield offering.id, standing.channels
