"""Assembles the eligibility service. No I/O happens here but the reading of rule sets, labels and the schedule of reminders."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from services.eligibility.api import Backend, routes
from services.eligibility.consumers import Judging, consumers
from services.eligibility.domain.awards import ContractAwards
from services.eligibility.domain.reminders import Schedule
from services.eligibility.domain.verdict import OrderVerdict
from services.eligibility.drafts import Drafts
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.following import CatchUp, Following
from services.eligibility.facts import FACTS
from services.eligibility.handlers import appoint, expire_due, expire_vollmachten, remind_due, state_unrecorded_rights
from services.eligibility.jobs.api import JobBackend, job_routes
from services.eligibility.jobs.runner import Runner
from services.eligibility.jobs.store import Bounds, Jobs
from services.eligibility.recheck.events import followed
from services.eligibility.recheck.progress import Turn
from services.eligibility.recheck.runner import Rechecker
from services.eligibility.recheck.watched import Watching
from services.eligibility.records.api import RecordBackend, record_routes
from services.eligibility.records.record import Records
from services.eligibility.repository import (
    AWARDS,
    COLLECTIONS,
    SERVICE,
    Bodies,
    OfferedServices,
    Organisations,
    Verdicts,
    changed_organisations,
    restated,
)
from services.eligibility.rule_book.api import channel_routes
from services.eligibility.settings import Settings
from shared.aggregate.republisher import Republisher
from shared.files.opening import open_scanner
from shared.files.settings import FilesSettings
from shared.http.routers import join
from shared.labels import labels_by_language
from shared.operations.api import OPERATED, OperationBackend, operation_routes
from shared.process.service import Periodic, Resources, Service
from shared.reminders import read_schedule
from shared.store.lease import Lease

LISTS_EVERY = timedelta(hours=1)


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service: API, the consumer that checks orders, the run that ends accreditations.

    Raises InvalidError if the rule set is unknown or a draft, OSError or ValueError for unfit settings or a malformed file.
    """
    settings = settings or Settings()
    policy = settings.policy()
    bodies = Bodies(resources)
    organisations = Organisations(resources)
    verdicts = Verdicts(resources)
    offered = OfferedServices(resources)
    facts = Facts(resources.store, resources.clock)
    files, scanner = settings.files(), open_scanner(FilesSettings())
    following = Following(facts)
    organisations.ledger.followed = following.changed
    catch_up = CatchUp(following, partial(changed_organisations, resources.store))
    records = RecordBackend(facts, Records(resources.store), policy, resources.clock)
    drafts = Drafts(resources.store)
    words = labels_by_language(resources.data_dir)
    backend = Backend(
        bodies, organisations, verdicts, offered, facts, files, scanner, policy, settings, drafts, words, resources.clock
    )
    router = routes(backend)
    join(router, record_routes(records))
    bounds = Bounds(settings.jobs_stored, settings.job_term)
    jobs = Jobs(resources.store, bounds, resources.clock, Lease(settings.job_lease, resources.steady))
    watching = Watching(resources.store)
    recheck = Rechecker(
        Turn(resources.store, Lease(settings.job_lease, resources.steady)),
        watching,
        facts,
        verdicts.ledger,
        records.records,
        policy,
        resources.clock,
    )
    join(router, channel_routes(policy))
    join(router, job_routes(JobBackend(jobs, facts, policy, resources.clock)))
    operated = OperationBackend.over(SERVICE, resources.desk, resources.store, resources.clock, resources.steady)
    join(router, operation_routes(operated))

    awards = resources.ledger(ContractAwards, AWARDS, service=SERVICE)
    orders, offers = consumers(Judging(facts, policy, records.records, verdicts, awards), offered, resources.clock)

    async def expire() -> None:
        await expire_due(organisations, resources.clock())

    schedule = read_schedule(Schedule, settings.reminders_file, "services.eligibility")

    async def remind() -> None:
        await remind_due(organisations, schedule, resources.clock())

    appointments = settings.appointments()

    async def state_rights() -> None:
        try:
            await appoint(organisations, appointments, resources.clock())
        finally:
            # Also where somebody could not be appointed.
            await state_unrecorded_rights(organisations)

    async def delete_old_drafts() -> None:
        await drafts.delete_unchanged(resources.clock(), settings.draft_term)

    async def delete_old_vollmachten() -> None:
        await expire_vollmachten(organisations, settings.vollmacht_term, resources.clock())

    async def delete_old_jobs() -> None:
        await jobs.delete_expired()

    async def complete_lists() -> None:
        await organisations.complete_lists()

    return Service(
        name=SERVICE,
        title="EfA-Marktplatz: eligibility",
        collections=(*COLLECTIONS, *OPERATED),
        router=router,
        ledgers=(organisations.ledger, verdicts.ledger, offered.ledger, awards),
        consumers=(followed(orders, watching), offers),
        periodic=(
            Periodic("eligibility.expire-accreditations", settings.expiry_every, expire),
            Periodic("eligibility.reminders", settings.reminders_every, remind),
            Periodic("eligibility.state-rights", settings.rights_every, state_rights),
            Periodic("eligibility.follow-organisations", settings.follow_every, catch_up.run),
            Periodic("eligibility.delete-old-drafts", settings.expiry_every, delete_old_drafts),
            Periodic("eligibility.delete-old-vollmachten", LISTS_EVERY, delete_old_vollmachten),
            Periodic("eligibility.delete-old-jobs", settings.expiry_every, delete_old_jobs),
            Periodic("eligibility.run-precheck-jobs", settings.jobs_every, Runner(jobs, facts).run),
            Periodic("eligibility.recheck-orders", settings.recheck_every, recheck.run),
            Periodic("eligibility.complete-lists", LISTS_EVERY, complete_lists),
        ),
        probes=(Periodic("eligibility.reach-files", settings.files_probe_every, files.ping),),
        facts=FACTS,
        files=files,
        republishers=(
            Republisher("organisation", organisations.ledger, restated, retained=lambda _: True),
            Republisher("verdict", verdicts.ledger, OrderVerdict.restate),
            Republisher("awards", awards, ContractAwards.restate),
        ),
    )
