"""``marktplatz run``: one process of the marketplace from its settings."""

from __future__ import annotations

from pathlib import Path

import structlog

from marktplatz.assembly import BUILDERS, RoleName, ServiceName, assignments, site
from shared.bus.settings import KafkaSettings
from shared.http.oidc import AuthSettings, RightsFrom, authenticator_of
from shared.messages.values import Channel
from shared.process.logs import configure_logs
from shared.process.runtime import Assignment, Runtime
from shared.process.settings import ProcessSettings
from shared.rights.projection import Rights, rights_mirror
from shared.tracing import setup, spans

NO_BROKER = KafkaSettings(bootstrap_servers="localhost:9")
"""For processes that publish and follow nothing: nobody connects to it."""

log = structlog.get_logger()


async def run_process(service: ServiceName, role: RoleName, channel: Channel | None) -> None:
    """Run until a signal. Raises ValueError for a command line or setting that makes no sense."""
    settings = ProcessSettings()
    configure_logs(level=settings.log_level, time_zone=settings.log_time_zone)
    plan = assignments(service, role, channel)
    auth = AuthSettings()
    authenticator = authenticator_of(auth)
    rights = Rights(rights_mirror(), auth.rights_most_age, decides=auth.rights_from is RightsFrom.MARKETPLACE)
    if not rights.decides:
        log.warning("rights_from_claims", detail="What a token claims is believed; this is for tests only.")
    scope = role.value if channel is None else channel.value
    setup.start(f"{service.value}-{scope}")
    try:
        await Runtime(settings, KafkaSettings(), authenticator, plan, rights).run()
    finally:
        spans.stop()


async def run_site(name: str) -> None:
    """Run a service of pages until a signal; it needs no broker. Raises ValueError for a setting that makes no sense."""
    settings = ProcessSettings()
    configure_logs(level=settings.log_level, time_zone=settings.log_time_zone)
    setup.start(name)
    try:
        await Runtime(settings, NO_BROKER, authenticator_of(AuthSettings()), site(name)).run()
    finally:
        spans.stop()


async def run_showcase(store: Path) -> None:
    """Run the showcase over a store of the portal kit until a signal. Raises ValueError for a setting that makes no sense.

    Raises ModuleNotFoundError without the kit.
    """
    from marktplatz.showcase.site import Nobody, showcase  # noqa: PLC0415 - nothing else needs it

    settings = ProcessSettings()
    configure_logs(level=settings.log_level, time_zone=settings.log_time_zone)
    plan = [Assignment("portal", "showcase", showcase(store), api=True, worker=True)]
    setup.start("showcase")
    try:
        await Runtime(settings, NO_BROKER, Nobody(), plan).run()
    finally:
        spans.stop()


async def run_migration(service: ServiceName) -> None:
    """Prepare one service's store, or every one's with ``all``."""
    from marktplatz.loading import migrate  # noqa: PLC0415 - knows the reference data of two services

    settings = ProcessSettings()
    configure_logs(level=settings.log_level, time_zone=settings.log_time_zone)
    for name in BUILDERS if service is ServiceName.ALL else [service]:
        await migrate(settings, name.value, BUILDERS[name])
