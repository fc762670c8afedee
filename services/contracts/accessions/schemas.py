"""What the routes of accessions take and answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.contracts.days import ChainDay
from services.contracts.domain.accession import Accession
from shared.http.auth import Caller
from shared.messages.values import Channel, Party, Role, Time

_SHOWN: dict[str, JsonValue] = {
    "id": "3d9c2c0e-6c53-5d7e-9d0b-0d4f4f1b7a55",
    "channel": "fitko",
    "contract_id": "91078be3-7731-5094-bb8a-13bdc94e1a42",
    "offering_id": "1e2223c7-801c-5113-bfb4-1b999d81a5e6",
    "offering_title": "Anwohnerparken",
    "organisation": {"id": "010020000000", "name": "Kiel, Landeshauptstadt"},
    "licensee": {"id": "DE-SH", "name": "Schleswig-Holstein"},
    "provider": {"id": "DE-NW", "name": "Land Nordrhein-Westfalen"},
    "valid_from": "2026-12-01",
    "valid_to": None,
    "declared_at": "2026-11-24T10:15:30Z",
    "because": None,
    "allowed_moves": ["end"],
}


class AccessionRequest(BaseModel):
    """Days of an accession: without ``valid_from`` it begins today, without ``valid_to`` it has no end."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    valid_from: ChainDay | None = None
    valid_to: ChainDay | None = None


class AccessionEndRequest(BaseModel):
    """The last day of an accession; without it today."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    last_day: Annotated[ChainDay | None, Field(examples=["2027-12-31"])] = None


class AccessionView(BaseModel):
    """An accession. ``licensee``: whose contract passes the use on; ``because``: the contract whose end has ended it.

    ``allowed_moves``: what the caller's side can do with it now, by its path below it; in a chain it is not said.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    id: str
    channel: Channel
    contract_id: str
    offering_id: str
    offering_title: str
    organisation: Party
    licensee: Party
    provider: Party
    valid_from: date
    valid_to: date | None
    declared_at: Time
    because: str | None
    allowed_moves: list[Literal["end"]] = []

    @classmethod
    def of(cls, accession: Accession) -> AccessionView:
        """Return the view of an accession."""
        return cls.model_validate({name: getattr(accession, name) for name in cls.model_fields.keys() - {"allowed_moves"}})

    @classmethod
    def seen(cls, accession: Accession, caller: Caller, today: date) -> AccessionView:
        """Return the view for a caller: who has acceded can end it while it goes on."""
        own = accession.organisation.id == caller.organisation and Role.KUNDE in caller.roles
        goes_on = accession.valid_to is None or accession.valid_to > today
        return cls.of(accession).model_copy(update={"allowed_moves": ["end"] if own and goes_on else []})
