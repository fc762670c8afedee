"""Registry of the channels: for each value of ``Channel`` one module of that name, holding ``RULES``.

A further Anbieter is its module here and its file in ``shared/channels``; ``make generated`` writes the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from pydantic import ValidationError

from services.contracts.chain.channel import Channel as ChainChannel
from services.contracts.chain.contract import LEGS
from services.contracts.domain.agb import AgbInForce, AgbSet
from services.contracts.domain.agreed import LegTerms
from services.contracts.domain.rules import ChannelRules, Terms
from services.contracts.numbering import NumberFormat
from shared.channels import channel_file
from shared.errors import InvalidError
from shared.messages.contracts import Leg
from shared.messages.values import Channel


def rules_of(channel: Channel) -> ChannelRules:
    """Return the rules of a channel. Raises ModuleNotFoundError without its module, TypeError if that holds none of its own."""
    rules = getattr(import_module(f"{__name__}.{channel.value}"), "RULES", None)
    if not isinstance(rules, ChannelRules) or rules.channel is not channel:
        raise TypeError(f"module {__name__}.{channel.value} must hold RULES of the channel {channel.value}")
    return rules


def load_terms(
    agb_folder: Path | None, number_formats: Mapping[Channel, NumberFormat], automatic: Mapping[Channel, int] | None = None
) -> dict[Channel, Terms]:
    """Return the terms of all channels. ``number_formats`` replace those of the modules.

    ``automatic`` replaces the sums up to which the processors countersign by themselves.

    ``agb_folder`` holds ``<channel>.json`` with the AGB of each channel; without it those of the channels' own files count.
    Raises ValueError if two channels would write their numbers alike or a file speaks of another channel, OSError if a file
    is missing, InvalidError for an unfit file of a channel.
    """
    terms: dict[Channel, Terms] = {}
    for channel in Channel:
        rules = rules_of(channel)
        rules = replace(rules, number_format=number_formats.get(channel, rules.number_format))
        agb = _agb(channel) if agb_folder is None else _agb_in(agb_folder, channel)
        if agb.channel is not channel:
            raise ValueError(f"AGB file of {channel.value} speaks of {agb.channel.value}")
        terms[channel] = Terms(rules, agb, _agreed(channel), (automatic or {}).get(channel, _automatic_up_to(channel)))
    patterns = [item.rules.number_format.pattern for item in terms.values()]
    if len(set(patterns)) != len(patterns):
        raise ValueError(f"two channels have the same number format: {', '.join(patterns)}")
    return terms


def chain_channel(terms: Terms) -> ChainChannel:
    """Return what contracts of a chain through a channel must keep to. Raises InvalidError if its file does not state it."""
    file = channel_file(terms.channel.value)
    agb = {leg: [_version(entry) for entry in terms.agb.of_leg(leg)] for leg in LEGS}
    try:
        return ChainChannel.model_validate(
            {
                "id": file.channel,
                "anbieter": file.channel,
                "name": file.name,
                "number_format": terms.rules.number_format.pattern,
                "leg_names": {leg.value: name for leg, name in terms.rules.contract_names.items()},
                "agb": {leg: versions for leg, versions in agb.items() if versions},
                **file.contracts.get("chain", {}),
            }
        )
    except ValidationError as error:
        raise InvalidError(
            f"{file.channel}.json: what contracts of a chain must keep to is missing or malformed: {error}",
            code="channel_file_invalid",
            channel=file.channel,
        ) from error


def _version(entry: AgbInForce) -> dict[str, str | None]:
    return {
        "version": entry.version,
        "valid_from": entry.valid_from.isoformat(),
        "valid_to": None if entry.valid_to is None else entry.valid_to.isoformat(),
    }


def _agreed(channel: Channel) -> dict[Leg, LegTerms]:
    """Return what the file of a channel states for each leg. Raises InvalidError without the upper two legs."""
    stated = {leg: found for leg, found in channel_file(channel.value).contracts.get("terms", {}).items() if leg in LEGS}
    try:
        agreed = {Leg(leg): LegTerms.model_validate(found) for leg, found in stated.items()}
    except ValidationError as error:
        raise _unfit(channel, str(error)) from error
    root = agreed.get(Leg.BEREITSTELLUNG)
    if root is None or root.territory is None or Leg.NACHNUTZUNG not in agreed:
        raise _unfit(channel, "BEREITSTELLUNG with a territory and NACHNUTZUNG are needed")
    return agreed


def _automatic_up_to(channel: Channel) -> int | None:
    limit = channel_file(channel.value).contracts.get("signing", {}).get("automatic_up_to_cents")
    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise _unfit(channel, f"signing.automatic_up_to_cents is {limit!r}")
    return limit


def _unfit(channel: Channel, why: str) -> InvalidError:
    return InvalidError(
        f"{channel.value}.json: the terms agreed in contracts are missing or malformed: {why}",
        code="channel_file_invalid",
        channel=channel.value,
    )


def _agb(channel: Channel) -> AgbSet:
    return AgbSet(channel=channel, versions=channel_file(channel.value).contracts["agb"])


def _agb_in(folder: Path, channel: Channel) -> AgbSet:
    return AgbSet.model_validate_json((folder / f"{channel.value}.json").read_bytes())
