"""Assembles the catalog."""

from __future__ import annotations

from fastapi import APIRouter

from services.catalog.accreditations import Accreditations, AccreditationWatch
from services.catalog.api import Backend, routes
from services.catalog.catalogue import ReferenceReader
from services.catalog.checkpoints import Checkpoints, mirrors
from services.catalog.consumers import consumers
from services.catalog.dcat.api import dcat_routes
from services.catalog.dcat.export import Exporter
from services.catalog.dcat.graph import Terms
from services.catalog.documents.api import Shelf, document_routes
from services.catalog.documents.repository import Documents
from services.catalog.domain.known import KnownService
from services.catalog.domain.provisioning import republish
from services.catalog.domain.reminders import Schedule
from services.catalog.facts import FACTS, is_listed, is_off_list, is_removed, is_retained
from services.catalog.feed.api import feed_routes
from services.catalog.feed.changes import Feed, Waiting
from services.catalog.portals.api import portal_routes
from services.catalog.portals.repository import Portals
from services.catalog.portals.watch import JUDGE_EVERY, PortalWatch
from services.catalog.reminders import Reminders
from services.catalog.repository import COLLECTIONS, SERVICE, KnownServices, Offerings, checkpoint_ledger
from services.catalog.reuse import ReuseEnds, Reuses
from services.catalog.schemas.listing import FacetWords
from services.catalog.search import Schaufenster
from services.catalog.settings import Settings
from services.catalog.upkeep import RESTATE_EVERY, ChannelClosing, KnownList, Removal, Restatement
from services.catalog.versions.repository import Versions
from services.catalog.vocabulary import Vocabulary
from shared.aggregate.republisher import Republisher
from shared.files.opening import open_scanner
from shared.files.settings import FilesSettings
from shared.http.routers import join
from shared.labels import read_labels
from shared.operations.api import OPERATED, OperationBackend, operation_routes
from shared.process.service import Periodic, Resources, Service
from shared.reminders import read_schedule


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service; it consumes reports of portals, and what contracts tells of contracts about offers.

    Reference data are loaded by ``services.catalog.reference.load_reference``. Raises OSError or ValueError for unfit settings
    or a malformed file.
    """
    settings = settings or Settings()
    offerings = Offerings(resources)
    reuses = Reuses(resources)
    reference = ReferenceReader(resources.store, resources.data_dir)
    schaufenster = Schaufenster(
        offerings,
        reference,
        overlap=settings.search_overlap,
        reload_every=settings.search_reload,
        clock=resources.clock,
        reuses=reuses,
    )
    known = KnownServices(resources)
    restatement = Restatement(offerings, resources.clock)
    removal = Removal(offerings, settings.remove_after, resources.clock)
    schedule = read_schedule(Schedule, settings.reminders_file, "services.catalog")
    reminders = Reminders(offerings, schedule, resources.clock)
    accreditations = Accreditations(resources.rights, resources.clock)
    accreditation_watch = AccreditationWatch(offerings, accreditations, resources.clock)
    known_list = KnownList(known, offerings, reference, restatement, resources.clock)
    followed = mirrors()
    checkpoint = checkpoint_ledger(resources)
    checkpoints = Checkpoints(checkpoint, followed, settings.checkpoint_idle, resources.clock)
    portals = Portals(resources)
    watch = PortalWatch(portals, checkpoint, tuple(followed), resources.clock)
    de, en = read_labels(resources.data_dir, "de"), read_labels(resources.data_dir, "en")
    terms = Terms(settings.dcat_title, settings.dcat_publisher, settings.dcat_licence, settings.dcat_contributor)
    router = APIRouter()
    # Before the routes with an id in the path, which would take the names of these for one.
    join(router, dcat_routes(Exporter(offerings, reference, terms), settings.public_url))
    waiting = Waiting(settings.feed_waiting)
    join(router, feed_routes({name: Feed(mirror, waiting, resources.clock) for name, mirror in followed.items()}))
    join(router, portal_routes(portals, watch, resources.clock))
    words, vocabulary, versions = FacetWords(de, en), Vocabulary.of(de, en), Versions(resources)
    backend = Backend(offerings, reference, schaufenster, accreditations, words, vocabulary, versions, reuses, resources.clock)
    join(router, routes(backend))
    files, scanner = settings.files(), open_scanner(FilesSettings())
    shelf = Shelf(offerings, versions, Documents(resources), files, scanner, settings.public_url, resources.clock)
    join(router, document_routes(shelf))
    operated = OperationBackend.over(SERVICE, resources.desk, resources.store, resources.clock, resources.steady)
    join(router, operation_routes(operated))
    return Service(
        name=SERVICE,
        title="EfA-Marktplatz: catalog",
        collections=(*COLLECTIONS, *OPERATED),
        router=router,
        ledgers=(offerings.ledger, known.ledger, checkpoint, reuses.ledger),
        consumers=consumers(watch, offerings, reuses, accreditations, resources.clock),
        periodic=(
            Periodic("catalog.removal", settings.upkeep_every, removal.run),
            Periodic("catalog.channel-ends", settings.upkeep_every, ChannelClosing(offerings, resources.clock).run),
            Periodic("catalog.reuse-ends", settings.upkeep_every, ReuseEnds(reuses, resources.clock).run),
            Periodic("catalog.accreditations", settings.accreditations_every, accreditation_watch.run),
            Periodic("catalog.reminders", settings.reminders_every, reminders.run),
            Periodic("catalog.restatement", RESTATE_EVERY, restatement.run),
            Periodic("catalog.known-services", settings.upkeep_every, known_list.run),
            Periodic("catalog.checkpoints", settings.checkpoint_every, checkpoints.record),
            Periodic("catalog.portal-watch", JUDGE_EVERY, watch.judge_all),
        ),
        probes=(Periodic("catalog.reach-files", settings.files_probe_every, files.ping),),
        facts=FACTS,
        files=files,
        republishers=(
            Republisher("offering", offerings.ledger, republish, retained=is_retained, removed=is_removed),
            Republisher("known service", known.ledger, KnownService.restate, retained=is_listed, removed=is_off_list),
        ),
        mirrors=tuple(followed.values()),
        checks_rights=True,
    )
