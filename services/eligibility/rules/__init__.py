"""The rules, in one pure place: facts in, findings out. No I/O, no clock, no randomness."""

from services.eligibility.rules.assess import assess, worst
from services.eligibility.rules.facts import (
    Accreditation,
    Body,
    CheckRequest,
    CollectiveRelation,
    Confirmation,
    Evidence,
    Facts,
    Relation,
    RelationType,
)
from services.eligibility.rules.policy import ChannelRule, IndirectJoint, Policy, policy_of

__all__ = [
    "Accreditation",
    "Body",
    "ChannelRule",
    "CheckRequest",
    "CollectiveRelation",
    "Confirmation",
    "Evidence",
    "Facts",
    "IndirectJoint",
    "Policy",
    "Relation",
    "RelationType",
    "assess",
    "policy_of",
    "worst",
]
