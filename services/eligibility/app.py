"""Assembles the eligibility service. No I/O happens here but the reading of the rule set."""

from __future__ import annotations

from services.eligibility.api import Services, routes
from services.eligibility.consumers import order_checks
from services.eligibility.handlers import expire_due
from services.eligibility.knowledge import Graphs, Knowledge
from services.eligibility.repository import COLLECTIONS, Bodies, Organisations, Verdicts
from services.eligibility.settings import EligibilitySettings
from shared.service import Parts, Periodic, Service


def build(parts: Parts, settings: EligibilitySettings | None = None) -> Service:
    """Return the service: API, the consumer that checks orders, the run that ends accreditations.

    Raises OSError, KeyError or ValueError if the settings or the rule set are unfit.
    """
    settings = settings or EligibilitySettings()
    policy = settings.policy()
    bodies = Bodies(parts.store)
    organisations = Organisations(parts.store, parts.publisher, parts.clock)
    verdicts = Verdicts(parts.store, parts.publisher, parts.clock)
    knowledge = Knowledge(Graphs(parts.store), organisations, bodies, policy)

    async def expire() -> None:
        await expire_due(organisations, parts.clock())

    return Service(
        name="eligibility",
        title="Eligibility of the EfA marketplace",
        collections=COLLECTIONS,
        router=routes(Services(bodies, organisations, verdicts, knowledge, policy, settings, parts.clock)),
        ledgers=(organisations.ledger, verdicts.ledger),
        consumers=(order_checks(knowledge, verdicts, policy, parts.clock),),
        periodic=(Periodic("eligibility.expire-accreditations", settings.expiry_every, expire),),
    )
