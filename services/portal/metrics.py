"""What the portal counts of what it leans on: calls of the APIs, and logins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter

from shared.errors import MarktplatzError, RetryableError

API_CALLS = Counter("portal_api_calls_total", "Calls of the services' APIs, by whether they were answered.", ("api", "outcome"))
LOGINS = Counter("portal_logins_total", "Logins that the identity provider was asked about, by how they went.", ("outcome",))
ANSWERED, FAILED = "answered", "failed"
DONE, REFUSED, UNAVAILABLE = "done", "refused", "unavailable"
for _outcome in (DONE, REFUSED, UNAVAILABLE):
    LOGINS.labels(_outcome)


@contextmanager
def judged_login() -> Iterator[None]:
    """Count a step of a login that fails: ``unavailable`` where it may go well later, else ``refused``. It is raised on."""
    try:
        yield
    except RetryableError:
        LOGINS.labels(UNAVAILABLE).inc()
        raise
    except MarktplatzError:
        LOGINS.labels(REFUSED).inc()
        raise
