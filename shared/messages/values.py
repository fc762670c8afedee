"""Values that several services' messages share: identifiers, parties, prices, states by their legal names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from shared.channels import channel_ids
from shared.messages.base import Value
from shared.messages.open_enum import OpenEnum

EntityId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
"""A UUID in its canonical lower-case text form."""

OrganisationId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""Key of a public body: ARS of a municipality (12 digits), id of a Land (DE-SN), of an IT provider (dataport)."""

PersonRef = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@|-]{0,127}$")]
"""Reference to a person: the ``sub`` of their token. Name and address stay in the contact store of notify."""

LeikaKey = Annotated[str, StringConstraints(pattern=r"^99[0-9]{12}$")]
"""Leistungsschlüssel, 14 digits."""

Ars = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
"""Amtlicher Regionalschlüssel, 12 digits."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", strip_whitespace=True)]
"""One line of text."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=8000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$")]
"""Text of several lines."""

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""A short machine name."""

Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
"""A calendar month in Germany, ``YYYY-MM``."""

Mailbox = Annotated[str, StringConstraints(pattern=r"^[^@\s\x00-\x1f\x7f<>]{1,64}@[A-Za-z0-9.-]{1,190}$", max_length=254)]
"""Address of a shared mailbox of an organisation, not of a person."""

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""A country by the two letters of ISO 3166-1."""

Sequence = Annotated[int, Field(ge=0, lt=2**53)]


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time lies outside the calendar in UTC") from error


Time = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A moment, in UTC whatever offset it was written with."""


class Channel(OpenEnum):
    """Anbieter through whom a contract runs: each is a processor of its own."""

    # The members are the files of shared/channels; declared are those that code and tests name.
    FITKO: ClassVar[Channel]
    GOVDIGITAL: ClassVar[Channel]

    vars().update({channel.upper(): channel for channel in channel_ids()})


class Role(OpenEnum):
    """Roles an organisation may hold on the marketplace (four of the registration, the Anbieter, the operator)."""

    KUNDE = "KUNDE"
    BEREITSTELLER = "BEREITSTELLER"
    BUENDELNDE_ORGANISATION = "BUENDELNDE_ORGANISATION"
    KLIENT = "KLIENT"
    ANBIETER = "ANBIETER"
    BETREIBER = "BETREIBER"


class Function(OpenEnum):
    """What a person may do for their organisation; who has none of these may read.

    BEARBEITUNG prepares: drafts, statements, answers. ZEICHNUNG binds the organisation: orders, contracts, decisions. VERWALTUNG
    looks after members, roles and master data.
    """

    BEARBEITUNG = "BEARBEITUNG"
    ZEICHNUNG = "ZEICHNUNG"
    VERWALTUNG = "VERWALTUNG"


class OrganisationType(OpenEnum):
    """Kind of public body; the channel rules go by it."""

    BUND = "BUND"
    LAND = "LAND"
    KREIS = "KREIS"
    KOMMUNE = "KOMMUNE"
    VERBAND = "VERBAND"
    IT_PROVIDER = "IT_PROVIDER"
    ANBIETER = "ANBIETER"
    SONSTIGE = "SONSTIGE"


class OfferingState(OpenEnum):
    """Life of an offer, from the form to its end."""

    ENTWURF = "ENTWURF"
    EINGEREICHT = "EINGEREICHT"
    BEREITSTELLUNGSVERTRAG_OFFEN = "BEREITSTELLUNGSVERTRAG_OFFEN"
    VEROEFFENTLICHT = "VEROEFFENTLICHT"
    AUSGESETZT = "AUSGESETZT"
    ZURUECKGEZOGEN = "ZURUECKGEZOGEN"


class AccreditationState(OpenEnum):
    """State of an accreditation of one organisation at one Anbieter in one role."""

    BEANTRAGT = "BEANTRAGT"
    IN_PRUEFUNG = "IN_PRUEFUNG"
    RUECKFRAGE = "RUECKFRAGE"
    ERTEILT = "ERTEILT"
    ABGELEHNT = "ABGELEHNT"
    ABGELAUFEN = "ABGELAUFEN"
    ENTZOGEN = "ENTZOGEN"


class OrderState(OpenEnum):
    """States of a Vorgang, from Interesse to the end of use."""

    INTERESSE_BEKUNDET = "INTERESSE_BEKUNDET"
    WEITERGELEITET = "WEITERGELEITET"
    IN_ABSTIMMUNG = "IN_ABSTIMMUNG"
    ABGESTIMMT = "ABGESTIMMT"
    ABGELEHNT = "ABGELEHNT"
    ANGEBOT_ERSTELLT = "ANGEBOT_ERSTELLT"
    BESTELLT = "BESTELLT"
    VERTRAG_GESCHLOSSEN = "VERTRAG_GESCHLOSSEN"
    IN_ANBINDUNG = "IN_ANBINDUNG"
    PRODUKTIV = "PRODUKTIV"
    GEKUENDIGT = "GEKUENDIGT"
    BEENDET = "BEENDET"
    ZURUECKGEZOGEN = "ZURUECKGEZOGEN"
    VERFALLEN = "VERFALLEN"


class Anbindungsart(OpenEnum):
    """How the online service reaches the Fachverfahren of the reusing authority."""

    FIT_CONNECT = "FIT_CONNECT"
    OSCI_XTA = "OSCI_XTA"
    API = "API"
    DATEIABLAGE = "DATEIABLAGE"
    E_MAIL = "E_MAIL"
    OHNE = "OHNE"


class Verdict(StrEnum):
    """Result of the in-house pre-check (§ 108 GWB); the contracting authority stays responsible.

    Closed: it decides whether an order may go on, and nobody may act on an outcome that they do not understand. A further one is
    a new message type.
    """

    EXEMPT = "EXEMPT"
    RISK = "RISK"
    NO_EVIDENCE = "NO_EVIDENCE"
    NOT_EXEMPT = "NOT_EXEMPT"
    OUT_OF_SCOPE = "OUT_OF_SCOPE"


class CostKind(OpenEnum):
    """Chargeable kinds of cost, exhaustive (IT-Planungsrat 2021/24), and the one-off Anbindung."""

    BETRIEB_INFRASTRUKTUR = "BETRIEB_INFRASTRUKTUR"
    WEITERENTWICKLUNG = "WEITERENTWICKLUNG"
    PLATTFORMNUTZUNG = "PLATTFORMNUTZUNG"
    BETRIEB_ONLINEDIENST = "BETRIEB_ONLINEDIENST"
    NUTZUNGSABHAENGIG = "NUTZUNGSABHAENGIG"
    ANBINDUNG_EINMALIG = "ANBINDUNG_EINMALIG"


class DistributionKey(OpenEnum):
    """Key by which a cost is shared among the reusing organisations (IT-Planungsrat 2021/24)."""

    EINWOHNER = "EINWOHNER"
    NUTZUNG = "NUTZUNG"
    ZIELGRUPPE = "ZIELGRUPPE"
    KOENIGSTEIN = "KOENIGSTEIN"
    FEST = "FEST"


class Period(OpenEnum):
    """Period that an amount is charged for."""

    EINMALIG = "EINMALIG"
    MONAT = "MONAT"
    JAHR = "JAHR"
    JE_NUTZUNG = "JE_NUTZUNG"


class Money(Value):
    """An amount in whole cents."""

    cents: Annotated[
        int, Field(ge=0, le=10**13, description="Amount in whole cents of the currency. Not personal.", examples=[125000])
    ]
    currency: Annotated[
        str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="Currency by ISO 4217. Not personal.", examples=["EUR"])
    ] = "EUR"


class PriceItem(Value):
    """One line of the price sheet of an offer."""

    kind: Annotated[
        CostKind, Field(description="Kind of cost (IT-Planungsrat 2021/24). Not personal.", examples=["BETRIEB_ONLINEDIENST"])
    ]
    label: Annotated[
        Line,
        Field(
            description="What is paid for, as the price sheet of the Bereitsteller names it. Not personal.",
            examples=["Betrieb und Pflege"],
        ),
    ]
    amount: Annotated[Money, Field(description="Net amount for one period. Not personal.")]
    period: Annotated[Period, Field(description="Period that the amount is charged for. Not personal.", examples=["JAHR"])]
    key: Annotated[
        DistributionKey,
        Field(
            description="Key by which the cost is shared among the reusing organisations. Not personal.", examples=["EINWOHNER"]
        ),
    ] = DistributionKey.FEST
    funding: Annotated[
        Line | None,
        Field(
            description="Source of funding, where a programme pays; stated by the Bereitsteller. Not personal.",
            examples=["OZG-Rahmenarchitektur"],
        ),
    ] = None
    valid_from: Annotated[
        date, Field(description="First day of the price, a calendar day in Germany. Not personal.", examples=["2027-01-01"])
    ]
    valid_to: Annotated[
        date | None,
        Field(
            description="Last day of the price, a calendar day in Germany; null or absent: no end is set. Not personal.",
            examples=["2027-12-31"],
        ),
    ] = None


class Party(Value):
    """A public body taking part, by key and official name."""

    id: Annotated[
        OrganisationId, Field(description="Key of the organisation, from the registration. Not personal.", examples=["01054033"])
    ]
    name: Annotated[Line, Field(description="Official name of the organisation. Not personal.", examples=["Husum, Stadt"])]


class DocumentRef(Value):
    """A document of an offer or contract: named, typed, addressed, and pinned by its SHA-256."""

    title: Annotated[Line, Field(description="Title of the document. Not personal.", examples=["Leistungsbeschreibung"])]
    media_type: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$", max_length=100),
        Field(description="Media type (RFC 6838). Not personal.", examples=["application/pdf"]),
    ]
    url: Annotated[
        str,
        StringConstraints(pattern=r"^https?://[^\s]+$", max_length=500),
        Field(
            description="Address of the document; no credentials in it. Not personal.",
            examples=["https://www.example.org/leistungsbeschreibung.pdf"],
        ),
    ]
    sha256: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None,
        Field(
            description="SHA-256 of the document's bytes in lower-case hex; null or absent: not pinned. Not personal.",
            examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        ),
    ] = None


class Condition(Value):
    """One condition under which reuse is possible, agreed in the Abstimmung; becomes part of the contract."""

    id: Annotated[
        EntityId,
        Field(
            description="Id of the condition within the Vorgang. Not personal.", examples=["0c1e67f5-ae99-5d40-894a-bf7799b866e3"]
        ),
    ]
    text: Annotated[
        Text,
        Field(
            description="The condition in words. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Die Gebührensatzung wird bis zum Anbindungsbeginn geliefert."],
        ),
    ]
    agreed_at: Annotated[
        Time | None,
        Field(
            description="When the Kunde agreed, in UTC; null or absent: not yet. Not personal.", examples=["2026-11-24T09:00:00Z"]
        ),
    ] = None
