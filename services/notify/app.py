"""Assembles notify."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import structlog

from services.notify.api import routes
from services.notify.consumers import consumers
from services.notify.contacts_api import contact_routes
from services.notify.domain.contact import Language
from services.notify.domain.routing import Routing
from services.notify.domain.webhook import Webhook
from services.notify.mail import Composer
from services.notify.mailer import Mailer
from services.notify.metrics import SMTP_CONFIGURED
from services.notify.repository import COLLECTIONS, SERVICE, Contacts, Notifications
from services.notify.settings import Settings
from services.notify.smtp import SmtpTransport
from services.notify.texts import Texts
from services.notify.webhooks.addresses import Guard
from services.notify.webhooks.api import webhook_routes
from services.notify.webhooks.client import WebhookClient
from services.notify.webhooks.handlers import WebhookBackend, switched_off
from services.notify.webhooks.repository import DELIVERIES, WEBHOOKS, Deliveries, Webhooks
from services.notify.webhooks.sender import WebhookSender
from services.notify.webhooks.signing import WebhookKeys
from shared.http.routers import join
from shared.labels import read_labels
from shared.operations.api import OPERATED, OperationBackend, operation_routes
from shared.process.service import Periodic, Resources, Service

ROUTING = Path(__file__).parent / "data" / "routing.json"
_AGAIN = timedelta(milliseconds=10)

log = structlog.get_logger()


def load_routing(path: Path = ROUTING) -> Routing:
    """Return the routing table. Raises ValidationError for a table that contradicts itself or names what does not exist."""
    return Routing.model_validate_json(path.read_text(encoding="utf-8"))


def load_texts(data_dir: Path, settings: Settings) -> Texts:
    """Return the templates of both languages. Raises ValueError for a template that could not be filled in."""
    return _texts(data_dir, settings.portal_url, settings.time_zone)


@lru_cache(maxsize=4)
def _texts(data_dir: Path, portal_url: str | None, time_zone: str) -> Texts:
    """Compile the templates once a process, not once a service that is built: it takes longer than all the rest of building."""
    labels = {language: read_labels(data_dir, language.value) for language in Language}
    return Texts(labels, portal_url, time_zone)


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service: inbox and contacts, the consumer of all events, the sender of mail. Raises ValueError if unfit.

    The periodic ``send-mail`` waits inside for a nudge of the consumer, so that mail leaves right after its event.
    """
    settings = settings or Settings()
    routing = load_routing()
    texts = load_texts(resources.data_dir, settings)
    if missing := routing.templates - texts.keys:
        raise ValueError(f"the routing table names templates that do not exist: {', '.join(sorted(missing))}")
    notifications = Notifications(resources)
    contacts = Contacts(resources)
    composer = Composer(texts, settings.sender_name, settings.sender_address)
    transport = None if settings.smtp_host is None else SmtpTransport(settings)
    SMTP_CONFIGURED.set(0 if transport is None else 1)
    if transport is None:
        log.warning("smtp_not_configured", detail="E-mails wait until NOTIFY_SMTP_HOST names a mail server.")
    mailer = Mailer(notifications, contacts, composer, transport, settings, resources.clock)
    webhooks, deliveries = Webhooks(resources), Deliveries(resources)
    guard = Guard(tuple(settings.webhook_networks), tuple(settings.webhook_refused_networks))
    client = WebhookClient(guard, settings.webhook_timeout, resources.steady)

    async def tell(organisation: str, webhook: Webhook, code: str, at: datetime) -> None:
        book = await contacts.book(organisation)
        await notifications.ledger.apply(switched_off(organisation, book, webhook, code, at))
        mailer.nudge()

    sender = WebhookSender(webhooks, deliveries, client, settings, resources.clock, tell)
    keys = WebhookKeys(settings.webhook_keys)
    backend = WebhookBackend(webhooks, deliveries, keys, guard, routing, settings.webhook_overlap, resources.clock)

    def nudge() -> None:
        mailer.nudge()
        sender.nudge()

    router = routes(notifications, contacts, texts, routing, resources.clock)
    join(router, contact_routes(notifications, contacts, routing, resources.clock))
    join(router, webhook_routes(backend))
    operated = OperationBackend.over(SERVICE, resources.desk, resources.store, resources.clock, resources.steady)
    join(router, operation_routes(operated))

    async def purge() -> None:
        if purged := await notifications.purge(resources.clock() - settings.inbox_max_age):
            log.info("notifications_purged", count=purged)
        if purged := await deliveries.purge(resources.clock() - settings.webhook_max_age):
            log.info("webhook_deliveries_purged", count=purged)

    return Service(
        name=SERVICE,
        title="EfA-Marktplatz: notify",
        collections=(*COLLECTIONS, WEBHOOKS, DELIVERIES, *OPERATED),
        router=router,
        ledgers=(notifications.ledger,),
        consumers=consumers(notifications, contacts, routing, nudge, resources.clock, settings, (webhooks, deliveries)),
        periodic=(
            Periodic("send-mail", _AGAIN, mailer.run),
            Periodic("send-webhooks", _AGAIN, sender.run),
            Periodic("purge-notifications", settings.purge_every, purge),
        ),
    )
