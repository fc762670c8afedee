"""A process that follows no rights closes no channel, and one that has not read them yet decides nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.catalog.accreditations import Accreditations
from shared.rights.errors import RightsUnavailableError


def test_a_process_without_rights_leaves_the_standing_to_those_that_follow_them() -> None:
    accreditations = Accreditations(None, lambda: datetime(2026, 11, 29, tzinfo=UTC))
    assert accreditations.stated_if_followed("komm_one") is None
    with pytest.raises(RightsUnavailableError):
        accreditations.stated("komm_one")
