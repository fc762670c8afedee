"""Assembles the portal."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from fastapi import APIRouter

from services.portal.apis.catalog import Catalog
from services.portal.apis.client import Api
from services.portal.assets import Assets
from services.portal.language import PREFIXES, Language
from services.portal.pages.files import file_routes
from services.portal.pages.information import information_routes
from services.portal.pages.showcase import showcase_routes
from services.portal.rendering import Pages
from services.portal.settings import Settings
from services.portal.texts import read_texts
from shared.http.routers import join
from shared.http.site import Site
from shared.labels import read_labels
from shared.process.service import Resources, Service

SERVICE = "portal"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service. Raises ValueError if the settings are unfit."""
    return portal(resources, settings or Settings())


def portal(resources: Resources, settings: Settings, transports: Mapping[str, httpx.AsyncBaseTransport] | None = None) -> Service:
    """Return the service on clients that reach the APIs by ``transports``, by service; by the network where none is given."""

    def api(name: str, url: str) -> Api:
        return Api(name, url, settings.api_timeout, (transports or {}).get(name))

    catalog_api = api("catalog", settings.catalog_url)
    assets = Assets()
    labels = {language: read_labels(resources.data_dir, language.value) for language in Language}
    pages = Pages(read_texts(), labels, assets, settings)
    catalog = Catalog(catalog_api)
    router = APIRouter()
    for routes in (file_routes(assets), information_routes(pages, catalog), showcase_routes(pages, catalog)):
        join(router, routes)
    site = Site(
        origin=settings.origin,
        policy=POLICY,
        error_page=pages.error,
        prefixes=PREFIXES,
        on_stop=(catalog_api.close,),
    )
    return Service(name=SERVICE, title="Portal", collections=(), router=router, publishes=False, site=site)
