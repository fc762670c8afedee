"""Assembles the showcase: the pages of the portal over the catalog's own search, in one process, without log-in and broker."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from marktplatz.showcase.followed import Followed
from marktplatz.silent import Silent
from services.catalog.catalogue import ReferenceReader, Snapshot
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.public_api import public_routes
from services.catalog.reference import COLLECTIONS, load_reference
from services.catalog.schemas.listing import FacetWords
from services.catalog.search import Schaufenster
from services.catalog.settings import Settings as CatalogSettings
from services.catalog.vocabulary import Vocabulary
from services.eligibility.app import build as build_eligibility
from services.portal.app import portal
from services.portal.settings import Settings
from shared.http.app import create_app
from shared.http.caller import Caller, UnauthenticatedError
from shared.labels import read_labels
from shared.process.service import Builder, Periodic, Resources, Service
from shared.store.opening import open_store

FOLLOW_EVERY = timedelta(seconds=2)
IN_MEMORY = "sqlite:///:memory:"


class Nobody:
    """Knows nobody: no token is taken."""

    async def authenticate(self, token: str) -> Caller:
        """Raise UnauthenticatedError."""
        del token
        raise UnauthenticatedError("token_invalid", "There is no log-in here.")


class _LatestAlone:
    """The contents of versions: the topic states that of the latest one."""

    async def form_of(self, offering: Offering, version: int) -> OfferingForm | None:
        """Return the form of the latest version, None for another one."""
        return offering.form if version == offering.version else None


class _Always:
    """The health of what runs inside of a process that has probes of its own."""

    def live(self) -> bool:
        """Return that it works."""
        return True

    def ready(self) -> dict[str, bool]:
        """Return that nothing is needed."""
        return {}


class FollowedReference(ReferenceReader):
    """The reference data of this version, with the known services as they stand on their topic."""

    def __init__(self, followed: Followed, data_dir: Path) -> None:
        self._own = open_store(IN_MEMORY)
        super().__init__(self._own, data_dir)
        self._followed = followed
        self._folder = data_dir
        self._opening = asyncio.Lock()
        self._opened = False
        self._joined: tuple[Snapshot, int, Snapshot] | None = None

    async def current(self) -> Snapshot:
        """Return the present state. Raises CatalogNotFollowedError until there is a whole catalog."""
        await self._followed.refresh()
        async with self._opening:
            if not self._opened:
                await self._own.prepare(COLLECTIONS)
                await load_reference(self._own, self._folder, lambda _name, _done, _total: None)
                self._opened = True
        stated, rev = await super().current(), self._followed.known_rev
        if self._joined is None or self._joined[0] is not stated or self._joined[1] != rev:
            self._joined = stated, rev, replace(stated, known=self._followed.known(stated.known))
        return self._joined[2]


def showcase(store: Path) -> Builder:
    """Return what builds the showcase over a store of the portal kit. Raises ModuleNotFoundError without the kit."""
    followed = Followed(store)

    def build(resources: Resources, settings: Any = None) -> Service:  # noqa: ANN401 - see Builder
        return showcase_over(followed, resources, settings or Settings())

    return build


def showcase_over(followed: Followed, resources: Resources, settings: Settings) -> Service:
    """Return the pages over what is followed. Raises ValueError where an identity provider is set."""
    if settings.oidc_issuer is not None:
        raise ValueError("a showcase has no log-in: leave PORTAL_OIDC_ISSUER out")
    reference = FollowedReference(followed, resources.data_dir)
    apis = {"catalog": catalog_app(followed, reference, resources), "eligibility": _rules_app(resources)}
    service = portal(resources, settings, {name: httpx.ASGITransport(app=app) for name, app in apis.items()})

    async def follow() -> None:
        await reference.current()

    return replace(service, periodic=(*service.periodic, Periodic("portal.showcase", FOLLOW_EVERY, follow)))


def catalog_app(followed: Followed, reference: ReferenceReader, resources: Resources) -> FastAPI:
    """Return the catalog's public API over what is followed: the same search by the same code as at home."""
    settings = CatalogSettings()
    schaufenster = Schaufenster(
        followed, reference, overlap=settings.search_overlap, reload_every=settings.search_reload, clock=resources.clock
    )
    de, en = read_labels(resources.data_dir, "de"), read_labels(resources.data_dir, "en")
    words, vocabulary = FacetWords(de, en), Vocabulary.of(de, en)
    router = public_routes(followed, reference, schaufenster, words, vocabulary, _LatestAlone())
    return create_app("catalog", router, authenticator=Nobody(), store=resources.store, health=_Always(), even_step=timedelta(0))


def _rules_app(resources: Resources) -> FastAPI:
    """Return the API of an eligibility that knows nobody: the rules of the channels are part of this version."""
    store = open_store(IN_MEMORY)
    service = build_eligibility(Resources(store=store, publisher=Silent(), data_dir=resources.data_dir, clock=resources.clock))
    return create_app(service.name, service.router, authenticator=Nobody(), store=store, health=_Always())
