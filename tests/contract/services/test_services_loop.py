"""No request waits for a thread: routes, what they depend on and what answers errors are coroutines, which run in the loop."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Route

from deploy.site.openapi_page import applications
from services.portal.sealing import ensure_session_keys
from shared.http.issuer import EmbeddedIssuer
from shared.store.sqlite.store import SqliteStore
from tests.support.showcase import portal_over


def _in_a_thread(app: FastAPI) -> list[str]:
    """Return the names of what the application would hand to a thread for each request that comes to it."""
    return sorted({f"{call.__module__}.{call.__qualname__}" for call in _called(app) if not _in_the_loop(call)})


def _called(app: FastAPI) -> Iterator[Callable[..., Any]]:
    for route in app.router.routes:
        if isinstance(route, APIRoute):
            yield from _depended_on(route.dependant)
        elif isinstance(route, Route):
            yield route.endpoint
    yield from app.exception_handlers.values()


def _depended_on(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    if dependant.call is not None:
        yield dependant.call
    for other in dependant.dependencies:
        yield from _depended_on(other)


def _in_the_loop(call: Callable[..., Any]) -> bool:
    """Return whether FastAPI awaits it, as it does what is a coroutine or has one as ``__call__``: no class is that."""
    function = call if inspect.isroutine(call) or inspect.isclass(call) else type(call).__call__
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


@pytest.fixture(name="site")
def _site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    for name, value in EmbeddedIssuer(tmp_path / "issuer").environment().items():
        monkeypatch.setenv(name, value)
    ensure_session_keys(tmp_path / "keys")
    return portal_over({}, SqliteStore(None), oidc_issuer="https://login.example", session_keys=tmp_path / "keys")


def test_no_api_hands_a_request_to_a_thread() -> None:
    assert {name: found for name, app in applications().items() if (found := _in_a_thread(app))} == {}


def test_no_page_hands_a_request_to_a_thread(site: FastAPI) -> None:
    assert len(site.router.routes) > 100, "all pages, also those behind the login"
    assert _in_a_thread(site) == []


class Given:
    pass


def plain(given: Annotated[Given, Depends()]) -> Given:
    return given


def written() -> str:
    return ""


async def read(_given: Annotated[Given, Depends(plain)]) -> str:
    return ""


def test_what_is_no_coroutine_is_found() -> None:
    app = FastAPI()
    app.get("/")(read)
    app.get("/def")(written)
    assert {f"{__name__}.{it.__name__}" for it in (Given, plain, written)} <= set(_in_a_thread(app))
    assert f"{__name__}.{read.__name__}" not in _in_a_thread(app)
