"""What the routes of contact persons take and answer."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.contracts.contacts.book import ContactBook, ContactKind, ContactPerson, Entry, Naming
from shared.messages.values import EntityId, Party, PersonRef, Time
from shared.written import WrittenLine

_PERSON: dict[str, JsonValue] = {
    "name": "Erika Mustermann",
    "function": "Leitung Bürgerbüro",
    "email": "mustermann@husum.example",
    "phone": None,
}
_FORM: dict[str, JsonValue] = {"contacts": [{"kind": "FACHLICH", "person": _PERSON}]}


class PersonForm(ContactPerson):
    """A person, or a shared mailbox, as they are named: the texts say something."""

    name: Annotated[WrittenLine, Field(description="Name of the person or of the unit.", examples=["Erika Mustermann"])]
    function: Annotated[
        WrittenLine | None, Field(description="What they are at their organisation.", examples=["Leitung Bürgerbüro"])
    ] = None


class NamingForm(Naming):
    """A contact person who is named, and what for."""

    person: Annotated[PersonForm, Field(description="Who it is.")]


class ContactsForm(BaseModel):
    """All contact persons of the caller's organisation for the contract; an empty list leaves none."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [_FORM]}
    )

    contacts: Annotated[list[NamingForm], Field(max_length=10, description="Who is named, and what for.")]

    def namings(self) -> list[Naming]:
        """Return who is named as it is stored."""
        return [Naming.model_validate(it.model_dump()) for it in self.contacts]


class ContractContact(BaseModel):
    """A contact person who counts. ``named_by`` is shown to the party's own members alone."""

    id: Annotated[EntityId, Field(description="Id of the entry, also in the history.")]
    party: Annotated[Party, Field(description="Organisation that has named the person.")]
    kind: Annotated[ContactKind, Field(description="What the person is asked about.")]
    person: Annotated[ContactPerson, Field(description="Who it is.")]
    named_at: Annotated[Time, Field(description="When the person was named.")]
    named_by: Annotated[PersonRef | None, Field(description="Who has named the person; null for members of other parties.")]
    carried_from: Annotated[
        EntityId | None, Field(description="Contract before this one for which the person was named; null if for this one.")
    ]


class ContractContacts(BaseModel):
    """The contact persons of a contract, of all its parties."""

    items: Annotated[list[ContractContact], Field(description="In the order in which they were named.")]

    @classmethod
    def of(cls, book: ContactBook, organisation: str) -> ContractContacts:
        """Return the view of a book as an organisation reads it."""
        return cls(items=[ContractContact(**_shown(ContractContact, entry, organisation)) for entry in book.current()])


class FormerContact(BaseModel):
    """A contact person of now or before. Once erased, ``person`` is null: only that somebody was named and replaced is left."""

    id: Annotated[EntityId, Field(description="Id of the entry.")]
    party: Annotated[Party, Field(description="Organisation that has named the person.")]
    kind: Annotated[ContactKind, Field(description="What the person is asked about.")]
    person: Annotated[ContactPerson | None, Field(description="Who it is; null once erased.")]
    named_at: Annotated[Time, Field(description="When the person was named.")]
    named_by: Annotated[
        PersonRef | None, Field(description="Who has named the person; null for members of other parties and once erased.")
    ]
    until: Annotated[Time | None, Field(description="Until when it counted; null as long as it does.")]
    replaced_by: Annotated[
        PersonRef | None, Field(description="Who has replaced the person; null for members of other parties and once erased.")
    ]
    erased_at: Annotated[Time | None, Field(description="When the data of the person was erased; null unless it was.")]
    carried_from: Annotated[
        EntityId | None, Field(description="Contract before this one for which the person was named; null if for this one.")
    ]


class ContactHistory(BaseModel):
    """Every naming of a contact person in a contract."""

    items: Annotated[list[FormerContact], Field(description="The newest first.")]

    @classmethod
    def of(cls, book: ContactBook, organisation: str) -> ContactHistory:
        """Return the history in a book as an organisation reads it."""
        return cls(items=[FormerContact(**_shown(FormerContact, entry, organisation)) for entry in reversed(book.entries)])


def _shown(view: type[BaseModel], entry: Entry, organisation: str) -> dict[str, object]:
    hidden = {} if entry.party.id == organisation else {"named_by": None, "replaced_by": None}
    return {name: getattr(entry, name) for name in view.model_fields} | {
        k: v for k, v in hidden.items() if k in view.model_fields
    }
