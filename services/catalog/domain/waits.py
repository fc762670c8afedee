"""What an offer waits for at the Anbieter of its channels, since when, and which of their reminders were given."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.messages.base import Value
from shared.messages.values import Channel, Time


class Task(StrEnum):
    """What the Anbieter of a channel is waited for with."""

    EXAMINE_FORM = "examine_form"
    EXAMINE_VERSION = "examine_version"


class Wait(Value):
    """That an offer waits for the Anbieter of a channel."""

    channel: Channel
    task: Task
    since: Time


class HandedIn(Value):
    """That the form of a public offer came to the Anbieter of a channel, for the first time or again."""

    channel: Channel
    at: Time


class Reminded(Value):
    """That so many reminders of the wait at a channel that began then were given, the last one at a moment."""

    channel: Channel
    since: Time
    count: Annotated[int, Field(ge=1)]
    at: Time
