"""The application around a service's router: errors, guards, observation, probes and a documentation page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from fastapi import APIRouter, FastAPI

from shared.clock import now
from shared.http import docs, even, problem, routers
from shared.http.auth import Authenticator
from shared.http.body import RequestGuard
from shared.http.caller import RightsSource
from shared.http.even import Even
from shared.http.german import German
from shared.http.head import Head
from shared.http.health import Health
from shared.http.idempotency import Holder
from shared.http.observe import Observe
from shared.http.open_data import OpenData
from shared.http.probes import probes
from shared.http.query import QueryMark
from shared.store.port import Store

VERSION = "1"


def create_app(  # noqa: PLR0913 - a keyword for each thing that surrounds a router
    service: str,
    router: APIRouter,
    *,
    title: str | None = None,
    authenticator: Authenticator,
    rights: RightsSource | None = None,
    store: Store,
    health: Health,
    clock: Callable[[], datetime] = now,
    even_step: timedelta | None = None,
) -> FastAPI:
    """Return the application that serves ``router``. No I/O; the store must be prepared with ``idempotency.COLLECTION``.

    ``service`` is its name in metrics and logs, ``title`` what its documentation calls it.
    ``rights`` decides for whom a person acts whose token states no more than who they are.
    ``even_step``: to which steps of time a 404 is evened out, ``even.STEP`` unless given; none if it is zero.
    """
    app = FastAPI(
        title=title or service,
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_ERRORS,
    )
    app.state.authenticator = authenticator
    app.state.rights = rights
    app.state.health = health
    app.state.store = store
    app.state.clock = clock
    app.state.idempotency = Holder()
    routers.install(app, router)
    routers.install(app, probes(health))
    docs.install(app, service)
    problem.install(app)
    app.add_middleware(RequestGuard, authenticator=authenticator)
    app.add_middleware(QueryMark)
    app.add_middleware(German)
    app.add_middleware(OpenData)
    app.add_middleware(Head)
    app.add_middleware(Observe, service=service)
    app.add_middleware(Even, step=even.STEP if even_step is None else even_step)
    return app


_ERRORS: dict[int | str, dict[str, object]] = {
    "default": {
        "description": "Problem (RFC 9457): see its code.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}
