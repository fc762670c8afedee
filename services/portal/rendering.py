"""Templates become pages: with the words of a language, labels of enumerations, dates, amounts and links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.portal.apis.eligibility import Me
from services.portal.assets import Assets
from services.portal.cookies import held_cookie, set_cookie
from services.portal.forms import Given, new_token
from services.portal.functions import NEEDED
from services.portal.language import Language, language_of, path_of
from services.portal.sessions import HELD_TIME, Session
from services.portal.settings import Settings
from services.portal.texts import Words
from shared import reasons
from shared.labels import Labels
from shared.telephone import tel_uri
from shared.tracing import context

FOLDER = Path(__file__).parent / "templates"
GERMAN_TIME = ZoneInfo("Europe/Berlin")
LONG_FORM = 6
"""Fields from which on a form says how long one stays logged in."""
_CENTS = 100
_BASIS_POINTS = 10_000


class Amount(Protocol):
    """An amount of money in whole cents."""

    @property
    def cents(self) -> int:
        """The cents."""

    @property
    def currency(self) -> str:
        """ISO 4217."""


class Needing(Protocol):
    """Something that a page offers to members who have a function."""

    @property
    def function(self) -> str:
        """The function that it needs."""


N = TypeVar("N", bound=Needing)


class Reasoned(Protocol):
    """Why something is so, by a rule: its stable code, and the German sentences that a service gives."""

    @property
    def code(self) -> str | None:
        """The code, None of a version that gives none."""

    @property
    def reason(self) -> str | None:
        """The reason in German."""

    @property
    def remedy(self) -> str | None:
        """What would help, in German."""


@dataclass(frozen=True, slots=True)
class Said:
    """A reason as it is shown, in the language ``lang``."""

    lang: str
    reason: str
    remedy: str | None


def said_in(language: Language, reasoned: Reasoned) -> Said:
    """Return a reason in the language of the page where its code has words there, else in German."""
    code = reasoned.code
    if language is Language.EN and code is not None:
        found = reasons.words(code, getattr(reasoned, "facts", None) or (), "en")
        if found is not None:
            return Said(Language.EN.value, found.reason, found.remedy)
    return Said(Language.DE.value, reasoned.reason or "", reasoned.remedy)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a page: in which language, of which page, by its path without the language, and of whom.

    ``held``: what they had filled in the form of the page with when their login was over. ``me``: what they may do for their
    organisation, None of pages that offer nothing, and where it is not known.
    """

    request: Request
    language: Language
    path: str
    session: Session | None = None
    held: Given | None = None
    me: Me | None = None

    @classmethod
    def of(cls, request: Request, session: Session | None = None, held: Given | None = None) -> Visit:
        """Return what a request asks for."""
        language = language_of(request.scope)
        reading = None if session is None else replace(session, language=language)
        return cls(request, language, path_of(request.scope), reading, held)

    def lacks(self, function: str) -> bool:
        """Return whether a function is known to be lacking to whoever reads: the services would refuse what needs it."""
        return self.me is not None and function not in self.me.functions

    def parted(self, offered: Iterable[N]) -> tuple[list[N], list[N]]:
        """Return of what a page offers that which whoever reads can do, and that which they lack the function for."""
        found: tuple[list[N], list[N]] = ([], [])
        for it in offered:
            found[self.lacks(it.function)].append(it)
        return found

    def address(self, language: Language) -> str:
        """Return the path of the same page, with its query, in a language."""
        query = self.request.url.query
        return f"{language.prefix}{self.path}{f'?{query}' if query else ''}"


class Pages:
    """All templates. Everything that a template is given is escaped; a name that it is not given raises UndefinedError."""

    def __init__(
        self, words: Mapping[Language, Words], labels: Mapping[Language, Labels], assets: Assets, settings: Settings
    ) -> None:
        self._words = words
        self._held = held_cookie(settings.run)
        self._labels = labels
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals |= {
            "asset": assets.url,
            "settings": settings,
            "languages": tuple(Language),
            "login_offered": settings.oidc_issuer is not None,
            "long_form": LONG_FORM,
            "tel": tel_uri,
            "needed": NEEDED,
        }

    def words(self, language: Language) -> Words:
        """Return the sentences of a language."""
        return self._words[language]

    def label(self, language: Language, enumeration: str, value: str) -> str:
        """Return the label of a value of an enumeration, the value itself where this version has none."""
        return self._labels[language].words.get(enumeration, {}).get(value, value)

    def labels(self, language: Language, enumeration: str) -> Mapping[str, str]:
        """Return the labels of all values of an enumeration."""
        return self._labels[language].words.get(enumeration, {})

    @staticmethod
    def day(language: Language, moment: date | datetime) -> str:
        """Return a day as people read it; of a moment that in Germany."""
        found = moment.astimezone(GERMAN_TIME) if isinstance(moment, datetime) else moment
        return format_date(found, "d. MMMM y" if language is Language.DE else "d MMMM y", locale=language.locale)

    def show(self, visit: Visit, template: str, *, status: int = HTTPStatus.OK, **values: object) -> Response:
        """Return a page. Those of visitors may be held, but are asked for again each time; others are held nowhere."""
        language = visit.language
        shown = self._environment.get_template(template).render(
            visit=visit,
            session=visit.session,
            language=language,
            t=self._words[language],
            others=self._words,
            **self._helpers(visit),
            **values,
        )
        cache = "no-cache" if visit.session is None else "no-store"
        headers = {"Cache-Control": cache, "Content-Language": language.value, "Vary": "Cookie"}
        return HTMLResponse(shown, int(status), headers)

    def error(self, request: Request, status: int, code: str) -> Response:
        """Return the page of an error: what is wrong, and what can be done about it. Who has to log in is sent there."""
        visit = getattr(request.state, "visit", None) or Visit.of(request)
        if status == HTTPStatus.UNAUTHORIZED:
            held: str | None = getattr(request.state, "held", None)
            back = visit.address(visit.language) if request.method == "GET" else visit.language.prefix or "/"
            back = back if held is None else f"{visit.language.prefix}{visit.path}"
            leading = RedirectResponse(f"{visit.language.prefix}/login?{urlencode({'next': back})}", 303)
            if held is not None:
                set_cookie(leading, self._held, held, round(HELD_TIME.total_seconds()))
            return leading
        words = self._words[visit.language]
        known = status if words.has(f"error.{status}.title") else HTTPStatus.INTERNAL_SERVER_ERROR.value
        if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and known != status:
            known = HTTPStatus.BAD_REQUEST.value
        number = context.correlation_id.get() or context.trace_id() or ""
        reply = self.show(visit, "pages/error.html", status=status, number=known, code=code, reference=number)
        reply.headers["Cache-Control"] = "no-store"
        return reply

    def _helpers(self, visit: Visit) -> dict[str, Callable[..., object]]:
        language = visit.language

        def link(path: str, **query: str) -> str:
            return f"{language.prefix}{path}{f'?{urlencode(query)}' if query else ''}"

        def form_token(path: str) -> str:
            if visit.session is None:
                raise ValueError(f"a form to {path} is for people who are logged in")
            return new_token(visit.session, path)

        def label(enumeration: str, value: str) -> str:
            return self.label(language, enumeration, value)

        def day(moment: date | datetime) -> str:
            return self.day(language, moment)

        def moment(at: datetime) -> str:
            pattern = "d. MMMM y, HH:mm 'Uhr'" if language is Language.DE else "d MMMM y, HH:mm"
            return format_datetime(at, pattern, tzinfo=GERMAN_TIME, locale=language.locale)

        def amount(money: Amount | Mapping[str, object]) -> str:
            cents, currency = (money["cents"], money["currency"]) if isinstance(money, Mapping) else (money.cents, money.currency)
            return format_currency(Decimal(str(cents)) / _CENTS, str(currency), locale=language.locale)

        def percent(basis_points: int) -> str:
            pattern = "#,##0.##\u00a0%" if language is Language.DE else "#,##0.##%"
            return format_percent(Decimal(basis_points) / _BASIS_POINTS, pattern, locale=language.locale)

        def said(reasoned: Reasoned) -> Said:
            return said_in(language, reasoned)

        found: dict[str, Callable[..., object]] = {"link": link, "form_token": form_token, "label": label, "day": day}
        return found | {"moment": moment, "amount": amount, "percent": percent, "said": said}
