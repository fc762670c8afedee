"""The page on the main flow names the messages, topics and groups that there are."""

from __future__ import annotations

import re

from shared.messages.base import message_types, tombstone_types
from shared.messages.values import Channel
from shared.topics import NOTIFY, TOPICS
from tests.support.documents import ROOT

PAGE = (ROOT / "docs" / "architecture" / "main-flow.md").read_text(encoding="utf-8")
_CAMEL = re.compile(r"\b(?:[A-Z][a-z]+){2,}\b")
_DIAGRAM = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)


def hops() -> list[tuple[str, str, str, str, str]]:
    """Return the hops of the table: producer, topic, messages, group and style; those of a channel once for each."""
    lines = PAGE.partition("## Hops")[2].partition("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][1:]
    found = []
    for producer, topic, _, messages, group, _, style in rows:
        if group.strip("`") != NOTIFY:
            channels = [channel.value for channel in Channel] if "<channel>" in topic + group else [""]
            names = [[cell.strip("`").replace("<channel>", channel) for cell in (topic, group)] for channel in channels]
            found += [(producer, name, messages, reader, style) for name, reader in names]
    return found


def test_every_message_of_the_diagrams_and_hops_exists() -> None:
    known = {message.__name__ for message in (*message_types().values(), *tombstone_types().values())}
    drawn = {name for diagram in _DIAGRAM.findall(PAGE) for name in _CAMEL.findall(diagram)}
    listed = {name for _, _, messages, _, _ in hops() for name in _CAMEL.findall(messages)}
    assert drawn
    assert listed
    assert (drawn | listed) - known == set()


def test_the_hops_are_the_topics_that_a_service_other_than_notify_reads() -> None:
    ours = [topic for topic in TOPICS if not topic.many_writers]
    read = {(topic.producer, topic.name, group) for topic in ours for group in topic.consumers if group != NOTIFY}
    assert {(producer, topic, group) for producer, topic, _, group, _ in hops()} == read


def test_the_page_calls_commands_what_travels_on_request_topics() -> None:
    assert {topic for _, topic, _, _, style in hops() if style == "command"} == {topic.name for topic in TOPICS if topic.commands}
