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

    cents: Annotated[int, Field(ge=0, le=10**13)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "EUR"


class PriceItem(Value):
    """One line of the price sheet of an offer."""

    kind: CostKind
    label: Line
    amount: Money
    period: Period
    key: DistributionKey = DistributionKey.FEST
    funding: Line | None = None
    valid_from: date
    valid_to: date | None = None


class Party(Value):
    """A public body taking part, by key and official name."""

    id: OrganisationId
    name: Line


class DocumentRef(Value):
    """A document of an offer or contract: named, typed, addressed, and pinned by its SHA-256."""

    title: Line
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$", max_length=100)]
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=500)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class Condition(Value):
    """One condition under which reuse is possible, agreed in the Abstimmung; becomes part of the contract."""

    id: EntityId
    text: Text
    agreed_at: Time | None = None
