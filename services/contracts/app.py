"""Assembles the contracts service: the API, or the processor of one channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter

from services.contracts import channels
from services.contracts.accessions.api import AccessionBackend, accession_routes
from services.contracts.accessions.archiving import AccessionArchivist
from services.contracts.accessions.repository import ACCESSIONS, Accessions
from services.contracts.agb_api import agb_routes
from services.contracts.amending.api import AmendingBackend, amending_routes
from services.contracts.announcing.api import announcing_routes
from services.contracts.announcing.issued import AnnouncingIssued
from services.contracts.announcing.passing import PassingPricesOn
from services.contracts.api import routes
from services.contracts.archiving import log as archive_log
from services.contracts.archiving.api import archive_routes
from services.contracts.archiving.archivist import PUBLISHED, Archivist, checkpoint_ledger
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.records import DOCUMENTS, ERASURES, RECORDS
from services.contracts.backend import Backend
from services.contracts.cascade import Cascade
from services.contracts.census import Census
from services.contracts.chain_views.api import ChainBackend, chain_routes
from services.contracts.consumers import Followed, consumers
from services.contracts.contacts.api import ContactBackend, contact_routes
from services.contracts.contacts.purging import ContactPurge
from services.contracts.contacts.repository import CONTACTS, ContactBooks
from services.contracts.costs.api import CostBackend, cost_routes
from services.contracts.costs.follow import USAGES, Usages
from services.contracts.costs.inputs import INFORMATION, Costs
from services.contracts.countersigning import Countersigning
from services.contracts.documents import rendering
from services.contracts.documents.api import document_routes
from services.contracts.documents.maker import Maker
from services.contracts.documents.rendering import Renderer
from services.contracts.domain.checkpoint import PublishedCheckpoint
from services.contracts.domain.contract import Contract
from services.contracts.domain.owed import Owed
from services.contracts.domain.reminders import Schedule
from services.contracts.domain.rules import Terms
from services.contracts.facts import FACTS
from services.contracts.invoice_address.follow import INVOICE_ADDRESSES, InvoiceAddresses
from services.contracts.leitweg.follow import LEITWEG_IDS, LeitwegIds
from services.contracts.offers.follow import OFFERS, ChannelOffers
from services.contracts.passing_on.api import passing_routes
from services.contracts.reminders import Reminders
from services.contracts.repository import CONTRACTS, REGISTERS, SERVICE, Contracts, Registers
from services.contracts.settings import Settings
from services.contracts.statements.api import StatementBackend, statement_routes
from services.contracts.statements.contents import CONTENTS
from services.contracts.statements.documents_api import statement_document_routes
from services.contracts.statements.invoicing import Invoicing
from services.contracts.statements.jobs import JOBS, Jobs
from services.contracts.statements.maker import OWED, StatementMaker, owed_ledger
from services.contracts.statements.runner import Runner
from services.contracts.statements.statement import SHARES, STATEMENTS, Statements
from services.contracts.succession.api import succession_routes
from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import OutgoingEvent
from shared.aggregate.republisher import Republisher
from shared.files.port import Files
from shared.http.routers import join
from shared.labels import labels_by_language
from shared.messages.values import Channel
from shared.operations.api import OPERATED, OperationBackend, operation_routes
from shared.process.service import Builder, Periodic, Resources, Service
from shared.reminders import read_schedule
from shared.store.lease import Lease

ARCHIVED = (*archive_log.COLLECTIONS, DOCUMENTS, RECORDS, ERASURES)
FOLLOWED = (OFFERS, USAGES, INFORMATION, LEITWEG_IDS, INVOICE_ADDRESSES)
STATED = (JOBS, OWED, STATEMENTS, SHARES, CONTENTS)
"""Collections of statements, in the order in which a backup copies them: every statement that was copied has its contents."""


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service as its API runs it: contracts are formed and concluded by the processors alone.

    What its own steps have to tell lies in the outbox, from which a processor publishes it.

    Raises ValueError or OSError if settings, AGB data or the schedule of reminders are unfit, before anything is consumed.
    """
    return _assembled(resources, settings or Settings(), ())


def processor(channel: Channel) -> Builder:
    """Return the builder of a channel's processor, which runs as a process of its own. It raises as ``build``."""

    def build_processor(resources: Resources, settings: Settings | None = None) -> Service:
        return _assembled(resources, settings or Settings(), (channel,))

    return build_processor


def _assembled(resources: Resources, settings: Settings, served: Sequence[Channel]) -> Service:
    terms = channels.load_terms(settings.agb_folder, settings.number_formats, settings.automatic_up_to_cents)
    contracts = Contracts(resources)
    registers = Registers(resources)
    accessions = Accessions(resources)
    published = checkpoint_ledger(resources)
    files = settings.files()
    log = ArchiveLog(resources.store, settings.archive_origin)
    offers, usages, owed = ChannelOffers(resources), Usages(resources), owed_ledger(resources)
    leitweg_ids, addresses = LeitwegIds(resources), InvoiceAddresses(resources)
    costs = Costs(resources, offers)
    jobs = Jobs(resources.store, resources.clock, Lease(settings.statement_lease, resources.steady))
    router = APIRouter()
    if not served:  # a processor answers nobody, and routes take half of its start
        own = replace(resources, publisher=LeftToProcessors())
        words = labels_by_language(resources.data_dir)
        router = routes(Contracts(own), registers, resources.clock, terms, resources.rights, words)
        join(router, archive_routes(contracts, log, files))
        join(router, accession_routes(AccessionBackend(Accessions(own), contracts, terms, words, resources.clock)))
        acting = Backend(Contracts(own), terms, resources.clock)
        join(router, passing_routes(acting))
        join(router, amending_routes(AmendingBackend(Contracts(own), accessions, terms, resources.clock)))
        join(router, announcing_routes(acting))
        join(router, succession_routes(acting))
        join(router, chain_routes(ChainBackend(contracts, accessions, offers, terms, resources.clock)))
        join(router, document_routes(contracts, files))
        join(router, contact_routes(ContactBackend(ContactBooks(contracts), contracts, resources.clock)))
        join(router, agb_routes(terms, resources.clock))
        join(router, cost_routes(CostBackend(costs, resources.clock)))
        join(router, statement_routes(StatementBackend(jobs, Statements(resources.store), contracts, resources.clock)))
        join(router, statement_document_routes(owed, files))
        operated = OperationBackend.over(SERVICE, resources.desk, resources.store, resources.clock, resources.steady)
        join(router, operation_routes(operated))
    return Service(
        name=SERVICE,
        title="EfA-Marktplatz: contracts",
        collections=(CONTRACTS, REGISTERS, ACCESSIONS, CONTACTS, PUBLISHED, *ARCHIVED, *FOLLOWED, *STATED, *OPERATED),
        router=router,
        ledgers=(
            *(contracts.ledger, accessions.ledger, published, offers.ledger, usages.ledger),
            *(leitweg_ids.ledger, addresses.ledger, owed),
        ),
        publishes=bool(served),
        consumers=consumers(
            [terms[channel] for channel in served],
            contracts,
            registers,
            Followed(offers, usages, leitweg_ids, addresses),
            resources.clock,
        ),
        periodic=(
            *(
                work
                for channel in served
                for work in _periodic(
                    terms[channel], contracts, registers, _Written(published, owed, files, leitweg_ids, addresses), settings
                )
            ),
            *(work for channel in served for work in _chain_works(terms[channel], contracts, accessions, log, settings)),
            *(
                Periodic(
                    f"contracts.{it.value}.cost-information",
                    settings.cascade_every,
                    AnnouncingIssued(terms[it], contracts, costs).run,
                )
                for it in served
            ),
            *(
                Periodic(f"contracts.{it.value}.statements", settings.statements_every, Runner(it, jobs, costs, log).run)
                for it in served
            ),
        ),
        facts=FACTS,
        files=files,
        republishers=(
            Republisher("contract", contracts.ledger, Contract.republish),
            Republisher("checkpoint", published, PublishedCheckpoint.restate, retained=lambda _: True),
        ),
    )


class LeftToProcessors:
    """Sends nothing: the API of contracts has no right to write public topics, the processors' relay publishes what it stores."""

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """Return that none was sent."""
        return [False] * len(events)


def _chain_works(
    terms: Terms, contracts: Contracts, accessions: Accessions, log: ArchiveLog, settings: Settings
) -> Sequence[Periodic]:
    channel = terms.channel
    archivist = AccessionArchivist(accessions, channel, log)
    books = ContactBooks(contracts)
    purge = ContactPurge(channel, books, contracts, settings.contacts_max_age, contracts.ledger.clock)
    schedule = read_schedule(Schedule, settings.reminders_file, "services.contracts")
    reminders = Reminders(channel, contracts, accessions, schedule)
    return (
        Periodic(f"contracts.{channel.value}.cascade", settings.cascade_every, Cascade(terms, contracts, accessions).run),
        Periodic(f"contracts.{channel.value}.prices", settings.cascade_every, PassingPricesOn(terms, contracts).run),
        Periodic(f"contracts.{channel.value}.accessions", settings.archive_every, archivist.run),
        Periodic(f"contracts.{channel.value}.contacts", settings.purge_every, purge.run),
        Periodic(f"contracts.{channel.value}.reminders", settings.reminders_every, reminders.run),
    )


@dataclass(frozen=True, slots=True)
class _Written:
    """What the work of a processor writes beside contracts, and what its invoices go by."""

    published: Ledger[PublishedCheckpoint]
    owed: Ledger[Owed]
    files: Files
    leitweg_ids: LeitwegIds
    addresses: InvoiceAddresses


def _periodic(
    terms: Terms, contracts: Contracts, registers: Registers, written: _Written, settings: Settings
) -> Sequence[Periodic]:
    channel = terms.channel
    countersigning = Countersigning(terms, contracts, registers)
    log = ArchiveLog(contracts.store, settings.archive_origin)
    archivist = Archivist(contracts, channel, log, settings.log_key(), written.published)
    found = [
        Periodic(f"contracts.{channel.value}.census", settings.census_every, Census(contracts, channel).run),
        Periodic(f"contracts.{channel.value}.conclude", settings.conclude_every, countersigning.run),
        Periodic(f"contracts.{channel.value}.archive", settings.archive_every, archivist.run),
    ]
    billing, renderer = settings.billing_of(channel), Renderer() if rendering.available() else None
    invoicing = Invoicing(written.owed, billing.data, written.leitweg_ids, written.addresses)
    issuing = StatementMaker(contracts, channel, written.files, log, invoicing, renderer)
    found.append(Periodic(f"contracts.{channel.value}.statement-documents", settings.documents_every, issuing.run))
    if renderer is not None:
        maker = Maker(contracts, channel, written.files, log, renderer, lambda: billing.data().address_lines)
        found.append(Periodic(f"contracts.{channel.value}.documents", settings.documents_every, maker.run))
    return found
