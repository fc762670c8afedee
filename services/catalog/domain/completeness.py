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
from shared.messages.catalog_operation import Support
from shared.messages.values import Period
from shared.price_sheets import FARTHEST, price_faults
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
    return [
        *_texts(form),
        *_keys(form, catalogue),
        *_reuse(form),
        *_cost(form, today),
        *_checklist(form, catalogue),
        *_operation(form, today),
    ]


def _texts(form: OfferingForm) -> Iterator[Shortcoming]:
    for field, name, text in (
        ("title", "title", form.title),
        ("summary", "Kurzbeschreibung", form.summary),
        ("technical_concept", "technical concept", form.technical_concept),
        ("nachnutzung", "text on what a Nachnutzer must know", form.nachnutzung),
        *(("parameters", f"label of the parameter {it.name}", it.label) for it in form.parameters),
        *(("documents", "title of a document", it.title) for it in form.documents),
        *(("screenshots", "title of a screenshot", it.title) for it in form.screenshots),
        *(("support", "note of an entry of the support", it.note) for it in form.support if it.note is not None),
        *(("go_lives", "place where the service is live", it.place) for it in form.go_lives if it.place is not None),
        *(("funding", "text on the funding", it) for it in (form.funding,) if it is not None and form.price_items),
        *(("requirements", f"remark on {it.id}", it.note) for it in form.requirements if it.note is not None),
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
        yield Shortcoming(field="price_items", code=fault.code, detail=fault.detail, id=fault.item)
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


def _operation(form: OfferingForm, today: date) -> Iterator[Shortcoming]:
    """Nothing of it need be stated; what is stated must hold together."""
    for entry in form.support:
        yield from _support(entry)
    if form.availability is not None and form.availability.period not in (Period.MONAT, Period.JAHR):
        detail = "An availability is measured over a month or a year."
        yield Shortcoming(field="availability", code="availability_period_invalid", detail=detail)
    for times in form.fault_times:
        if times.restoration_minutes is not None and times.restoration_minutes < times.reaction_minutes:
            detail = "A fault is mended before anybody has attended to it."
            yield Shortcoming(field="fault_times", code="fault_times_invalid", detail=detail)
    for live in form.go_lives:
        if live.land is not None and live.land not in LAENDER.values():
            detail = f"There is no Land {live.land} (ISO 3166-2)."
            yield Shortcoming(field="go_lives", code="land_unknown", detail=detail, id=live.land)
        if abs(live.on - today) > FARTHEST:
            detail = f"The day {live.on} on which the service goes live lies more than 50 years away."
            yield Shortcoming(field="go_lives", code="go_live_implausible", detail=detail)


def _support(entry: Support) -> Iterator[Shortcoming]:
    if entry.mailbox is None and entry.telephone is None and entry.url is None:
        detail = "An entry of the support names neither mailbox nor telephone nor address."
        yield Shortcoming(field="support", code="support_unreachable", detail=detail)
    stated = (bool(entry.days), entry.opens is not None, entry.closes is not None)
    if any(stated) and not all(stated):
        detail = "Of the hours of the support a part is missing: days, begin or end."
        yield Shortcoming(field="support", code="support_hours_incomplete", detail=detail)
    elif entry.opens is not None and entry.closes is not None and entry.closes <= entry.opens:
        detail = "The hours of the support end before they begin."
        yield Shortcoming(field="support", code="support_hours_invalid", detail=detail)
