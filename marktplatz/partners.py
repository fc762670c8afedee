"""What operators do with the partner registry from the command line: on ordering's store, and on the broker as operations.

Nothing is published from here: events lie in the outboxes until ordering's worker relays them, within seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Column, Table

from marktplatz.console import make_console
from marktplatz.found import kafka_settings, replication
from marktplatz.names import ServiceName
from marktplatz.silent import Silent
from services.ordering.domain.partner.partner import By, Partner, PartnerProfile
from services.ordering.domain.partner.transitions import PartnerActor
from services.ordering.partners import handlers
from services.ordering.partners.receipt_keys import NOTICE, make_key, read_keys
from services.ordering.partners.repository import PARTNERS, Partners
from services.ordering.partners.stated import key_stated
from shared.aggregate import epochs
from shared.aggregate.change import Change
from shared.bus.admin import create_topics, delete_topics, verify_topics
from shared.clock import now
from shared.errors import InvalidError
from shared.messages.ordering_partners import PartnerId, PartnerState
from shared.process.service import Resources
from shared.process.settings import ProcessSettings
from shared.process.stores import opened
from shared.topics import Topic, partner_topics

ORGANISATION = "betreiber"
"""The operator in the history of a partner that was changed from here."""
console = make_console()
_ID = TypeAdapter[str](PartnerId)


@asynccontextmanager
async def registry(process: ProcessSettings | None = None) -> AsyncIterator[Partners]:
    """Give the registry on the store of ordering. Raises StoreUnavailableError, StoreUnfitError."""
    settings = process or ProcessSettings()
    async with opened(ServiceName.ORDERING.value, settings) as store:
        await store.prepare([PARTNERS, epochs.COLLECTION])
        partners = Partners(Resources(store=store, publisher=Silent(), data_dir=settings.data))
        partners.ledger.sequence_base = await epochs.sequence_base(store)
        yield partners


async def print_partners() -> None:
    """Print every partner, removed ones too."""
    table = Table(Column("id", no_wrap=True), "name", "run by", "state", "organisations", "valid keys")
    async with registry() as partners:
        for partner in await partners.in_state(*PartnerState):
            valid = [key.kid for key in partner.keys if partner.usable_key(key.kid, now())]
            cells = (partner.id, partner.name, partner.run_by.name, partner.state.value)
            table.add_row(*map(escape, cells), str(len(partner.organisations)), str(len(valid)))
    console.print(table)


async def show_partner(partner_id: str) -> None:
    """Print one partner in full, its history too, as JSON."""
    async with registry() as partners:
        partner, _ = await partners.get(partner_id)
    print_json(partner)


async def register_partner(file: Path, person: str, replicas: int | None, *, topics: bool) -> None:
    """Register a partner, and make its ``topics`` if asked to, with as many replicas as the broker here wants if None."""
    members = read_file(file)
    partner_id = members.pop("id", None)
    if not isinstance(partner_id, str):
        raise InvalidError(f"{file} must state the id of the partner.", code="partner_file_unfit")
    require_id(partner_id)
    profile = profile_of(file, members)
    await _apply(lambda by, at: handlers.register(partner_id, profile, by, at), person)
    if topics:
        await align_topics([partner_id], replicas)


async def change_partner(partner_id: str, file: Path, person: str) -> None:
    """Replace what is stated of a partner by a file."""
    members = read_file(file)
    members.pop("id", None)
    profile = profile_of(file, members)
    await _apply(lambda by, at: handlers.change(partner_id, profile, by, at), person)


async def add_key(
    partner_id: str, file: Path, kid: str | None, valid_from: datetime | None, valid_until: datetime | None, person: str
) -> None:
    """Add the public key in a file: a JWK, or an object with ``jwk`` and ``kid`` as the API takes it.

    Raises InvalidError.
    """
    stated = read_file(file)
    match stated:
        case {"jwk": dict(jwk)}:
            named = stated.get("kid")
            kid = kid or (named if isinstance(named, str) else None)
        case _:
            jwk = stated
    key = key_stated(jwk, kid, valid_from or now(), valid_until)
    await _apply(lambda by, at: handlers.add_key(partner_id, key, by, at), person)


async def retire_key(partner_id: str, kid: str, until: datetime | None, person: str) -> None:
    """Set the end of a key."""
    await _apply(lambda by, at: handlers.retire_key(partner_id, kid, until or at, by, at), person)


async def suspend_partner(partner_id: str, reason: str, person: str) -> None:
    """Suspend a partner."""
    await _apply(lambda by, at: handlers.suspend(partner_id, reason, by, at), person)


async def resume_partner(partner_id: str, person: str) -> None:
    """Resume a partner."""
    await _apply(lambda by, at: handlers.resume(partner_id, by, at), person)


async def remove_partner(partner_id: str, reason: str, person: str, *, topics: bool) -> None:
    """Remove a partner for good, and its topics with all that lies on them if asked for."""
    await _apply(lambda by, at: handlers.remove(partner_id, reason, by, at), person)
    if topics:
        await _delete(partner_topics(partner_id))


async def align_topics(ids: Iterable[str], replicas: int | None) -> None:
    """Make the topics of the partners that are not removed and bring their settings in line; of all without ``ids``."""
    declared = await topics_of_partners(ids)
    created = await create_topics(kafka_settings(), replicas=replication(replicas), topics=declared)
    console.print(f"{len(created)} topics created" + (": " + ", ".join(sorted(created)) if created else ""))


async def check_partner_topics(ids: Iterable[str], replicas: int | None) -> int:
    """Report how the topics of partners differ from what they must be; exit code 1 if they do."""
    declared = await topics_of_partners(ids)
    differences = await verify_topics(kafka_settings(), replicas=replication(replicas), topics=declared)
    for name, found in sorted(differences.items()):
        console.print(f"{name}: " + "; ".join(f"{setting} {text}" for setting, text in found.items()))
    console.print(f"{len(differences)} topics of partners differ")
    return 1 if differences else 0


async def delete_removed_topics() -> None:
    """Delete the topics of removed partners, with all that lies on them."""
    async with registry() as partners:
        removed = await partners.in_state(PartnerState.REMOVED)
    await _delete([topic for partner in removed for topic in partner_topics(partner.id)])


def new_receipt_key(folder: Path, begins: datetime | None) -> None:
    """Write a new key for receipts: the first signs at once, a successor a day later unless ``begins`` says otherwise."""
    first = not folder.is_dir() or not read_keys(folder)
    at = now()
    made = make_key(folder, begins or (at if first else at + NOTICE))
    console.print(f"{folder / made.kid}.json signs from {made.begins_at.isoformat()} on")


def print_receipt_keys(folder: Path) -> None:
    """Print the keys of a folder, oldest first; which of them signs now."""
    keys = read_keys(folder)
    begun = [key.kid for key in keys if key.begins_at <= now()]
    table = Table(Column("kid", no_wrap=True), "begins", "signs now")
    for key in keys:
        table.add_row(key.kid, key.begins_at.isoformat(), "yes" if begun and key.kid == begun[-1] else "")
    console.print(table)


def read_file(file: Path) -> dict[str, object]:
    """Return the JSON object in a file. Raises InvalidError (``partner_file_unfit``)."""
    try:
        members = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidError(f"{file} cannot be read: {error}", code="partner_file_unfit") from error
    if not isinstance(members, dict):
        raise InvalidError(f"{file} holds no JSON object.", code="partner_file_unfit")
    return members


def profile_of(file: Path, members: dict[str, object]) -> PartnerProfile:
    """Return what a file states of a partner. Raises InvalidError (``partner_file_unfit``) that names each fault."""
    try:
        return PartnerProfile.model_validate_json(orjson.dumps(members))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        faults = "; ".join(f"{'.'.join(map(str, it['loc']))}: {it['msg']}" for it in found)
        raise InvalidError(f"{file}: {faults}", code="partner_file_unfit") from error


def require_id(partner_id: str) -> None:
    """Return if a partner may have this id. Raises InvalidError (``partner_id_unfit``): it becomes part of names of topics."""
    try:
        _ID.validate_python(partner_id)
    except ValidationError as error:
        raise InvalidError(
            "The id of a partner has 2 to 40 small letters, digits and '-', and begins with a letter or digit.",
            code="partner_id_unfit",
        ) from error


def print_json(partner: Partner) -> None:
    """Print a partner as JSON, for people and programs."""
    text = orjson.dumps(orjson.loads(partner.model_dump_json()), option=orjson.OPT_INDENT_2).decode()
    console.print(text, markup=False, soft_wrap=True)


async def _apply(change: Callable[[By, datetime], Change[Partner]], person: str) -> None:
    async with registry() as partners:
        result = await partners.ledger.apply_one(change(By(PartnerActor.OPERATOR, person, ORGANISATION), now()))
    state = result.state.state.value if result.state else ""
    console.print(f"{result.id}: {state}, revision {result.rev} ({result.effect.value})")


async def topics_of_partners(ids: Iterable[str] = (), process: ProcessSettings | None = None) -> list[Topic]:
    """Return the topics of these partners that are not removed; of all without ``ids``. Raises NotFoundError for one unknown."""
    asked = set(ids)
    async with registry(process) as partners:
        for partner_id in sorted(asked):
            await partners.get(partner_id)
        present = await partners.in_state(PartnerState.ACTIVE, PartnerState.SUSPENDED)
    return [topic for partner in present if not asked or partner.id in asked for topic in partner_topics(partner.id)]


async def _delete(topics: Iterable[Topic]) -> None:
    deleted = await delete_topics(kafka_settings(), [topic.name for topic in topics])
    console.print(f"{len(deleted)} topics deleted" + (": " + ", ".join(deleted) if deleted else ""))
