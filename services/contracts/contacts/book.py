"""Who was named as contact person of one contract, by whom, from when until when; what is erased leaves its place behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from shared.aggregate.base import Aggregate
from shared.errors import ConflictError, NotFoundError
from shared.ids import derived_id
from shared.mail_address import MailAddress
from shared.messages.base import Value
from shared.messages.values import Channel, EntityId, Line, Party, PersonRef, Time

FORMER_LIMIT: Final = 500
"""Former contact persons of one party in one contract whose data is not erased."""
ERASED_LIMIT: Final = 1000
"""Erased ones of one party of which it is known that they were there: the newest ones."""
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9]([0-9 ()/.-]{1,38})[0-9]$")]
"""A telephone number as people write it (ITU-T E.123, DIN 5008)."""


class ContactKind(StrEnum):
    """What a contact person is asked about."""

    FACHLICH = "FACHLICH"
    TECHNISCH = "TECHNISCH"
    VERTRAGLICH = "VERTRAGLICH"
    RECHNUNG = "RECHNUNG"


class ContactPerson(Value):
    """A person, or a shared mailbox, whom the other parties of a contract can turn to."""

    name: Annotated[Line, Field(description="Name of the person or of the unit.", examples=["Erika Mustermann"])]
    function: Annotated[
        Line | None, Field(description="What they are at their organisation.", examples=["Leitung Bürgerbüro"])
    ] = None
    email: Annotated[MailAddress, Field(description="Address for e-mail.", examples=["mustermann@husum.example"])]
    phone: Annotated[Phone | None, Field(description="Telephone number.", examples=["+49 4841 666-0"])] = None


class Naming(Value):
    """A contact person and what for."""

    kind: Annotated[ContactKind, Field(description="What the person is asked about.")]
    person: Annotated[ContactPerson, Field(description="Who it is.")]


class Entry(Value):
    """One naming in time. ``until`` None: it counts. ``person`` None: erased, and with it who has named and replaced them.

    ``carried_from``: the contract for which the person was named, which the one of the book continues; None: for that one.
    """

    id: EntityId
    party: Party
    kind: ContactKind
    person: ContactPerson | None
    named_at: Time
    named_by: PersonRef | None
    until: Time | None = None
    replaced_by: PersonRef | None = None
    erased_at: Time | None = None
    carried_from: EntityId | None = None

    def erased(self, at: datetime) -> Entry:
        """Return what is left of it without anything about persons."""
        return self.model_copy(update={"person": None, "named_by": None, "replaced_by": None, "erased_at": at})


class ContactBook(Aggregate):
    """The contact persons of one contract (``id``), those of today and former ones, in the order in which they were named."""

    channel: Channel
    entries: tuple[Entry, ...] = ()

    def current(self) -> list[Entry]:
        """Return those that count."""
        return [entry for entry in self.entries if entry.until is None]

    def carry(self, former: ContactBook) -> None:
        """Add who counts in the contract that this one continues, of each party that has named nobody for this one yet."""
        own = {entry.party.id for entry in self.entries}
        carried = (it for it in former.current() if it.party.id not in own)
        self.entries = (*(it.model_copy(update={"carried_from": it.carried_from or former.id}) for it in carried), *self.entries)

    def give_back(self, carried: ContactBook, own: ContactBook) -> None:
        """Leave out the entries of parties that have changed nothing since they were ``carried``, and have none in ``own``.

        They go on to be read from the contract before, and follow it.
        """
        named = {entry.party.id for entry in own.entries}
        untouched = {
            party
            for party in {entry.party.id for entry in carried.entries} - named
            if carried.entries_of(party) == self.entries_of(party)
        }
        self.entries = tuple(entry for entry in self.entries if entry.party.id not in untouched)

    def entries_of(self, organisation: str) -> list[Entry]:
        """Return all namings of an organisation."""
        return [entry for entry in self.entries if entry.party.id == organisation]

    def name(self, party: Party, namings: Sequence[Naming], by: str, at: datetime, revision: int) -> None:
        """Replace the contact persons of one party; who is named again as before stays named since then.

        ``revision`` of the book from which this starts. Raises ConflictError (``contact_history_full``).
        """
        missing = list(dict.fromkeys(namings))
        entries: list[Entry] = []
        for entry in self.entries:
            naming = None if entry.person is None else Naming(kind=entry.kind, person=entry.person)
            if entry.until is not None or entry.party.id != party.id:
                entries.append(entry)
            elif naming in missing:
                missing.remove(naming)
                entries.append(entry)
            else:
                entries.append(entry.model_copy(update={"until": at, "replaced_by": by}))
        former = sum(it.party.id == party.id and it.until is not None and it.person is not None for it in entries)
        if former > FORMER_LIMIT:
            raise ConflictError(
                f"The contract holds {FORMER_LIMIT} former contact persons of {party.name}.",
                code="contact_history_full",
                id=self.id,
            )
        for place, it in enumerate(missing):
            entry_id = derived_id("contact of contract", self.id, party.id, str(revision), str(place))
            entries.append(Entry(id=entry_id, party=party, kind=it.kind, person=it.person, named_at=at, named_by=by))
        self.entries = tuple(entries)

    def erase(self, entry_id: str, organisation: str, at: datetime) -> None:
        """Erase the data of a former contact person of an organisation; what is erased already stays as it is.

        Raises NotFoundError (``contact_person_not_found``), ConflictError (``contact_person_current``).
        """
        found = next((it for it in self.entries if it.id == entry_id and it.party.id == organisation), None)
        if found is None:
            raise NotFoundError("There is no such contact person of yours.", code="contact_person_not_found", id=entry_id)
        if found.until is None:
            raise ConflictError("The contact person counts; name another one first.", code="contact_person_current", id=entry_id)
        self._erase_where(lambda it: it is found, at)

    def expire(self, before: datetime, at: datetime) -> None:
        """Erase the data of those who have not counted since ``before``."""
        self._erase_where(lambda it: it.until is not None and it.until < before, at)

    def close(self, at: datetime) -> None:
        """End and erase everything: the contract is long over, or never came about."""
        self.entries = tuple(it.model_copy(update={"until": it.until or at}) for it in self.entries)
        self._erase_where(lambda _: True, at)

    def _erase_where(self, chosen: Callable[[Entry], bool], at: datetime) -> None:
        entries = [it.erased(at) if it.person is not None and chosen(it) else it for it in self.entries]
        left = Counter(it.party.id for it in entries if it.person is None)
        remaining: list[Entry] = []
        for entry in entries:
            if entry.person is not None or left[entry.party.id] <= ERASED_LIMIT:
                remaining.append(entry)
            else:
                left[entry.party.id] -= 1
        self.entries = tuple(remaining)
