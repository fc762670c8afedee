"""Links of a plan: an existing contract or accession with its status on a day, or one that is still to be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.contracts.chain.channel import Channel
from services.contracts.chain.contract import LEGS, Accession, Act, Contract, Leg
from services.contracts.chain.days import shown

RANKS: Final = {
    "OK": 0,
    "NOT_YET": 1,
    "UNSIGNED": 2,
    "ACT_MISSING": 3,
    "VIOLATED": 4,
    "ENDED": 5,
    "VOID": 6,
    "NO_CONTRACT": 7,
}


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its leg or BEITRITT, the id of what exists, its status, and who has to do what for it until when.

    ``grantee``: organisation to which an existing contract passes the use on.
    """

    link: str
    id: str | None
    status: str
    actor: str | None = None
    action: str | None = None
    date: str | None = None
    violations: tuple[str, ...] = ()
    grantee: str | None = None

    @property
    def open(self) -> bool:
        """Whether something is still missing."""
        return self.status != "OK"

    def as_planned(self) -> dict[str, str | None]:
        """Return it as a part of a plan."""
        return {"link": self.link, "id": self.id, "status": self.status}

    def as_open(self) -> dict[str, Any]:
        """Return it as something to do."""
        return {
            "link": self.link,
            "id": self.id,
            "reason": self.status,
            "actor": self.actor,
            "action": self.action,
            "date": self.date,
            "violations": list(self.violations),
        }


def link_of(contract: Contract, channel: Channel, violated: Sequence[str], day: str) -> Link:
    """Return the link of a contract on a day. ``channel`` is its own, ``violated`` the codes without days, sorted."""
    status, actor, action, date = _status(contract, channel, violated, day)
    codes = tuple(violated) if status == "VIOLATED" else ()
    return Link(contract.leg, contract.id, status, actor, action, date, codes, contract.grantee)


def _status(
    contract: Contract, channel: Channel, violated: Sequence[str], day: str
) -> tuple[str, str | None, str | None, str | None]:
    renewing = contract.grantor if contract.leg == "BEREITSTELLUNG" else contract.grantee
    if not contract.live:
        return "VOID", renewing, "RENEW", None
    if not contract.begins or contract.end < day:
        return "ENDED", renewing, "RENEW", shown(contract.end)
    if violated:
        return "VIOLATED", contract.grantor, "REPAIR", None
    to_come = contract.valid_from if day < contract.valid_from else None
    if not contract.binding:
        draft = contract.state == "ENTWURF"
        actor, action = (contract.grantor, "OFFER") if draft else (_next_signer(contract, channel), "SIGN")
        return "UNSIGNED", actor, action, to_come
    if to_come is not None:
        return "NOT_YET", None, "WAIT", to_come
    return "OK", None, None, None


def _next_signer(contract: Contract, channel: Channel) -> str:
    if not contract.signatures:
        return contract.party(channel.signs_first(contract.leg))
    return contract.party("grantee" if contract.signatures[0].side == "grantor" else "grantor")


def link_of_accession(accession: Accession, day: str) -> Link:
    """Return the link of an accession without violations on a day."""
    if accession.term.last < day:
        return Link("BEITRITT", accession.id, "ENDED", accession.org, "ACCEDE", shown(accession.term.last))
    if day < accession.valid_from:
        return Link("BEITRITT", accession.id, "NOT_YET", None, "WAIT", accession.valid_from)
    return Link("BEITRITT", accession.id, "OK")


def provide(bereitsteller: str) -> Link:
    """Return the link of a Bereitstellungsvertrag that is still to be concluded."""
    return Link("BEREITSTELLUNG", None, "NO_CONTRACT", bereitsteller, "PROVIDE")


def order(actor: str | None) -> Link:
    """Return the link of a Nachnutzungsvertrag that ``actor`` still has to order."""
    return Link("NACHNUTZUNG", None, "NO_CONTRACT", actor, "ORDER")


def missing_act(act: Act, above: Leg, org: str) -> Link:
    """Return what a body still has to do itself under a contract of the leg ``above``."""
    if act == "BEITRITT":
        return Link("BEITRITT", None, "ACT_MISSING", org, "ACCEDE")
    return Link(LEGS[LEGS.index(above) + 1], None, "ACT_MISSING", org, "ORDER_SUB")


Plan = tuple[Link, ...]
Key = tuple[int, tuple[int, ...], int, tuple[str, ...]]


def key_of(plan: Plan) -> Key:
    """Return by what plans are compared: open links, their ranks from the worst, links that are OK, ids of what exists."""
    ranks = sorted((RANKS[link.status] for link in plan if link.open), reverse=True)
    return len(ranks), tuple(ranks), len(ranks) - len(plan), tuple(link.id for link in plan if link.id is not None)


def verdict_of(plan: Plan) -> tuple[str, str | None]:
    """Return the status of a plan, and for LICENSED_ACT_MISSING whose contract licenses the use."""
    open_ = [place for place, link in enumerate(plan) if link.open]
    if not open_:
        return "COMPLETE", None
    if len(open_) == 1 and plan[open_[0]].status == "ACT_MISSING":
        return "LICENSED_ACT_MISSING", plan[open_[0] - 1].grantee
    return "INCOMPLETE", None


def answer_of(channel: str, plan: Plan) -> Mapping[str, Any]:
    """Return the answer for a channel with its best plan."""
    status, licensed_by = verdict_of(plan)
    return {
        "channel": channel,
        "status": status,
        "licensed_by": licensed_by,
        "plan": [link.as_planned() for link in plan],
        "open": [link.as_open() for link in plan if link.open],
    }
