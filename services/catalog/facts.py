"""Facts about stored offers, for reconciliation with the stores of other services.

Nobody else reads fields of these documents: who compares stores compares these facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.catalog.domain.provision import ProvisionState
from services.catalog.repository import DOCUMENTS, OFFERINGS, REUSES
from shared.ids import bereitstellung_id
from shared.messages.values import Channel, OfferingState
from shared.store.port import Collection, Document


@dataclass(frozen=True, slots=True)
class ProvidedFact:
    """A Bereitstellungsvertrag of an offer, as the catalog knows of it.

    ``ends``: last days (ISO 8601, None: open) that contracts has told of it and of what follows it in time, by their ids.
    """

    offering_id: str
    channel: Channel
    contract_id: str
    state: ProvisionState
    number: str | None
    ends: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfferingFact:
    """An offer that is or was public, as its owner has it. ``removed``: it has left its topic.

    ``numbers`` are those of its Bereitstellungsverträge, by their ids, with the channel; ``provided``: what is known of those.
    ``listed`` are the ids that those of its channels have which it names as version 0.1.0 did, by what somebody has typed.
    """

    id: str
    title: str
    version: int
    state: OfferingState
    removed: bool = False
    numbers: Mapping[str, tuple[Channel, str]] = field(default_factory=dict)
    provided: tuple[ProvidedFact, ...] = ()
    listed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnpublishedOfferFact:
    """An offer that was never public and for which a Bereitstellungsvertrag was asked; ``waits``: one is not decided yet."""

    id: str
    waits: bool
    provided: tuple[ProvidedFact, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """How a contract or accession is counted: whether it runs, and its last day, YYYY-MM-DD, if that is known."""

    runs: bool
    last_day: str | None = None


@dataclass(frozen=True, slots=True)
class CountedFact:
    """Contracts and accessions by which bodies reuse an offer, by their ids."""

    contracts: Mapping[str, Counted]


@dataclass(frozen=True, slots=True)
class ContentsFact:
    """A document that was brought for an offer: its id in the store by the SHA-256 of its content."""

    documents: Mapping[str, str]


def is_published(document: Document) -> bool:
    """Return whether a stored offer is or was public."""
    return document["published_at"] is not None


def is_removed(document: Document) -> bool:
    """Return whether a stored offer has left its topic: it holds nothing of it but the tombstone, and that not for ever."""
    return document.get("removed_at") is not None


def is_retained(document: Document) -> bool:
    """Return whether the topic must hold the state of a stored offer."""
    return is_published(document) and not is_removed(document)


def is_listed(document: Document) -> bool:
    """Return whether the topic must hold the state of a stored known service."""
    return bool(document["listed"])


def is_off_list(document: Document) -> bool:
    """Return whether the topic must hold nothing of a stored known service but its tombstone."""
    return not is_listed(document)


def _offering(document: Document) -> OfferingFact | UnpublishedOfferFact | None:
    provided = tuple(_provided(document["_id"], it) for it in document.get("provisions", ()))
    if not is_published(document):
        waits = any(it.state is ProvisionState.ANGEFRAGT for it in provided)
        return UnpublishedOfferFact(document["_id"], waits, provided) if provided else None
    return OfferingFact(
        id=document["_id"],
        title=document["form"]["title"],
        version=document["version"],
        state=OfferingState.read(document["state"]),
        removed=is_removed(document),
        numbers={it.contract_id: (it.channel, it.number) for it in provided if it.number is not None},
        provided=provided,
        listed=tuple(bereitstellung_id(it["channel"], document["_id"]) for it in document.get("listings", ())),
    )


def _provided(offering_id: str, provision: Document) -> ProvidedFact:
    return ProvidedFact(
        offering_id=offering_id,
        channel=Channel.read(provision["channel"]),
        contract_id=provision["contract_id"],
        state=ProvisionState(provision["state"]),
        number=provision["number"],
        ends={it["contract_id"]: it["last_day"] for it in provision.get("endings", ())},
    )


def _counted(document: Document) -> CountedFact:
    return CountedFact({it["contract_id"]: Counted(it["runs"], it.get("last_day")) for it in document["contracts"]})


def _contents(document: Document) -> ContentsFact:
    return ContentsFact({document["sha256"]: document["_id"]})


CONTENTS: Mapping[Collection, Callable[[Document], ContentsFact]] = {DOCUMENTS: _contents}
FACTS: Mapping[Collection, Callable[[Document], OfferingFact | UnpublishedOfferFact | CountedFact | None]] = {
    OFFERINGS: _offering,
    REUSES: _counted,
}
