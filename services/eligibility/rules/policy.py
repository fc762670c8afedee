"""The part of the rules that is data: who may use which channel, and how disputed questions are answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.channels import ChannelFile
from shared.messages.values import Channel, OrganisationType, Role


class IndirectJoint(StrEnum):
    """How indirect joint control (Kommune -> Verband -> IT provider) is judged; courts have not settled it."""

    ACCEPT = "ACCEPT"
    STRICT = "STRICT"


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """Portal rule of one channel: its Anbieter and the kinds of bodies that may order from it or provide through it."""

    anbieter: str
    anbieter_name: str
    customers: frozenset[OrganisationType]
    providers: frozenset[OrganisationType]
    customers_text: str
    providers_text: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule set. ``customer_roles`` are the accreditations with which a body may order; empty: none is asked for."""

    rule_set: str
    indirect_joint: IndirectJoint
    customer_roles: tuple[Role, ...]
    channels: Mapping[Channel, ChannelRule]


def policy_of(data: Mapping[str, Any], files: Iterable[ChannelFile]) -> Policy:
    """Return the policy written in a rule set and in the files of the channels.

    Raises KeyError or ValueError if a part is missing or unknown.
    """
    return Policy(
        rule_set=data["rule_set"],
        indirect_joint=IndirectJoint(data["indirect_joint"]),
        customer_roles=tuple(Role(role) for role in data["customer_roles"]),
        channels={Channel(file.channel): _channel_rule(file) for file in files},
    )


def _channel_rule(file: ChannelFile) -> ChannelRule:
    rule = dict(file.eligibility)
    found = ChannelRule(
        anbieter=file.channel,
        anbieter_name=file.short_name,
        customers=frozenset(OrganisationType(kind) for kind in rule.pop("customers")),
        providers=frozenset(OrganisationType(kind) for kind in rule.pop("providers")),
        customers_text=rule.pop("customers_text"),
        providers_text=rule.pop("providers_text"),
    )
    if rule:
        raise ValueError(f"the file of the channel {file.channel} says under 'eligibility' what nobody reads: {', '.join(rule)}")
    return found
