"""Makes the declared topics and keeps them as declared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from shared.bus.dead_letters.letter import LETTER_BYTES
from shared.bus.settings import KafkaSettings, milliseconds
from shared.errors import BusUnavailableError, MarktplatzError, NotFoundError
from shared.topics import DECLARED, CleanupPolicy, DeadLetterTopic, ReplayTopic, Topic

_VISIBLE_SECONDS = 30
_LOOK_SECONDS = 0.1

log = structlog.get_logger()

Declared = Topic | DeadLetterTopic | ReplayTopic


class BusUnfitError(MarktplatzError):
    """A topic differs from its declaration in a way that must not be mended silently; ``detail`` names it."""

    code = "bus_unfit"


def settings_of(topic: Declared, *, replicas: int = 3) -> dict[str, str]:
    """Return the Kafka settings that a declared topic must have."""
    safety = {"min.insync.replicas": "2" if replicas > 2 else "1"}  # noqa: PLR2004 - a majority of three
    if isinstance(topic, DeadLetterTopic | ReplayTopic):
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(milliseconds(topic.retention)),
            "max.message.bytes": str(LETTER_BYTES),
            **safety,
        }
    limits = {"cleanup.policy": topic.keep.value, "max.message.bytes": str(topic.max_message_bytes), **safety}
    if topic.keep is CleanupPolicy.COMPACT:
        return {
            **limits,
            "delete.retention.ms": str(milliseconds(topic.tombstone_retention)),
            "min.compaction.lag.ms": str(milliseconds(topic.compaction_lag)),
        }
    if topic.append_time:
        limits["message.timestamp.type"] = "LogAppendTime"
    return {**limits, "retention.ms": str(milliseconds(topic.retention))}


async def create_topics(settings: KafkaSettings, *, replicas: int = 3, topics: Iterable[Declared] = DECLARED) -> list[str]:
    """Create what is missing, bring settings in line, and return the names of the topics created. Safe to repeat.

    ``replicas`` is 1 for a broker that stands alone. Raises BusUnfitError if a topic has another number of partitions than
    declared (more of them would scatter its keys), BusUnavailableError if the broker does not answer.
    """
    declared = {topic.name: topic for topic in topics}
    async with _Admin(settings) as admin:
        missing = [topic for topic in declared.values() if topic.name not in await admin.list_topics()]
        created = await _create(admin, missing, replicas)
        problems = await _differences(admin, declared, replicas)
        wrong = {name: changes for name, changes in problems.items() if "partitions" in changes}
        if wrong:
            raise BusUnfitError(f"topics differ from their declaration: {_describe(wrong)}", topics=sorted(wrong))
        await _alter(admin, [declared[name] for name in problems], replicas)
        await _in_line(admin, {name: declared[name] for name in problems}, replicas)
    return created


async def verify_topics(
    settings: KafkaSettings, *, replicas: int = 3, topics: Iterable[Declared] = DECLARED
) -> dict[str, dict[str, str]]:
    """Return per topic how it differs from its declaration, as ``{setting: "present, not declared"}``; empty if nothing does."""
    async with _Admin(settings) as admin:
        return await _differences(admin, {topic.name: topic for topic in topics}, replicas)


async def delete_topics(settings: KafkaSettings, names: Iterable[str]) -> list[str]:
    """Delete topics with all that lies on them, and return the names of those that there were. Safe to repeat.

    Raises BusUnfitError if the broker refuses one, BusUnavailableError if it does not answer.
    """
    async with _Admin(settings) as admin:
        present = set(await admin.list_topics())
        doomed = [name for name in names if name in present]
        response = await admin.delete_topics(doomed) if doomed else None
        for name, code in response.topic_error_codes if response is not None else ():
            if code and for_code(code) is not UnknownTopicOrPartitionError:
                raise BusUnfitError(f"topic {name} could not be deleted: {for_code(code).__name__}", topic=name)
    return doomed


async def partitions_of(settings: KafkaSettings, topic: str) -> list[int]:
    """Return the partition numbers of a topic. Raises NotFoundError, BusUnavailableError."""
    async with _Admin(settings) as admin:
        present = {found["topic"]: found for found in await admin.describe_topics()}
    if topic not in present:
        raise NotFoundError(f"there is no topic {topic}", topic=topic)
    return sorted(partition["partition"] for partition in present[topic]["partitions"])


class _Admin:
    """An admin client for the time of a block; the broker's silence becomes BusUnavailableError."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._client = AIOKafkaAdminClient(**settings.connection())

    async def __aenter__(self) -> AIOKafkaAdminClient:
        try:
            await self._client.start()
        except (KafkaError, OSError) as error:
            await self._client.close()
            raise BusUnavailableError("the broker does not answer") from error
        return self._client

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        await self._client.close()
        if isinstance(error, KafkaError | TimeoutError):
            raise BusUnavailableError(f"the broker refused: {type(error).__name__}") from error


async def _create(admin: AIOKafkaAdminClient, missing: list[Declared], replicas: int) -> list[str]:
    if not missing:
        return []
    response = await admin.create_topics(
        [
            NewTopic(topic.name, topic.partitions, replicas, topic_configs=settings_of(topic, replicas=replicas))
            for topic in missing
        ]
    )
    created: list[str] = []
    for name, code, *_ in response.topic_errors:
        error = for_code(code)
        if error is NoError:
            created.append(name)
        elif error is not TopicAlreadyExistsError:
            raise BusUnfitError(f"topic {name} could not be created: {error.__name__}", topic=name)
    await _visible(admin, {topic.name for topic in missing})
    log.info("topics_created", topics=created)
    return created


async def _visible(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """Wait until every broker that is asked knows the topics and who leads their partitions."""
    async with asyncio.timeout(_VISIBLE_SECONDS):
        while True:
            present = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}
            led = {name for name in names & present.keys() if all(part["leader"] >= 0 for part in present[name])}
            if led == names:
                return
            await asyncio.sleep(_LOOK_SECONDS)


async def _in_line(admin: AIOKafkaAdminClient, altered: dict[str, Declared], replicas: int) -> None:
    """Wait until the broker shows the settings that it has just been given."""
    async with asyncio.timeout(_VISIBLE_SECONDS):
        while True:
            if not altered or not await _differences(admin, altered, replicas):
                return
            await asyncio.sleep(_LOOK_SECONDS)


async def _differences(admin: AIOKafkaAdminClient, declared: dict[str, Declared], replicas: int) -> dict[str, dict[str, str]]:
    present: dict[str, dict[str, Any]] = {topic["topic"]: topic for topic in await admin.describe_topics()}
    configs = await _configs(admin, [name for name in declared if name in present])
    found: dict[str, dict[str, str]] = {}
    for name, topic in declared.items():
        changes: dict[str, str] = {}
        if name not in present:
            found[name] = {"topic": "missing"}
            continue
        partitions = len(present[name]["partitions"])
        if partitions != topic.partitions:
            changes["partitions"] = f"{partitions}, not {topic.partitions}"
        for setting, value in settings_of(topic, replicas=replicas).items():
            if configs[name].get(setting) != value:
                changes[setting] = f"{configs[name].get(setting)}, not {value}"
        if changes:
            found[name] = changes
    return found


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]} for response in responses for resource in response.resources
    }


async def _alter(admin: AIOKafkaAdminClient, topics: list[Declared], replicas: int) -> None:
    if not topics:
        return
    responses = await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic.name, settings_of(topic, replicas=replicas)) for topic in topics]
    )
    for response in responses:
        for code, _, _, name in response.resources:
            if code:
                raise BusUnfitError(f"topic {name} could not be brought in line: {for_code(code).__name__}", topic=name)
    log.info("topics_altered", topics=[topic.name for topic in topics])


def _describe(problems: dict[str, dict[str, str]]) -> str:
    return "; ".join(
        f"{name} has {', '.join(f'{key} {text}' for key, text in found.items())}" for name, found in problems.items()
    )
