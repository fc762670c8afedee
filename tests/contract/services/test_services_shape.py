"""Every service has the same files, and they hold the same: the names that one looks for have one place."""

from __future__ import annotations

import pytest

from tests.contract.services.shape import PACKAGES, faults_of


@pytest.mark.parametrize("name", PACKAGES)
def test_every_service_has_the_one_shape(name: str) -> None:
    assert faults_of(name) == []
