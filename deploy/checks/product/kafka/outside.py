"""Portals and partners in the manifests: their KafkaUsers say by a label what they are, and that says what they may do."""

from __future__ import annotations

from deploy.checks.generic.objects import Document, Objects, name_of, text
from deploy.checks.product.processes import STORES_AND_TOPICS, ContainerProcess
from marktplatz.assembly import RoleName, ServiceName

Right = tuple[str, str, str]
"""Resource type, name and operation."""

COMPONENT = "app.kubernetes.io/component"
PORTAL, PARTNER = "portal", "partner"
_FOLLOWED = ("catalog.offering.v1", "catalog.known-service.v1", "catalog.checkpoint.v1")
REPORTED = "catalog.portal-health.v1"
"""What portals write of themselves, and nobody else."""


def partners(objects: Objects) -> list[str]:
    """Return the names of the partners' users in an overlay."""
    return [name_of(it) for it in objects.of("KafkaUser") if _part(it) == PARTNER]


def rights_outside(user: Document) -> set[Right] | None:
    """Return the exact rights of a portal or partner, None for a user of ours.

    It shares nothing with ``shared/principals.py``, from which the users are made: what one side gets wrong, the other shows.
    """
    name = name_of(user)
    if _part(user) == PORTAL:
        rights = {("topic", it, operation) for it in _FOLLOWED for operation in ("Describe", "Read")}
        rights |= {("topic", REPORTED, operation) for operation in ("Describe", "Write")}
        return rights | {("group", f"portal.{name}", "Read")}
    if _part(user) == PARTNER:
        rights = {("topic", f"partner.{name}.orders.v1", operation) for operation in ("Describe", "Write")}
        rights |= {("topic", f"partner.{name}.receipts.v1", operation) for operation in ("Describe", "Read")}
        return rights | {("group", f"partner.{name}", "Read")}
    return None


def rights_on_partners(process: ContainerProcess, names: list[str]) -> set[Right]:
    """Return what a process of ours may do on the topics of some partners: ordering reads their events and answers them.

    Recovery compares both topics with the store, sends receipts again, and takes groups back.
    """
    if process.command in STORES_AND_TOPICS:
        operations = ("Describe", "Read", "Write")
        return _read(names) | {("topic", f"partner.{it}.receipts.v1", operation) for it in names for operation in operations}
    if process.command != "run" or process.service != ServiceName.ORDERING:
        return set()
    rights = {("topic", f"partner.{it}.receipts.v1", operation) for it in names for operation in ("Describe", "Write")}
    if process.role is RoleName.WORKER:
        rights |= _read(names)
    return rights


def _read(names: list[str]) -> set[Right]:
    rights = {("topic", f"partner.{it}.orders.v1", operation) for it in names for operation in ("Describe", "Read")}
    return rights | {("group", f"ordering.partner.{it}", "Read") for it in names}


def _part(user: Document) -> str:
    return text(user, "metadata", "labels", COMPONENT)
