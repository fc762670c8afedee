"""When a form may be submitted or published: every point that fails is named at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.catalog.domain.form import OfferingForm
from shared.errors import InvalidError
from shared.laender import LAENDER
from shared.messages.base import Value
from shared.messages.catalog import Fulfilment
from shared.price_sheets import price_faults
from shared.written import is_written

LEAST_REIFEGRAD = 3
"""OZG-Reifegrad that an EfA service needs at least: an online application."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the reference data know: keys that exist and the points of the checklist that bind (MUSS).

    ``conditional`` are those of ``musts`` that bind only where something is the case, such as that fees are due.
    """

    topic_ids: frozenset[str]
    ozg_ids: frozenset[str]
    leika_keys: frozenset[str]
    known_listings: frozenset[str]
    requirements: frozenset[str]
    musts: tuple[str, ...]
    conditional: frozenset[str] = frozenset()


class Shortcoming(Value):
    """One point in which a form falls short. ``field`` is the form's field, ``id`` the key or point in question."""

    field: str
    code: str
    detail: str
    id: str | None = None


def require_complete(form: OfferingForm, catalogue: Catalogue, today: date) -> None:
    """Return if the form is complete on a day. Raises InvalidError (``offering_incomplete``): ``points`` name what is not."""
    found = shortcomings(form, catalogue, today)
    if found:
        count = "One point of the form is" if len(found) == 1 else f"{len(found)} points of the form are"
        raise InvalidError(
            f"{count} not in order: {' '.join(point.detail for point in found)}",
            code="offering_incomplete",
            points=[point.model_dump(exclude_none=True) for point in found],
        )


def shortcomings(form: OfferingForm, catalogue: Catalogue, today: date) -> list[Shortcoming]:
    """Return every point in which the form falls short on a day, in the form's order."""
    return [*_texts(form), *_keys(form, catalogue), *_reuse(form), *_cost(form, today), *_checklist(form, catalogue)]


def _texts(form: OfferingForm) -> Iterator[Shortcoming]:
    for field, name, text in (
        ("title", "title", form.title),
        ("summary", "Kurzbeschreibung", form.summary),
        ("technical_concept", "technical concept", form.technical_concept),
        ("nachnutzung", "text on what a Nachnutzer must know", form.nachnutzung),
        *(("parameters", f"label of the parameter {it.name}", it.label) for it in form.parameters),
        *(("price_items", "label of a price item", it.label) for it in form.price_items),
        *(("documents", "title of a document", it.title) for it in form.documents),
    ):
        if not is_written(text or ""):
            yield Shortcoming(field=field, code="text_missing", detail=f"The {name} is missing.")


def _keys(form: OfferingForm, catalogue: Catalogue) -> Iterator[Shortcoming]:
    if not form.leika_keys and not form.ozg_ids:
        yield Shortcoming(field="leika_keys", code="keys_missing", detail="No LeiKa key and no OZG id is named.")
    for field, named, existing, what in (
        ("topic_id", [form.topic_id], catalogue.topic_ids, "topic"),
        ("ozg_ids", form.ozg_ids, catalogue.ozg_ids, "OZG service"),
        ("leika_keys", form.leika_keys, catalogue.leika_keys, "LeiKa service"),
        ("known_listing", [form.known_listing], catalogue.known_listings, "known EfA service"),
        ("requirements", [answer.id for answer in form.requirements], catalogue.requirements, "point of the checklist"),
    ):
        for key in named:
            if key is not None and key not in existing:
                detail = f"There is no {what} {key} in the reference data."
                yield Shortcoming(field=field, code="key_unknown", detail=detail, id=key)


def _reuse(form: OfferingForm) -> Iterator[Shortcoming]:
    if form.reifegrad < LEAST_REIFEGRAD:
        detail = f"Reifegrad {form.reifegrad} is below {LEAST_REIFEGRAD}, the least for an EfA service."
        yield Shortcoming(field="reifegrad", code="reifegrad_too_low", detail=detail)
    if not form.anbindungsarten:
        yield Shortcoming(field="anbindungsarten", code="anbindungsart_missing", detail="No Anbindungsart is named.")
    if not form.channels:
        yield Shortcoming(field="channels", code="channel_missing", detail="No Anbieter is named.")


def _cost(form: OfferingForm, today: date) -> Iterator[Shortcoming]:
    """IT-Planungsrat 2022/21: who offers gives binding information on the cost of reuse."""
    if not form.price_items and not is_written(form.funding or ""):
        detail = "Binding cost information is missing (IT-Planungsrat 2022/21): name a price item or the funding."
        yield Shortcoming(field="price_items", code="cost_missing", detail=detail)
    for fault in price_faults(form.price_items, today):
        yield Shortcoming(field="price_items", code=fault.code, detail=fault.detail)
    for land in form.licence_free_for_states:
        if land not in LAENDER.values():
            detail = f"There is no Land {land} (ISO 3166-2)."
            yield Shortcoming(field="licence_free_for_states", code="land_unknown", detail=detail, id=land)


def _checklist(form: OfferingForm, catalogue: Catalogue) -> Iterator[Shortcoming]:
    answers = {answer.id: answer.fulfilment for answer in form.requirements}
    for must in catalogue.musts:
        answer = answers.get(must)
        if answer is Fulfilment.NICHT_ZUTREFFEND and must in catalogue.conditional:
            continue
        if answer is None:
            detail = f"The EfA-Mindestanforderung {must} (MUSS) is not answered."
            yield Shortcoming(field="requirements", code="requirement_unanswered", detail=detail, id=must)
        elif answer is not Fulfilment.ERFUELLT:
            detail = f"The EfA-Mindestanforderung {must} (MUSS) is not fulfilled."
            yield Shortcoming(field="requirements", code="requirement_unfulfilled", detail=detail, id=must)
