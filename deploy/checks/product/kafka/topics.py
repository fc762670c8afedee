"""KafkaTopics against the registry (shared/topics.py): all of them, nothing else, exactly as declared."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import Document, Finding, Objects, mapping, name_of, number, text, where
from deploy.checks.product.kafka.cluster import replicas_of
from deploy.checks.product.kafka.outside import partners
from shared.bus.admin import Declared, settings_of
from shared.topics import DECLARED, partner_topics

COMPONENT, ALONE = "app.kubernetes.io/component", "topic"
ALL_TOPICS: tuple[Declared, ...] = DECLARED


def check_topics(objects: Objects) -> Iterator[Finding]:
    """Check the topics of an overlay that brings any; codes begin with ``topic-``."""
    declared: dict[str, Declared] = {topic.name: topic for topic in ALL_TOPICS}
    declared |= {topic.name: topic for partner in partners(objects) for topic in partner_topics(partner)}
    found = {text(it, "spec", "topicName") or name_of(it): it for it in objects.of("KafkaTopic")}
    for name in sorted(declared.keys() - found.keys()) if found or objects.of("Kafka") else ():
        yield Finding("topic-missing", objects.overlay, f"there is no KafkaTopic for {name}")
    for name, document in found.items():
        if name in declared:
            yield from _compare(document, declared[name], replicas_of(objects))
        else:
            yield Finding("topic-unknown", where(document), "the registry declares no such topic")
    yield from _alone(objects)


def _alone(objects: Objects) -> Iterator[Finding]:
    """Topics lost in a standstill are made again by their label: whatever else bears it would be applied, and start, too."""
    for document in objects:
        bears, is_topic = text(document, "metadata", "labels", COMPONENT) == ALONE, document["kind"] == "KafkaTopic"
        if bears != is_topic:
            message = (
                f"{'needs' if is_topic else 'must not bear'} the label {COMPONENT}: {ALONE}, by which topics are applied alone"
            )
            yield Finding("topic-alone", where(document), message)


def _compare(document: Document, topic: Declared, replicas: int) -> Iterator[Finding]:
    if number(document, "spec", "partitions") != topic.partitions:
        yield Finding("topic-partitions", where(document), f"partitions must be {topic.partitions}")
    if number(document, "spec", "replicas") != replicas:
        yield Finding("topic-replicas", where(document), f"replicas must be {replicas}")
    given = {key: str(value) for key, value in mapping(document, "spec", "config").items()}
    expected = settings_of(topic, replicas=replicas)
    for key in sorted(given.keys() | expected.keys()):
        if given.get(key) != expected.get(key):
            yield Finding("topic-config", where(document), f"{key} is {given.get(key)}, not {expected.get(key)}")
