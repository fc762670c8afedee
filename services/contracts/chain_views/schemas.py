"""What the routes about chains answer."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from services.contracts.accessions.schemas import AccessionView
from services.contracts.chain_views.licence import Licence
from services.contracts.chain_views.tree import Node, Tree
from services.contracts.domain.transitions import ContractState
from shared.messages.contracts import Leg
from shared.messages.values import Channel, Party

LinkStatus = Literal["OK", "NOT_YET", "UNSIGNED", "ACT_MISSING", "VIOLATED", "ENDED", "VOID", "NO_CONTRACT"]
LinkKind = Literal["BEREITSTELLUNG", "NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG", "BEITRITT"]
LicenceStatus = Literal["COMPLETE", "LICENSED_ACT_MISSING", "INCOMPLETE"]
Action = Literal["WAIT", "OFFER", "SIGN", "ACCEDE", "ORDER_SUB", "REPAIR", "RENEW", "PROVIDE", "ORDER"]

_LICENCE: dict[str, JsonValue] = {
    "organisation": {"id": "010020000000", "name": "Kiel, Landeshauptstadt"},
    "offering_id": "1e2223c7-801c-5113-bfb4-1b999d81a5e6",
    "on": "2026-12-01",
    "complete": False,
    "best": "fitko",
    "channels": [
        {
            "channel": "fitko",
            "status": "LICENSED_ACT_MISSING",
            "licensed_by": {"id": "DE-SH", "name": "Schleswig-Holstein"},
            "plan": [
                {"link": "BEREITSTELLUNG", "id": "5f0f8c1e-2b7a-5b1e-9c55-0e7f4d1d2a10", "status": "OK"},
                {"link": "NACHNUTZUNG", "id": "91078be3-7731-5094-bb8a-13bdc94e1a42", "status": "OK"},
                {"link": "BEITRITT", "id": None, "status": "ACT_MISSING"},
            ],
            "open": [
                {
                    "link": "BEITRITT",
                    "id": None,
                    "reason": "ACT_MISSING",
                    "actor": {"id": "010020000000", "name": "Kiel, Landeshauptstadt"},
                    "action": "ACCEDE",
                    "date": None,
                    "violations": [],
                }
            ],
        }
    ],
}


class ChainNode(BaseModel):
    """A contract of a chain, what rests on it, and who has acceded to it.

    Number and parties are null where the caller is neither party nor Anbieter nor Bereitsteller of the contract.
    """

    id: str
    leg: Leg
    state: ContractState
    number: str | None
    grantor: Party | None
    grantee: Party | None
    valid_from: date
    last_day: date | None
    accessions: list[AccessionView]
    below: list[ChainNode]

    @classmethod
    def of(cls, node: Node) -> ChainNode:
        """Return the view of a contract in its place."""
        contract = node.contract
        return cls(
            id=contract.id,
            leg=contract.leg,
            state=contract.state,
            number=contract.number if node.seen else None,
            grantor=contract.grantor if node.seen else None,
            grantee=contract.customer if node.seen else None,
            valid_from=contract.valid_from,
            last_day=contract.last_day,
            accessions=[AccessionView.of(accession) for accession in node.accessions],
            below=[cls.of(below) for below in node.below],
        )


class ChainView(BaseModel):
    """The chain of a contract from its root. ``cut``: more rests on it than is shown; ``GET /v1/contracts`` lists all of it."""

    root: ChainNode
    cut: bool

    @classmethod
    def of(cls, tree: Tree) -> ChainView:
        """Return the view of a chain."""
        return cls(root=ChainNode.of(tree.root), cut=tree.cut)


class PlannedLink(BaseModel):
    """A link of a plan: an existing contract or accession, or one that is still to be made (``id`` null)."""

    link: LinkKind
    id: str | None
    status: LinkStatus


class OpenLink(BaseModel):
    """What is still to be done: by whom, and from or since when. ``violations``: rules that the contract breaks."""

    link: LinkKind
    id: str | None
    reason: LinkStatus
    actor: Party | None
    action: Action
    date: str | None
    violations: list[str]


class ChannelLicence(BaseModel):
    """The best way to use an offer through one channel.

    LICENSED_ACT_MISSING: ``licensed_by`` (such as the Land) has a contract that covers the body, which has only to do the open
    act itself.
    """

    channel: Channel
    status: LicenceStatus
    licensed_by: Party | None
    plan: list[PlannedLink]
    open: list[OpenLink]


class LicenceView(BaseModel):
    """Whether a body may use an offer on a day, and what is still to do. ``best``: the channel with the least to do."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [_LICENCE]})

    organisation: Party
    offering_id: str
    on: date
    complete: bool
    best: Channel
    channels: list[ChannelLicence]

    @classmethod
    def of(cls, body: Party, offering_id: str, on: date, found: Licence) -> LicenceView:
        """Return the view of an answer."""

        def party(key: str | None) -> Party | None:
            return None if key is None else found.parties.get(key, Party(id=key, name=key))

        def channel(answer: dict[str, Any]) -> dict[str, Any]:
            open_ = [{**link, "actor": party(link["actor"])} for link in answer["open"]]
            return {**answer, "licensed_by": party(answer["licensed_by"]), "open": open_}

        given = {**found.answer, "channels": [channel(answer) for answer in found.answer["channels"]]}
        return cls.model_validate({"organisation": body, "offering_id": offering_id, "on": on, **given})
