"""Settings of the eligibility service."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.eligibility.rules import IndirectJoint, Policy, policy_of
from shared.channels import channel_file
from shared.messages.values import Channel

RULE_SETS = Path(__file__).parent / "rule_sets"


class Settings(BaseSettings):
    """From ``ELIGIBILITY_…`` variables.

    ``rule_set`` names the file of the legal rules; ``indirect_joint`` replaces its answer to that disputed question.
    ``accreditation_term`` is how long a grant lasts if the Anbieter names no end.
    """

    model_config = SettingsConfigDict(env_prefix="ELIGIBILITY_", extra="ignore")

    rule_set: str = "gwb108-2016"
    indirect_joint: IndirectJoint | None = None
    accreditation_term: timedelta = timedelta(days=730)
    expiry_every: timedelta = timedelta(minutes=10)

    def policy(self) -> Policy:
        """Return the rule set. Raises OSError, KeyError or ValueError if its file or that of a channel is missing or unfit."""
        data = json.loads((RULE_SETS / f"{self.rule_set}.json").read_text(encoding="utf-8"))
        if self.indirect_joint is not None:
            data["indirect_joint"] = self.indirect_joint
        return policy_of(data, [channel_file(channel.value) for channel in Channel])
