"""What the pages read of eligibility: the public rules of the channels."""

from __future__ import annotations

from services.portal.apis.client import Api, Reply, segment


class Channel(Reply):
    """A channel: its Anbieter, and the types of bodies that do not order there directly."""

    channel: str
    name: str
    excluded_types: tuple[str, ...]


class Channels(Reply):
    """All channels."""

    items: tuple[Channel, ...]


class Code(Reply):
    """What a rule may find: the verdicts that follow, and when (German)."""

    code: str
    outcomes: tuple[str, ...]
    condition: str


class Law(Reply):
    """The law that a rule rests on."""

    law: str


class Rule(Reply):
    """A rule of the pre-check; title and ``asked`` are German."""

    rule: str
    title: str
    asked: tuple[str, ...]
    laws: tuple[Law, ...]
    codes: tuple[Code, ...]


class ChannelRules(Channel):
    """A channel with all its rules."""

    rules: tuple[Rule, ...]


class Lacking(Reply):
    """What is missing before a body can order, in German, and who has to act on it."""

    reason: str
    remedy: str | None
    who: str


class Advice(Reply):
    """Whether the caller's organisation may order an offer through a channel now, and what is missing."""

    channel: str
    may: bool
    verdict: str
    lacking: tuple[Lacking, ...]


class Checks(Reply):
    """The pre-check of an offer for the caller's organisation, per channel."""

    channels: tuple[Advice, ...] | None


class Eligibility:
    """Eligibility as the pages ask it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def channels(self) -> tuple[Channel, ...]:
        """Return all channels. Raises as ``Api.get``."""
        return (await self._api.get("/v1/channels", Channels)).items

    async def channel(self, channel: str) -> ChannelRules:
        """Return a channel with its rules. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/channels/{segment(channel)}", ChannelRules)

    async def advice(self, token: str, offering_id: str) -> tuple[Advice, ...]:
        """Return the pre-check of an offer for the caller's organisation, per channel. Raises as ``Api.get``."""
        found = await self._api.ask("/v1/checks", Checks, token=token, body={"offering_id": offering_id})
        return found.channels or ()
