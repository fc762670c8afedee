"""Assembles ordering."""

from __future__ import annotations

from datetime import timedelta

from services.ordering.api import Backend, routes
from services.ordering.census import Census
from services.ordering.consumers import consumers
from services.ordering.deadlines import Deadlines
from services.ordering.domain.partner.partner import Partner
from services.ordering.domain.requests import outstanding_request
from services.ordering.facts import FACTS
from services.ordering.inbound.actions import Actions
from services.ordering.inbound.intake import RecordIntake
from services.ordering.inbound.readers import PartnerReaders
from services.ordering.inbound.receipts import RECEIPTS, Receipts
from services.ordering.inbound.released import ReleasedRecords
from services.ordering.inbound.rotation import rotation_reader
from services.ordering.participations import api as participations_api
from services.ordering.participations.api import KlientenBackend, names_of
from services.ordering.participations.repository import PARTICIPATIONS, Participations
from services.ordering.partners import api as partners_api
from services.ordering.partners import quarantine_api, receipts_api
from services.ordering.partners.intake import NoIntake
from services.ordering.partners.quarantine import ORIGINALS, QUARANTINE, Quarantine
from services.ordering.partners.receipt_keys import ReceiptKeys
from services.ordering.partners.repository import PARTNERS, Partners
from services.ordering.placements import api as placements_api
from services.ordering.reference import load_checklists, load_schedule, load_vocabulary
from services.ordering.reminders import Reminders
from services.ordering.repository import LISTED_OFFERINGS, ORDERS, SERVICE, Offerings, Orders
from services.ordering.settings import Settings
from shared.aggregate.republisher import Republisher
from shared.bus.consume.readers import Readers
from shared.http.routers import join
from shared.operations.api import OPERATED, OperationBackend, operation_routes
from shared.process.service import Periodic, Resources, Service

PURGE_EVERY = timedelta(hours=1)


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service: API, consumers, the runs that meet deadlines and count. It reads its data files.

    Raises OSError or ValueError for unfit settings or a malformed file.
    """
    settings = settings or Settings()
    orders = Orders(resources)
    offerings = Offerings(resources)
    partners = Partners(resources)
    quarantine = Quarantine(resources)
    checklists = load_checklists(settings.clarification_file, settings.delivery_file)
    deadlines = Deadlines(orders, settings.idle_after, resources.clock)
    receipt_keys = ReceiptKeys(settings.receipt_keys, resources.clock, settings.receipt_key_overlap)
    vocabulary = load_vocabulary()
    schedule = load_schedule(settings.reminders_file)
    reminders = Reminders(orders, schedule, vocabulary.tasks, settings.idle_after, resources.clock)
    backend_of_orders = Backend(orders, offerings, checklists, vocabulary, resources.clock, settings.idle_after)
    router = routes(backend_of_orders)
    read_rotation = rotation_reader(settings.partner_audience)
    registry = partners_api.Registry(partners, resources.clock, read_rotation, settings.partner_key_overlap)
    join(router, partners_api.routes(registry))
    receipts = Receipts(resources)
    intake = RecordIntake(
        Actions(orders, offerings, resources.clock, resources.rights),
        receipts,
        quarantine,
        receipt_keys,
        resources.clock,
        settings.partner_audience,
    )
    released = NoIntake() if settings.receipt_keys is None else ReleasedRecords(partners, intake)
    readers = Readers("partners", settings.partners_every, PartnerReaders(partners, intake, resources.clock).current)
    backend = quarantine_api.QuarantineBackend(partners, quarantine, released, resources.clock)
    join(router, quarantine_api.routes(backend))
    join(router, receipts_api.routes(receipt_keys))
    participations = Participations(resources, orders)
    operated = OperationBackend.over(SERVICE, resources.desk, resources.store, resources.clock, resources.steady)
    join(router, operation_routes(operated))
    join(router, placements_api.routes(backend_of_orders))
    join(router, participations_api.routes(KlientenBackend(backend_of_orders, participations, names_of(resources.rights))))
    return Service(
        name=SERVICE,
        title="EfA-Marktplatz: ordering",
        collections=(ORDERS, PARTICIPATIONS, LISTED_OFFERINGS, PARTNERS, QUARANTINE, ORIGINALS, RECEIPTS, *OPERATED),
        router=router,
        ledgers=(orders.ledger, offerings.ledger, partners.ledger, quarantine.ledger, receipts.ledger),
        consumers=consumers(orders, offerings, resources.clock, settings.hold_for),
        readers=() if settings.receipt_keys is None else (readers,),
        periodic=(
            Periodic("ordering.deadlines", settings.deadlines_every, deadlines.run),
            Periodic("ordering.reminders", settings.reminders_every, reminders.run),
            Periodic("ordering.census", settings.census_every, Census(orders, resources.clock).run),
            Periodic("ordering.quarantine-census", settings.census_every, quarantine.measure),
            Periodic("ordering.quarantine-purge", PURGE_EVERY, quarantine.purge),
            Periodic("ordering.receipts-purge", PURGE_EVERY, receipts.purge),
        ),
        checks_rights=True,
        facts=FACTS,
        republishers=(
            Republisher("order", orders.ledger, outstanding_request),
            Republisher("partner", partners.ledger, Partner.restate, retained=lambda _: True),
        ),
    )
