"""Assembles the portal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from fastapi import APIRouter

from services.portal.apis.catalog import Catalog
from services.portal.apis.client import Api
from services.portal.apis.contracts import Contracts
from services.portal.apis.eligibility import Eligibility
from services.portal.apis.facts import Facts
from services.portal.apis.notify import Notify
from services.portal.apis.operations import Operations
from services.portal.apis.ordering import Ordering
from services.portal.apis.partners import Partners
from services.portal.assets import Assets
from services.portal.cookies import Cookies
from services.portal.language import PREFIXES, Language
from services.portal.pages.accessions import accession_routes, licence_routes
from services.portal.pages.acting import acting_routes
from services.portal.pages.contact import contact_routes
from services.portal.pages.contact_kinds import contact_kind_routes
from services.portal.pages.contract_agreeing import agreeing_routes
from services.portal.pages.contract_changes import change_routes
from services.portal.pages.contract_contacts import contract_contact_routes
from services.portal.pages.contract_passing_on import passing_on_routes
from services.portal.pages.contract_statements import statement_routes
from services.portal.pages.contracts import contract_routes
from services.portal.pages.cost_information import cost_information_routes
from services.portal.pages.dead_letters import dead_letter_routes
from services.portal.pages.examinations import examination_routes
from services.portal.pages.facts import fact_routes
from services.portal.pages.files import file_routes
from services.portal.pages.general_terms import general_terms_routes
from services.portal.pages.inbox import inbox_routes
from services.portal.pages.information import information_routes
from services.portal.pages.interest import interest_routes
from services.portal.pages.login import BACK_CHANNEL, CALLBACK, login_routes
from services.portal.pages.members import invitation_routes, member_routes
from services.portal.pages.offer_form import offer_form_routes
from services.portal.pages.offer_steps import offer_step_routes
from services.portal.pages.operations import operation_routes
from services.portal.pages.order_verdict import order_verdict_routes
from services.portal.pages.orders import order_routes
from services.portal.pages.organisations import organisation_routes
from services.portal.pages.participations import participation_routes
from services.portal.pages.partners import partner_routes
from services.portal.pages.placements import placement_routes
from services.portal.pages.quarantine import quarantine_routes
from services.portal.pages.registration import registration_routes
from services.portal.pages.showcase import showcase_routes
from services.portal.pages.statement_jobs import statement_job_routes
from services.portal.pages.steps import step_routes
from services.portal.pages.stored_files import evidence_routes, stored_file_routes
from services.portal.pages.tasks import task_routes
from services.portal.pages.vollmacht import vollmacht_routes
from services.portal.pages.ways import ways_routes
from services.portal.pages.webhooks import webhook_routes
from services.portal.provider import Client, Provider
from services.portal.rendering import Pages
from services.portal.sealing import Seal
from services.portal.sessions import PENDING, SESSIONS, Sessions
from services.portal.settings import Settings
from services.portal.texts import Words, read_texts
from services.portal.visits import Doorkeeper
from shared.http.oidc import AuthSettings, authenticator_of
from shared.http.routers import join
from shared.http.site import Site
from shared.labels import Labels, read_labels
from shared.process.service import Periodic, Resources, Service

SERVICE = "portal"
PURGE_EVERY = timedelta(minutes=5)
Transports = Mapping[str, httpx.AsyncBaseTransport]


def policy(provider: str | None) -> str:
    """Return the policy for contents: nothing inline, nothing from elsewhere.

    A logout is a form whose answer leads to the identity provider, so forms may lead there too.
    """
    forms = "'self'" if provider is None else f"'self' {provider}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        f"form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service. Raises ValueError if the settings are unfit."""
    return portal(resources, settings or Settings(), {})


def portal(resources: Resources, settings: Settings, transports: Transports) -> Service:
    """Return the service on clients that reach APIs and identity provider by ``transports``, by name; else by the network."""
    catalog_api = Api("catalog", settings.catalog_url, settings.api_timeout, transports.get("catalog"))
    eligibility_api = Api("eligibility", settings.eligibility_url, settings.api_timeout, transports.get("eligibility"))
    ordering_api = Api("ordering", settings.ordering_url, settings.api_timeout, transports.get("ordering"))
    contracts_api = Api("contracts", settings.contracts_url, settings.api_timeout, transports.get("contracts"))
    notify_api = Api("notify", settings.notify_url, settings.api_timeout, transports.get("notify"))
    assets = _assets()
    pages = Pages(_words(), _labels(resources.data_dir), assets, settings)
    catalog, eligibility = Catalog(catalog_api), Eligibility(eligibility_api)
    router = file_routes(assets)
    join(router, information_routes(pages, catalog))
    contracts = Contracts(contracts_api)
    join(router, ways_routes(pages, eligibility, None if settings.oidc_issuer is None else contracts))
    join(router, stored_file_routes(catalog))
    apis = (catalog_api, eligibility_api, ordering_api, contracts_api, notify_api)
    closing: list[Callable[[], Awaitable[None]]] = [it.close for it in apis]
    entrance = _entrance(resources, settings, transports)
    ordering = None if entrance is None else Ordering(ordering_api)
    if entrance is not None and ordering is not None:
        join(router, login_routes(entrance.doorkeeper, entrance.provider, resources.clock))
        notify = Notify(notify_api)
        join(router, inbox_routes(pages, notify))
        join(router, contact_routes(pages, notify))
        join(router, contact_kind_routes(pages, notify))
        join(router, webhook_routes(pages, notify))
        # Before the page of one Vorgang, whose path takes "together" for an id.
        join(router, placement_routes(pages, ordering, contracts))
        join(router, order_routes(pages, ordering, eligibility, resources.clock))
        join(router, order_verdict_routes(pages, ordering, eligibility))
        join(router, participation_routes(pages, ordering))
        join(router, step_routes(pages, ordering, contracts, eligibility, resources.clock))
        join(router, interest_routes(pages, catalog, eligibility, ordering))
        # Before the page of one offer, whose path takes "new" for an id.
        join(router, offer_form_routes(pages, catalog, eligibility))
        join(router, offer_step_routes(pages, catalog, ordering))
        join(router, cost_information_routes(pages, catalog, contracts, eligibility))
        join(router, licence_routes(pages, catalog, contracts))
        _contract_pages(router, pages, contracts, eligibility, catalog)
        join(router, registration_routes(pages, eligibility, entrance.sessions))
        join(router, acting_routes(pages, eligibility, entrance.sessions))
        join(router, organisation_routes(pages, eligibility, ordering, notify))
        _organisation_pages(router, pages, eligibility, entrance.sessions)
        join(router, fact_routes(pages, Facts(eligibility_api), eligibility))
        operations = Operations(apis)
        join(router, dead_letter_routes(pages, operations))
        join(router, operation_routes(pages, catalog, eligibility, ordering, operations))
        join(router, quarantine_routes(pages, ordering))
        join(router, partner_routes(pages, Partners(ordering_api), ordering, eligibility, resources.clock))
        join(router, task_routes(pages, catalog, eligibility, ordering, contracts, resources.clock))
        closing.append(entrance.provider.close)
    join(router, showcase_routes(pages, catalog, eligibility, ordering, None if ordering is None else contracts, resources.clock))
    site = Site(
        origin=settings.origin,
        policy=policy(None if settings.oidc_issuer is None else _origin(settings.oidc_issuer)),
        error_page=pages.error,
        prefixes=PREFIXES,
        open_paths=frozenset({BACK_CHANNEL}),
        state={"doorkeeper": None if entrance is None else entrance.doorkeeper, "eligibility": eligibility},
        on_stop=tuple(closing),
    )
    return Service(
        name=SERVICE,
        title="Portal",
        collections=(SESSIONS, PENDING),
        router=router,
        periodic=() if entrance is None else (Periodic("purge-sessions", PURGE_EVERY, entrance.sessions.purge),),
        publishes=False,
        site=site,
    )


def _organisation_pages(router: APIRouter, pages: Pages, eligibility: Eligibility, sessions: Sessions) -> None:
    """Add what people do about organisations."""
    join(router, vollmacht_routes(pages, eligibility))
    join(router, evidence_routes(pages, eligibility))
    join(router, member_routes(pages, eligibility))
    join(router, invitation_routes(pages, eligibility, sessions))
    join(router, examination_routes(pages, eligibility))


def _contract_pages(router: APIRouter, pages: Pages, contracts: Contracts, eligibility: Eligibility, catalog: Catalog) -> None:
    """Add what people do about contracts."""
    # Before the steps of contracts, whose path takes "changes" for one.
    join(router, change_routes(pages, contracts, eligibility, catalog))
    join(router, agreeing_routes(pages, contracts, catalog, eligibility))
    join(router, statement_routes(pages, contracts))
    join(router, passing_on_routes(pages, contracts, eligibility))
    join(router, contract_contact_routes(pages, contracts))
    join(router, contract_routes(pages, contracts, eligibility))
    join(router, accession_routes(pages, contracts))
    join(router, statement_job_routes(pages, contracts))
    join(router, general_terms_routes(pages, contracts))


@lru_cache
def _assets() -> Assets:
    """Compress the files once a process, not once a service that is built."""
    return Assets()


@lru_cache
def _words() -> Mapping[Language, Words]:
    return read_texts()


@lru_cache(maxsize=4)
def _labels(data_dir: Path) -> Mapping[Language, Labels]:
    return {language: read_labels(data_dir, language.value) for language in Language}


@dataclass(frozen=True, slots=True)
class _Entrance:
    """What people log in through."""

    sessions: Sessions
    provider: Provider
    doorkeeper: Doorkeeper


def _entrance(resources: Resources, settings: Settings, transports: Transports) -> _Entrance | None:
    """Return what people log in through, None where no identity provider is set."""
    if settings.oidc_issuer is None or settings.session_keys is None:
        return None
    secret = settings.oidc_client_secret_file
    client = Client(
        issuer=settings.oidc_issuer,
        id=settings.oidc_client_id,
        secret=None if secret is None else secret.read_text(encoding="utf-8").strip(),
        redirect_uri=f"{settings.origin}{CALLBACK}",
        after_logout=f"{settings.origin}/",
        scope=settings.oidc_scope,
    )
    auth = AuthSettings()
    provider = Provider(client, authenticator_of(auth), resources.clock, transports.get("provider"), trust=auth.trust())
    sessions = Sessions(resources.store, Seal.read(settings.session_keys), resources.clock)
    doorkeeper = Doorkeeper(sessions, provider, Cookies(settings.run), resources.clock)
    return _Entrance(sessions, provider, doorkeeper)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
