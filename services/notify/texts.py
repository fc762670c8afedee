"""Texts at the edge: templates (data, German and English) filled with a notification's values. Plain text, never markup."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from jinja2 import StrictUndefined, Template, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notify.domain.contact import Contact, Language
from services.notify.domain.notification import Invited, Item, Notification
from services.notify.domain.parameters import Parameters, Subject, SubjectKind
from shared import reasons
from shared.labels import Labels

FOLDER = Path(__file__).parent / "templates"
FRAME = "mail-frame"
UNTOLD = "untold"
INVITATION = "invitation"
DIGEST = "mail-digest"
ORDER_PLACED = "order-placed"
_PATHS = {
    SubjectKind.ORDER: "orders",
    SubjectKind.OFFERING: "offerings",
    SubjectKind.ORGANISATION: "organisations",
    SubjectKind.CONTRACT: "contracts",
}
_LOCALES = {Language.DE: "de_DE", Language.EN: "en_GB"}
_MOMENT = {Language.DE: "d. MMMM y 'um' HH:mm 'Uhr'", Language.EN: "d MMMM y, HH:mm zzz"}
SUBJECT_LENGTH = 200

VALUES = frozenset(Parameters.model_fields) | {"occurred_at"}
FRAME_VALUES = frozenset({"name", "organisation", "text", "link", "settings_link"})
_ALLOWED = {
    FRAME: FRAME_VALUES,
    DIGEST: frozenset({"count", "matter", "parts"}),
    INVITATION: frozenset({"organisation", "functions", "open_until", "link"}),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text ready to be shown: a subject of one line, and a body."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class _Pair:
    subject: Template
    body: Template


class Texts:
    """All templates of both languages.

    Refuses, when made, what could fail later: a template that one language lacks, a placeholder that no event has.
    Stored notifications refer to templates by key: a key once used stays, and asks for no value that old ones lack.
    """

    def __init__(self, labels: Mapping[Language, Labels], portal_url: str | None, time_zone: str, folder: Path = FOLDER) -> None:
        self.portal_url = None if portal_url is None else portal_url.rstrip("/")
        self.zone = ZoneInfo(time_zone)
        self._pairs = {language: self._load(folder / language.value, language, labels[language]) for language in Language}
        german, english = (frozenset(self._pairs[language]) for language in (Language.DE, Language.EN))
        if german != english:
            raise ValueError(f"templates in one language only: {', '.join(sorted(german ^ english))}")

    @property
    def keys(self) -> frozenset[str]:
        """Keys of the templates of an event."""
        return frozenset(self._pairs[Language.DE]) - {FRAME, UNTOLD, INVITATION, DIGEST}

    def of(self, notification: Notification, language: Language) -> Text:
        """Return the text of a notification."""
        return self.render(notification.template, language, notification.parameters, notification.occurred_at)

    def shown(self, notification: Notification, language: Language) -> Text:
        """Return what an inbox shows: also of what a later version has noted, whose text this one does not have."""
        if notification.template not in self.keys:
            return self.render(UNTOLD, language, notification.parameters, notification.occurred_at)
        return self.of(notification, language)

    def render(self, key: str, language: Language, parameters: Parameters, occurred_at: datetime) -> Text:
        """Return a template filled in. Raises KeyError for an unknown key, UndefinedError for a value that is not there."""
        pair = self._pairs[language][key]
        values = {**_present(parameters, language), **_reason(parameters, language), "occurred_at": occurred_at}
        return Text(one_line(pair.subject.render(values)), pair.body.render(values).strip())

    def mail(self, notification: Notification, contact: Contact, organisation: str) -> Text:
        """Return the text of an e-mail: with salutation, links and the reason why it is sent.

        Of several events, those of which the person wants mail. Raises ValueError if there is none.
        """
        items = [item for item in notification.items if contact.wants(item.event_type)]
        if not items:
            raise ValueError("nothing of the mail is wanted")
        text = self._text(items, contact.language)
        frame = self._pairs[contact.language][FRAME]
        values = {
            "name": one_line(contact.name),
            "organisation": one_line(organisation),
            "text": text.body,
            "link": self.link_to(items[0].subject) if len(items) == 1 else None,
            "settings_link": self.settings_link,
        }
        return Text(text.subject, frame.body.render(values).strip() + "\n")

    def _text(self, items: Sequence[Item], language: Language) -> Text:
        """Return the text of one event, or of several, each with its subject and link."""
        rendered = [self.render(item.template, language, item.parameters, item.occurred_at) for item in items]
        if len(rendered) == 1:
            return rendered[0]
        pair = self._pairs[language][DIGEST]
        values = {
            "count": len(items),
            "matter": one_line(_matter(items)),
            "parts": [
                {"subject": text.subject, "body": text.body, "link": self.link_to(item.subject)}
                for text, item in zip(rendered, items, strict=True)
            ],
        }
        return Text(one_line(pair.subject.render(values)), pair.body.render(values).strip())

    def invitation(self, notification: Notification, invited: Invited, secret: str) -> Text:
        """Return the text of the e-mail to somebody invited.

        The secret stands in the fragment of the link, which a browser sends to nobody (RFC 3986, section 3.5).
        """
        pair, parameters = self._pairs[invited.language][INVITATION], notification.parameters
        values = {
            "organisation": one_line(parameters.organisation or notification.organisation),
            "functions": parameters.functions or (),
            "open_until": parameters.open_until,
            "link": f"{self.portal_url or ''}/invitations/{notification.organisation}#{secret}",
        }
        return Text(one_line(pair.subject.render(values)), pair.body.render(values).strip() + "\n")

    def link(self, notification: Notification) -> str | None:
        """Return the portal's page of what a notification speaks of, None where no portal is set up: nothing would listen."""
        return self.link_to(notification.subject)

    def link_to(self, subject: Subject) -> str | None:
        """Return the portal's page of a thing, None where no portal is set up."""
        if self.portal_url is None:
            return None
        return f"{self.portal_url}/{_PATHS[subject.kind]}/{subject.id}"

    @property
    def settings_link(self) -> str | None:
        """The portal's page on which a person changes or erases their contact, None where no portal is set up."""
        return None if self.portal_url is None else f"{self.portal_url}/contacts/me"

    def _load(self, folder: Path, language: Language, labels: Labels) -> dict[str, _Pair]:
        environment = self._environment(language, labels)
        pairs: dict[str, _Pair] = {}
        for path in sorted(folder.glob("*.toml")):
            for key, parts in tomllib.loads(path.read_text(encoding="utf-8")).items():
                place = f"{language}/{path.name}: {key}"
                if key in pairs or parts.keys() != {"subject", "body"}:
                    raise ValueError(f"{place} must be there once, with subject and body")
                allowed = _ALLOWED.get(key, VALUES)
                trees = {part: environment.parse(source) for part, source in parts.items()}
                for tree in trees.values():
                    if unknown := meta.find_undeclared_variables(tree) - allowed:
                        raise ValueError(f"{place} uses {', '.join(sorted(unknown))}, which no event has")
                pairs[key] = _Pair(*(environment.from_string(trees[part]) for part in ("subject", "body")))
        return pairs

    def _environment(self, language: Language, labels: Labels) -> ImmutableSandboxedEnvironment:
        locale = _LOCALES[language]

        def day(value: date) -> str:
            return format_date(value, format="long", locale=locale)

        def moment(value: datetime) -> str:
            return format_datetime(value, format=_MOMENT[language], tzinfo=self.zone, locale=locale)

        def label(value: StrEnum) -> str:
            return labels.of(value)

        environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined,
            autoescape=False,  # plain text: escaping would show entities to the reader
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters.update(day=day, moment=moment, label=label, quoted=quoted, listed=listed)
        return environment


def _present(parameters: Parameters, language: Language) -> dict[str, object]:
    """Return the values that there are, in the reader's language where they have a name in it."""
    present = parameters.present()
    ending = f"_{language.value}"
    return present | {name.removesuffix(ending): value for name, value in present.items() if name.endswith(ending)}


def _reason(parameters: Parameters, language: Language) -> dict[str, str]:
    """Return reason and remedy of a rule in the reader's language; nothing if a person wrote them.

    Events hold the German sentences, or what somebody wrote, which is shown as it is. Another code that has no words in another
    language is named; the sentences are on the marketplace.
    """
    if parameters.code is None:
        return {}
    words = reasons.words(parameters.code, parameters.facts or (), language.value)
    if words is not None:
        others = [reasons.words(code, (), language.value) for code in parameters.lacking or ()]
        remedies = [words.remedy, *(it.remedy for it in others if it is not None)]
        return {"reason": words.reason, "remedy": "\n".join(dict.fromkeys(it for it in remedies if it))}
    if language is Language.DE or parameters.code in reasons.WRITTEN:
        return {}
    return {"reason": f"The rule has the code {parameters.code}. The marketplace shows its reason in German.", "remedy": ""}


def one_line(text: str) -> str:
    """Return the text as one line without control, format or half characters, cut to what a mail header bears."""
    clean = "".join(" " if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") else sign for sign in text)
    line = " ".join(clean.split())
    return line if len(line) <= SUBJECT_LENGTH else line[: SUBJECT_LENGTH - 1].rstrip() + "…"


def quoted(text: str) -> str:
    """Return what somebody else wrote, marked line by line, so that it cannot pass for the marketplace's own words."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


def _matter(items: Sequence[Item]) -> str:
    """Return what several events have in common: the Vorgang or offer, of orders the Kunde, "" if nothing."""
    first = items[0]
    if all(item.subject == first.subject for item in items):
        return first.parameters.order_number or first.parameters.offering_title or ""
    orders = all(item.template == ORDER_PLACED and item.parameters.customer == first.parameters.customer for item in items)
    return (first.parameters.customer or "") if orders else ""


def listed(items: tuple[str, ...]) -> str:
    """Return the items as a list, one line each."""
    return "\n".join(f"- {one_line(item)}" for item in items)
