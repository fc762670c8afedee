"""Assembles the eligibility service. No I/O happens here but the reading of the rule set."""

from __future__ import annotations

from services.eligibility.api import Backend, routes
from services.eligibility.consumers import consumers
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.verdict import OrderVerdict
from services.eligibility.facts import FACTS
from services.eligibility.handlers import expire_due
from services.eligibility.knowledge import Graphs, Knowledge
from services.eligibility.repository import COLLECTIONS, SERVICE, Bodies, Organisations, Verdicts
from services.eligibility.settings import Settings
from shared.aggregate.republisher import Republisher
from shared.process.service import Periodic, Resources, Service


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service: API, the consumer that checks orders, the run that ends accreditations.

    Raises OSError, KeyError or ValueError if the settings or the rule set are unfit.
    """
    settings = settings or Settings()
    policy = settings.policy()
    bodies = Bodies(resources)
    organisations = Organisations(resources)
    verdicts = Verdicts(resources)
    knowledge = Knowledge(Graphs(resources.store), organisations, bodies, policy)

    async def expire() -> None:
        await expire_due(organisations, resources.clock())

    return Service(
        name=SERVICE,
        title="Eligibility of the EfA marketplace",
        collections=COLLECTIONS,
        router=routes(Backend(bodies, organisations, verdicts, knowledge, policy, settings, resources.clock)),
        ledgers=(organisations.ledger, verdicts.ledger),
        consumers=consumers(knowledge, verdicts, policy, resources.clock),
        periodic=(Periodic("eligibility.expire-accreditations", settings.expiry_every, expire),),
        facts=FACTS,
        republishers=(
            Republisher("organisation", organisations.ledger, Organisation.restate, retained=lambda _: True),
            Republisher("verdict", verdicts.ledger, OrderVerdict.restate),
        ),
    )
