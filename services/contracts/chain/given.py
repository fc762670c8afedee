"""The whole input: channels, organisations, contracts and questions, refused with a code if it is not of its form."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field, Strict, Tag, TypeAdapter, ValidationError

from services.contracts.chain.channel import Channel, OrganisationType
from services.contracts.chain.contract import NO_SUCH_DAY, Accession, Ars, Contract, DayText, Given, Id, Ids
from services.contracts.chain.refusal import RefusedError


class Offering(Given):
    """What the chain is for: who provides it, and the channels in which it is offered."""

    bereitsteller: Id
    channels: Annotated[Ids, Field(min_length=1)]


class Organisation(Given):
    """A body with its Amtlicher Regionalschlüssel (ARS), if it has one."""

    id: Id
    type: OrganisationType
    ars: Ars | None


class Inhouse(Given):
    """Days on which ``body`` is in-house to ``authority`` (§ 108 GWB)."""

    body: Id
    authority: Id
    from_: Annotated[DayText, Field(alias="from")]
    to: DayText | None


class AskViolations(Given):
    """Which contracts and accessions break which rules?"""

    type: Literal["VIOLATIONS"]


class AskWrite(Given):
    """May this contract be stored?"""

    type: Literal["WRITE"]
    contract: Contract


class AboutUse(Given):
    """Who wants to use which service, in which parametrisation, through which channel (None: those of the offering)."""

    org: Id
    service: Id
    parametrisation: Ids
    channel: Id | None


class AskComplete(AboutUse):
    """Which link is missing on a day, and who has to act?"""

    type: Literal["COMPLETE"]
    on: DayText


class AskTimeline(AboutUse):
    """How complete is the chain on the days of a period?"""

    type: Literal["TIMELINE"]
    from_: Annotated[DayText, Field(alias="from")]
    to: DayText


class AskNotice(Given):
    """What ends if notice of a contract is received on a day? ``last_day``: extraordinary or agreed."""

    type: Literal["NOTICE"]
    contract: Id
    received_on: DayText
    last_day: DayText | None


class AskPriceChange(Given):
    """From when does new cost information at one contract count in those below it?"""

    type: Literal["PRICE_CHANGE"]
    contract: Id
    issued_on: DayText
    effective_from: DayText


class AskAgbChange(Given):
    """Which contracts have outdated general terms on a day?"""

    type: Literal["AGB_CHANGE"]
    on: DayText


def _type(question: object) -> str:
    return str(question.get("type")) if isinstance(question, Mapping) else ""


Question = AskViolations | AskWrite | AskComplete | AskTimeline | AskNotice | AskPriceChange | AskAgbChange
AnyQuestion = Annotated[
    Annotated[AskViolations, Tag("VIOLATIONS")]
    | Annotated[AskWrite, Tag("WRITE")]
    | Annotated[AskComplete, Tag("COMPLETE")]
    | Annotated[AskTimeline, Tag("TIMELINE")]
    | Annotated[AskNotice, Tag("NOTICE")]
    | Annotated[AskPriceChange, Tag("PRICE_CHANGE")]
    | Annotated[AskAgbChange, Tag("AGB_CHANGE")],
    Discriminator(_type),
]
_LIST: Final = Strict(strict=False)


class Input(Given):
    """Everything that is known, and what is asked."""

    offering: Offering
    channels: Annotated[tuple[Channel, ...], _LIST]
    organisations: Annotated[tuple[Organisation, ...], _LIST]
    inhouse: Annotated[tuple[Inhouse, ...], _LIST]
    contracts: Annotated[tuple[Contract, ...], _LIST]
    accessions: Annotated[tuple[Accession, ...], _LIST]
    questions: Annotated[tuple[AnyQuestion, ...], _LIST]


_INPUT: Final = TypeAdapter(Input)


def read(data: object) -> Input:
    """Return the input of parsed JSON. Raises RefusedError with the code of the first check that fails."""
    try:
        given = _INPUT.validate_python(data)
    except ValidationError as error:
        only_days = all(fault["type"] == NO_SUCH_DAY for fault in error.errors(include_input=False, include_url=False))
        raise RefusedError("INVALID_DATE" if only_days else "INVALID_FIELD") from error
    _check_ids(given)
    _check_names(given)
    return given


def _check_ids(given: Input) -> None:
    _check_unique(channel.id for channel in given.channels)
    _check_unique(organisation.id for organisation in given.organisations)
    _check_unique([contract.id for contract in given.contracts] + [accession.id for accession in given.accessions])


def _check_unique(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for id_ in ids:
        if id_ in seen:
            raise RefusedError("ID_DUPLICATE", id_)
        seen.add(id_)


def _check_names(given: Input) -> None:
    channels = {channel.id for channel in given.channels}
    organisations = {organisation.id for organisation in given.organisations}
    for channel in given.channels:
        if channel.anbieter not in organisations:
            raise RefusedError("ORGANISATION_UNKNOWN", channel.id)
    if given.offering.bereitsteller not in organisations:
        raise RefusedError("ORGANISATION_UNKNOWN")
    for named in given.offering.channels:
        if named not in channels:
            raise RefusedError("CHANNEL_UNKNOWN", named)
    for contract in given.contracts:
        check_contract(contract, channels, organisations)
    for accession in given.accessions:
        if accession.org not in organisations:
            raise RefusedError("ORGANISATION_UNKNOWN", accession.id)


def check_contract(contract: Contract, channels: Container[str], organisations: Container[str]) -> None:
    """Check that channel and parties of a contract are known. Raises RefusedError."""
    if contract.channel not in channels:
        raise RefusedError("CHANNEL_UNKNOWN", contract.id)
    if contract.grantor not in organisations or contract.grantee not in organisations:
        raise RefusedError("ORGANISATION_UNKNOWN", contract.id)
