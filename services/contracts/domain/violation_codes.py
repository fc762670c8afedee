"""The stable codes of the rules of the chain that a contract can break, as they are given out."""

from __future__ import annotations

from typing import Final

TERM_INVALID: Final = "term_invalid"
STATE_INCONSISTENT: Final = "state_inconsistent"
FOUR_EYES: Final = "four_eyes"
ANNEX_MISSING: Final = "annex_missing"
AGB_NOT_IN_FORCE: Final = "agb_not_in_force"
SELF_CONTRACT: Final = "self_contract"
ANBIETER_MISMATCH: Final = "anbieter_mismatch"
CUSTOMER_NOT_ALLOWED: Final = "customer_not_allowed"
CHARGE_NOT_ALLOWED: Final = "charge_not_allowed"
SUCCESSOR_MISMATCH: Final = "successor_mismatch"
CYCLE: Final = "cycle"
LEG_ORDER: Final = "leg_order"
PARENT_UNKNOWN: Final = "parent_unknown"
CHANNEL_MIX: Final = "channel_mix"
PARTY_BREAK: Final = "party_break"
PARTY_REPEATED: Final = "party_repeated"
PARENT_NOT_CONCLUDED: Final = "parent_not_concluded"
STARTS_BEFORE_PARENT: Final = "starts_before_parent"
OUTLIVES_PARENT: Final = "outlives_parent"
GAP: Final = "gap"
SERVICE_NOT_GRANTED: Final = "service_not_granted"
PARAMETRISATION_NOT_GRANTED: Final = "parametrisation_not_granted"
TERRITORY_NOT_GRANTED: Final = "territory_not_granted"
PASSING_NOT_ALLOWED: Final = "passing_not_allowed"


def code_of(violation: str) -> str:
    """Return the stable code of a violation. Raises KeyError for one that no contract can have."""
    code: str = globals()[violation]
    return code
