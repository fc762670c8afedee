"""The id of a group's member says which version it runs since when."""

from __future__ import annotations

import re

import pytest

from shared.release import STARTED, VERSION, ClientName, client_name, read_client_name


@pytest.mark.parametrize("process", ["ordering-worker", "efa-marktplatz", "a-v1-b"])
def test_what_a_member_states_is_read_again(process: str) -> None:
    name = client_name(process)
    assert read_client_name(name) == ClientName(process, VERSION, STARTED)
    assert re.fullmatch(r"[A-Za-z0-9._+-]+", name), "Kafka writes other letters into its metrics in another way"


@pytest.mark.parametrize("name", ["efa-marktplatz", "ordering-worker-v1", "x-v0.2.0-20261399T000000Z", ""])
def test_another_id_is_the_name_of_the_process(name: str) -> None:
    assert read_client_name(name) == ClientName(name)
