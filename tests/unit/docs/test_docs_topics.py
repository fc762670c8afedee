"""The README names for each service the topics that it writes and reads."""

from __future__ import annotations

import re

import pytest

from marktplatz.names import ServiceName
from shared.messages.values import Channel
from shared.topics import TOPICS
from tests.support.documents import ROOT

SERVICES = [it.value for it in ServiceName if it is not ServiceName.ALL]
OF_A_PARTNER = "partner.<id>."
"""Topics that the registry of partner systems makes."""


def cells(service: str) -> list[set[str]]:
    """Return the names of topics in the two last cells of a service's row."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| `services/{service}` \|.*$", page, re.MULTILINE)
    return [_names(cell) for cell in row.strip("|").split("|")[2:]]


def _names(cell: str) -> set[str]:
    names = [name for name in re.findall(r"`([^`]+\.v\d+)`", cell) if not name.startswith(OF_A_PARTNER)]
    return {name.replace("<channel>", channel.value) for name in names for channel in Channel}


@pytest.mark.parametrize("service", SERVICES)
def test_the_readme_names_the_topics_of_each_service(service: str) -> None:
    writes = {topic.name for topic in TOPICS if topic.producer == service}
    reads = {topic.name for topic in TOPICS if any(group.startswith(f"{service}.") for group in topic.consumers)}
    assert cells(service) == [writes, reads]
