"""Ids that are derived from their cause, so that a repeat creates the same id."""

from __future__ import annotations

import hashlib
import re
import uuid

_PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@|-]{0,127}")
_DERIVED_PERSON = re.compile(r"sub-[0-9a-f]{64}")

_ROOT = uuid.UUID("6f0f3f5e-61b6-5f6b-9a57-0d8b2d3c7a10")


def derived_id(*cause: str) -> str:
    """Return the UUIDv5 of the cause, its parts joined by a character that ids never hold."""
    return str(uuid.uuid5(_ROOT, "\x1f".join(cause)))


def contract_id(channel: str, order_id: str, attempt: int = 1) -> str:
    """Return the id of the contract that a channel forms for an order, or for a further attempt after it has refused one.

    Every repeat of a request leads to the same one.
    """
    return derived_id("contract", channel, order_id, *([] if attempt == 1 else [str(attempt)]))


def bereitstellung_id(channel: str, offering_id: str, attempt: int = 1) -> str:
    """Return the id of the Bereitstellungsvertrag by which an offer is listed with a channel, or of a further attempt at one."""
    return derived_id("bereitstellung", channel, offering_id, *([] if attempt == 1 else [str(attempt)]))


def person_ref(subject: str, *, given: bool = False) -> str:
    """Return the reference by which a person is known here: the ``sub`` of their token where that is a safe short text.

    OIDC Core (section 2) allows any 255 ASCII characters: distinguished names, base64, addresses. Those become ``sub-`` and the
    SHA-256 of the subject, which can stand in keys, events and paths and reveals nothing of the person. ``given``: somebody typed
    it, who may have copied such a derived reference; a token's subject of that form is derived again, else it could be chosen.
    """
    plain = given if _DERIVED_PERSON.fullmatch(subject) else _PERSON.fullmatch(subject) is not None
    return subject if plain else f"sub-{hashlib.sha256(subject.encode()).hexdigest()}"


def person_mark(organisation: str, person: str) -> str:
    """Return what stands for a person of an organisation where no person may be named: only who knows both can make it."""
    return derived_id("person of", organisation, person)
