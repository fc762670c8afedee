"""``marktplatz run``: one process of the marketplace from its settings."""

from __future__ import annotations

from marktplatz.assembly import BUILDERS, RoleName, ServiceName, assignments
from marktplatz.loading import migrate
from shared.bus.settings import KafkaSettings
from shared.http.oidc import AuthSettings, OidcAuthenticator
from shared.messages.values import Channel
from shared.process.logs import configure_logs
from shared.process.runtime import Runtime
from shared.process.settings import ProcessSettings
from shared.tracing import setup, spans


async def run_process(service: ServiceName, role: RoleName, channel: Channel | None) -> None:
    """Run until a signal. Raises ValueError for a command line or setting that makes no sense."""
    settings = ProcessSettings()
    configure_logs(level=settings.log_level, time_zone=settings.log_time_zone)
    plan = assignments(service, role, channel)
    authenticator = OidcAuthenticator(AuthSettings())
    scope = role.value if channel is None else channel.value
    setup.start(f"{service.value}-{scope}")
    try:
        await Runtime(settings, KafkaSettings(), authenticator, plan).run()
    finally:
        spans.stop()


async def run_migration(service: ServiceName) -> None:
    """Prepare one service's store, or every one's with ``all``."""
    settings = ProcessSettings()
    configure_logs(level=settings.log_level, time_zone=settings.log_time_zone)
    for name in BUILDERS if service is ServiceName.ALL else [service]:
        await migrate(settings, name.value, BUILDERS[name])
