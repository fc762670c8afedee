"""What is asked: one award (LEG), or the whole chain behind an order (ORDER)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Strict, Tag, TypeAdapter

from services.eligibility.engine.facts import AnyFact, DayText, Id, InstantText
from services.eligibility.engine.rule_sets import channel_names


class Asked(BaseModel):
    """Base of all parts of a request."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Policy(Asked):
    """What the service decides, not the law. ``indirect_joint``: is indirect joint control accepted without an opinion?"""

    indirect_joint: Literal["ACCEPT", "STRICT"] = "STRICT"
    accreditation: Literal["REQUIRE", "IGNORE"] = "IGNORE"


class End(Asked):
    """What if a fact ended on a day."""

    op: Literal["END"]
    fact: Id
    on: DayText


class Add(Asked):
    """What if there were a further fact."""

    op: Literal["ADD"]
    fact: AnyFact


Operation = Annotated[End | Add, Field(discriminator="op")]
Overlay = Annotated[tuple[Operation, ...], Strict(strict=False)]


def _channel(name: str) -> str:
    if name not in channel_names():
        raise ValueError(f"one of {', '.join(sorted(channel_names()))}")
    return name


ChannelName = Annotated[str, AfterValidator(_channel)]


class Bundler(Asked):
    """A Bündler of the chain, with what it owes for its own leg."""

    org: Id
    payment: bool = True
    return_duty: bool = False


class Request(Asked):
    """Common to both kinds; each says by ``named`` which organisations it names."""

    as_of: DayText
    rule_set: str
    known_at: InstantText | None = None
    policy: Policy = Policy()
    overlay: Overlay = ()
    payment: bool = True
    return_duty: bool = False


class LegRequest(Request):
    """One award between two bodies."""

    kind: Literal["LEG"]
    awarder: Id
    contractor: Id

    def named(self) -> tuple[str, ...]:
        """Return both."""
        return self.awarder, self.contractor


class OrderRequest(Request):
    """The chain from Bereitsteller over Anbieter and Bündler to the customer."""

    kind: Literal["ORDER"]
    channel: ChannelName
    provider: Id
    customer: Id
    bundlers: Annotated[tuple[Bundler, ...], Strict(strict=False)] = ()

    def named(self) -> tuple[str, ...]:
        """Return provider, Bündler and customer."""
        return (self.provider, *(bundler.org for bundler in self.bundlers), self.customer)


def _kind(request: object) -> str:
    return str(request.get("kind")) if isinstance(request, Mapping) else ""


REQUEST: Final[TypeAdapter[LegRequest | OrderRequest]] = TypeAdapter(
    Annotated[Annotated[LegRequest, Tag("LEG")] | Annotated[OrderRequest, Tag("ORDER")], Discriminator(_kind)]
)


def normalised(request: LegRequest | OrderRequest, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with all fields of its kind; the facts of its overlay stay as they were given."""
    fields = request.model_dump(exclude={"overlay"}, mode="json")
    return fields | {"overlay": list(given.get("overlay", ()))}
