"""The kinds of facts and documents, as they are recorded. Intervals are half-open days, None is unbounded; money is in cents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Strict, StringConstraints, Tag, TypeAdapter

from shared.channels import channel_ids

ALWAYS: Final = ""
NEVER: Final = "9999-99-99"
"""Bounds of an open interval: days are compared as text, which is right for ISO 8601."""

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$")]
DayText = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
InstantText = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
ShareText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
Cents = Annotated[int, Field(ge=-9007199254740991, le=9007199254740991)]

SOLE_TYPES: Final = ("CONTROL", "STATUTORY_SUBSIDIARY")
JOINT_TYPES: Final = ("MEMBER", "TRAEGER", "SHAREHOLDER", "ORGAN")


def _unique(ids: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(ids)) != len(ids):
        raise ValueError("each at most once")
    return ids


Ids = Annotated[tuple[Id, ...], Strict(strict=False), AfterValidator(_unique)]
Parties = Annotated[tuple[Id, ...], Strict(strict=False), Field(min_length=2), AfterValidator(_unique)]
Days = Annotated[tuple[DayText, ...], Strict(strict=False)]


_ANBIETER: Final = channel_ids()


def _anbieter(id_: str) -> str:
    if id_ not in _ANBIETER:
        raise ValueError(f"one of {', '.join(_ANBIETER)}")
    return id_


Anbieter = Annotated[str, AfterValidator(_anbieter)]
"""The id of a channel is that of its Anbieter."""


class Recorded(BaseModel):
    """What every fact and document has: identity, revision, when it was recorded, and the days for which it holds."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)

    id: Id
    rev: Annotated[int, Field(ge=1)] = 1
    recorded_at: InstantText | None = None
    withdrawn: bool = False
    valid_from: DayText | None
    valid_to: DayText | None

    @cached_property
    def start(self) -> str:
        """First day of the interval."""
        return self.valid_from or ALWAYS

    @cached_property
    def end(self) -> str:
        """First day after the interval."""
        return self.valid_to or NEVER

    def on(self, day: str) -> bool:
        """Return whether the interval holds the day."""
        return self.start <= day < self.end


class Fact(Recorded):
    """What facts have beside: the documents that carry them, and the organisations that they name."""

    evidence: Ids = ()

    @property
    def named(self) -> tuple[str, ...]:
        """The organisations that the fact names; each must exist for the fact to be valid."""
        return ()

    @property
    def accepted_as(self) -> str | None:
        """Key of the rule set's accepted documents, None where documents are ignored."""
        return None

    @property
    def key(self) -> tuple[Any, ...] | None:
        """What must not be recorded twice for one day, None if it may."""
        return None


class Organisation(Fact):
    """A body; the interval is its existence. ``active_since``: founding, start of activity, restructurings (Abs. 7 Satz 2)."""

    kind: Literal["organisation"]
    name: Annotated[str, StringConstraints(min_length=1)]
    type: Literal["BUND", "LAND", "KREIS", "KOMMUNE", "VERBAND", "IT_PROVIDER", "ANBIETER", "COMPANY", "OTHER"]
    sector: Literal["PUBLIC", "PRIVATE"]
    active_since: Days = ()


class AboutOne(Fact):
    """A fact about one organisation."""

    org: Id

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The organisation."""
        return (self.org,)


class AuthorityStatus(AboutOne):
    """Class of § 99 GWB."""

    kind: Literal["authority_status"]
    status: Annotated[Literal["NR1", "NR2", "NR3", "NR4", "NONE"], Field(alias="class")]

    @property
    def accepted_as(self) -> str:
        """By kind."""
        return "authority_status"

    @property
    def key(self) -> tuple[Any, ...]:
        """One status at a time."""
        return "authority_status", self.org


class Relation(Fact):
    """``source`` controls, takes part in or is part of ``target``."""

    kind: Literal["relation"]
    source: Annotated[Id, Field(alias="from")]
    target: Annotated[Id, Field(alias="to")]

    @cached_property
    def named(self) -> tuple[str, ...]:
        """Both ends."""
        return self.source, self.target


class ControlRelation(Relation):
    """What control alone and control together have in common. ``share`` is for information: stake size decides nothing."""

    type: str
    all_fields: bool | None
    share: ShareText | None = None

    @property
    def accepted_as(self) -> str:
        """By type of the relation."""
        return f"relation.{self.type}"

    @property
    def key(self) -> tuple[Any, ...]:
        """One relation of a type between two bodies."""
        return "relation", self.type, self.source, self.target


class SoleRelation(ControlRelation):
    """Control by one body."""

    type: Literal["CONTROL", "STATUTORY_SUBSIDIARY"]
    strategic: bool | None
    significant: bool | None


class JointRelation(ControlRelation):
    """Part in control that several exercise together."""

    type: Literal["MEMBER", "TRAEGER", "SHAREHOLDER", "ORGAN"]
    organ_seat: Literal["OWN", "SHARED_DELEGATE", "JOINT_APPOINTMENT", "NONE"] | None
    joint_influence: bool | None
    contrary_interests: bool | None


class PartOf(Relation):
    """``source`` is a dependent part of ``target``: the same legal person."""

    type: Literal["PART_OF"]

    @property
    def key(self) -> tuple[Any, ...]:
        """Part of one body only."""
        return "relation", self.type, self.source


class Activity(AboutOne):
    """Figures of one calendar year, in cents. ``valid_from`` is the day on which they became known."""

    kind: Literal["activity"]
    year: Annotated[int, Field(ge=1990, le=2200)]
    basis: Literal["TURNOVER", "COST", "OTHER"]
    scope: Literal["SOLO", "GROUP"]
    status: Literal["ACTUAL", "FORECAST"]
    total: Cents
    entrusted: Cents
    market: Cents | None = None

    @property
    def open_market(self) -> int:
        """What was earned on the open market; without a figure of its own all that was not entrusted."""
        return self.total - self.entrusted if self.market is None else self.market

    @property
    def accepted_as(self) -> str:
        """By status of the figures."""
        return f"activity.{self.status}"

    @property
    def key(self) -> tuple[Any, ...]:
        """One figure per year and series."""
        return "activity", self.org, self.year, self.basis, self.scope, self.status


class PrivateParticipation(AboutOne):
    """Direct private capital of ``holder`` in ``org``."""

    kind: Literal["private_participation"]
    holder: Id
    share: ShareText | None = None
    statutory: bool | None
    controlling: bool | None
    blocking: bool | None
    decisive_influence: bool | None

    @property
    def accepted_as(self) -> str:
        """By kind."""
        return "private_participation"

    @cached_property
    def named(self) -> tuple[str, ...]:
        """Both ends."""
        return self.org, self.holder

    @property
    def key(self) -> tuple[Any, ...]:
        """One participation of a holder."""
        return "private_participation", self.org, self.holder


class Declaration(AboutOne):
    """What the organisation itself declares."""

    kind: Literal["declaration"]
    subject: Literal["NO_PRIVATE_CAPITAL", "IN_HOUSE_RELATION"]

    @property
    def accepted_as(self) -> str:
        """By kind."""
        return "declaration"


class Accreditation(AboutOne):
    """Standing of an organisation at an Anbieter in a role, one fact for each interval of a state."""

    kind: Literal["accreditation"]
    anbieter: Anbieter
    role: Literal["KUNDE", "BEREITSTELLER", "BUENDLER", "KLIENT"]
    state: Literal["BEANTRAGT", "IN_PRUEFUNG", "RUECKFRAGE", "ERTEILT", "ABGELEHNT", "ABGELAUFEN", "ENTZOGEN"]

    @property
    def key(self) -> tuple[Any, ...]:
        """One state at a time."""
        return "accreditation", self.org, self.anbieter, self.role


class Cooperation(Fact):
    """Co-operation of authorities (Abs. 6). The two sums cover the last three years (Abs. 7)."""

    kind: Literal["cooperation"]
    parties: Parties
    contributors: Ids
    common_goals: bool | None
    public_interest_only: bool | None
    private_advantage: bool | None
    covered_total: Cents
    covered_market: Cents

    @property
    def accepted_as(self) -> str:
        """By kind."""
        return "cooperation"

    @cached_property
    def named(self) -> tuple[str, ...]:
        """All parties and contributors."""
        return (*self.parties, *self.contributors)


class LegalOpinion(AboutOne):
    """Written opinion on indirect joint control by or over ``org``."""

    kind: Literal["legal_opinion"]
    topic: Literal["INDIRECT_JOINT"]
    supports: bool

    @property
    def accepted_as(self) -> str:
        """By kind."""
        return "legal_opinion"


class Document(Recorded):
    """A document that carries facts while its interval lasts."""

    type: Literal[
        "GESETZ",
        "STAATSVERTRAG",
        "SATZUNG",
        "GESELLSCHAFTSVERTRAG",
        "HANDELSREGISTER",
        "MITGLIEDERLISTE",
        "TRAEGERLISTE",
        "GESELLSCHAFTERLISTE",
        "ORGANBESETZUNG",
        "VERZEICHNIS",
        "TESTAT",
        "JAHRESABSCHLUSS",
        "PROGNOSE",
        "ERKLAERUNG",
        "KOOPERATIONSVERTRAG",
        "VERWALTUNGSVEREINBARUNG",
        "RECHTSGUTACHTEN",
        "VOLLMACHT",
    ]
    document_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = ""
    """SHA-256 of the content; empty where it is not on file."""


def _kind(fact: object) -> str:
    if not isinstance(fact, Mapping):
        return ""
    kind = fact.get("kind")
    if kind != "relation":
        return str(kind)
    form = fact.get("type")
    return "sole" if form in SOLE_TYPES else "joint" if form in JOINT_TYPES else str(form)


AnyFact = Annotated[
    Annotated[Organisation, Tag("organisation")]
    | Annotated[AuthorityStatus, Tag("authority_status")]
    | Annotated[SoleRelation, Tag("sole")]
    | Annotated[JointRelation, Tag("joint")]
    | Annotated[PartOf, Tag("PART_OF")]
    | Annotated[Activity, Tag("activity")]
    | Annotated[PrivateParticipation, Tag("private_participation")]
    | Annotated[Declaration, Tag("declaration")]
    | Annotated[Accreditation, Tag("accreditation")]
    | Annotated[Cooperation, Tag("cooperation")]
    | Annotated[LegalOpinion, Tag("legal_opinion")],
    Discriminator(_kind),
]

FACT: Final[TypeAdapter[Fact]] = TypeAdapter(AnyFact)
FACTS: Final[TypeAdapter[tuple[Fact, ...]]] = TypeAdapter(Annotated[tuple[AnyFact, ...], Strict(strict=False)])
DOCUMENTS: Final[TypeAdapter[tuple[Document, ...]]] = TypeAdapter(Annotated[tuple[Document, ...], Strict(strict=False)])


def ended(fact: Fact, on: str) -> Fact:
    """Return the fact with its interval ended on a day, unless it ends before."""
    if fact.end <= on:
        return fact
    return FACT.validate_python(fact.model_dump(by_alias=True) | {"valid_to": on})
