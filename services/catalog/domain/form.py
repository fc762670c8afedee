"""The standard form in which a Bereitsteller describes an EfA service. A draft of it may be incomplete."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.messages.base import Value
from shared.messages.catalog import Parameter, RequirementAnswer
from shared.messages.catalog_operation import Availability, FaultTimes, GoLive, Screenshot, StateId, Support
from shared.messages.values import Anbindungsart, Channel, Code, DocumentRef, LeikaKey, Line, Mailbox, PriceItem, Text

OzgId = Annotated[str, StringConstraints(pattern=r"^[0-9]{5,6}$")]


class OfferingForm(Value):
    """The standard form: description, what a Nachnutzer must know, checklist, keys, connection, cost, documents, operation.

    ``channels`` are the Anbieter wished for. ``funding`` notes a financing that replaces price items (as EfA-finanziert by
    IT-Planungsrat 2023/35). ``licence_free_for_states`` are Länder whose bodies pay nothing, by a Landeslizenz.
    ``known_listing`` is the id of the known EfA service that this offer is. ``contact_mailbox`` is a shared mailbox
    of the organisation: everybody can read it, so it must not be that of a person. ``support``, ``availability``,
    ``fault_times`` and ``go_lives`` are of its operation; whoever states none of them leaves them out. ``screenshots`` are files
    that were brought for the offer, as ``documents`` may be.
    """

    title: Line
    summary: Text | None = None
    technical_concept: Text | None = None
    nachnutzung: Text | None = None
    topic_id: Code | None = None
    ozg_ids: Annotated[tuple[OzgId, ...], Field(max_length=50)] = ()
    leika_keys: Annotated[tuple[LeikaKey, ...], Field(max_length=200)] = ()
    anbindungsarten: tuple[Anbindungsart, ...] = ()
    parameters: Annotated[tuple[Parameter, ...], Field(max_length=100)] = ()
    price_items: Annotated[tuple[PriceItem, ...], Field(max_length=100)] = ()
    funding: Line | None = None
    documents: Annotated[tuple[DocumentRef, ...], Field(max_length=50)] = ()
    channels: tuple[Channel, ...] = ()
    reifegrad: Annotated[int, Field(ge=0, le=4)] = 0
    requirements: Annotated[tuple[RequirementAnswer, ...], Field(max_length=200)] = ()
    licence_free_for_states: Annotated[tuple[StateId, ...], Field(max_length=16)] = ()
    known_listing: Code | None = None
    contact_mailbox: Mailbox | None = None
    support: Annotated[tuple[Support, ...], Field(max_length=20)] = ()
    availability: Availability | None = None
    fault_times: Annotated[tuple[FaultTimes, ...], Field(max_length=20)] = ()
    go_lives: Annotated[tuple[GoLive, ...], Field(max_length=100)] = ()
    screenshots: Annotated[tuple[Screenshot, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _no_repeats(self) -> Self:
        _distinct("ozg_ids", self.ozg_ids)
        _distinct("leika_keys", self.leika_keys)
        _distinct("anbindungsarten", self.anbindungsarten)
        _distinct("channels", self.channels)
        _distinct("licence_free_for_states", self.licence_free_for_states)
        _distinct("parameters", (parameter.name for parameter in self.parameters))
        _distinct("requirements", (answer.id for answer in self.requirements))
        _distinct("fault_times", (times.fault for times in self.fault_times))
        return self


def names_file(form: OfferingForm, digest: str) -> bool:
    """Return whether a form names the file with this SHA-256, as a document or screenshot."""
    return digest in {*(it.sha256 for it in form.documents), *(it.sha256 for it in form.screenshots)}


def _distinct(field: str, values: Iterable[Hashable]) -> None:
    seen: set[Hashable] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{field} holds {value} twice")
        seen.add(value)
