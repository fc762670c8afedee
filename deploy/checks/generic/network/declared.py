"""A file of declared flows, read strictly."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy.checks.generic.network.policies import Port

OWN = "own"
EVERY_POD, EVERY_PEER = "every-pod", "every-peer"

PortText = Annotated[str, Field(pattern=r"^\d+(/UDP)?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class OperatorPod(_Strict):
    """A pod that an operator makes from a custom resource ``of`` some kind; ``{name}`` is the resource's name.

    ``part`` is what the resource's spec must have for the pod to be made.
    """

    name: str
    of: str
    part: str = ""
    labels: dict[str, str]
    ports: dict[str, PortText]


class Place(_Strict):
    """A rule of a policy of the overlay: who is named there is the peer. ``rule`` is direction/index."""

    policy: str
    rule: Annotated[str, Field(pattern=r"^(ingress|egress)/\d+$")] = "egress/0"


class Peer(_Strict):
    """Somebody outside of the overlay: a pod of another namespace (``own``: a stray pod in ours), or addresses.

    ``at``: where the overlay's own policy says, the first of these that there is; without one ``namespace`` or ``otherwise``.
    ``beside``: in the namespace of another peer, that stands before it in the file. ``blocks``: addresses as in an ``ipBlock``.
    """

    name: str
    namespace: str = ""
    labels: dict[str, str] = {}
    beside: str = ""
    at: tuple[Place, ...] = ()
    blocks: tuple[dict[str, Any], ...] = ()
    otherwise: tuple[dict[str, Any], ...] = ()
    ports: dict[str, PortText] = {}


class Flow(_Strict):
    """A flow that must be open where both ends exist, with one of the objects ``with`` and none of ``without``.

    Objects are a kind, or kind/name. ``open`` is a policy that must be left open to every address for the flow to count.
    ``ports_at``: the policy of the overlay whose first rule out names the ports, instead of ``ports``.
    """

    from_: Annotated[tuple[str, ...], Field(alias="from")]
    to: tuple[str, ...]
    ports: tuple[PortText, ...] = ()
    ports_at: Annotated[str, Field(alias="ports-at")] = ""
    with_: Annotated[tuple[str, ...], Field(alias="with")] = ()
    without: tuple[str, ...] = ()
    open: str = ""
    why: str

    @model_validator(mode="after")
    def _one_source_of_ports(self) -> Self:
        if bool(self.ports) == bool(self.ports_at):
            raise ValueError("name either ports or ports-at")
        return self


class Declared(_Strict):
    """The whole file. All that is not declared must be closed.

    ``everywhere`` annotates a policy that knows no address yet; who narrows the policy for good takes it away.
    """

    everywhere: dict[str, str] = {}
    groups: dict[str, tuple[str, ...]]
    pods: tuple[OperatorPod, ...]
    peers: tuple[Peer, ...]
    flows: tuple[Flow, ...]

    def names(self, given: Iterable[str]) -> set[str]:
        """Return endpoint names with groups resolved, groups of groups too."""
        found: set[str] = set()
        for name in given:
            found |= self.names(self.groups[name]) if name in self.groups else {name}
        return found


@lru_cache(maxsize=1)
def declared(path: Path) -> Declared:
    """Return the flows that a file declares. Raises pydantic's ValidationError for a malformed one."""
    return Declared.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def port_of(given: str) -> Port:
    """Return number and protocol of a port as the file writes it: ``53/UDP``, TCP by default."""
    value, _, protocol = given.partition("/")
    return int(value), "UDP" if protocol == "UDP" else "TCP"
