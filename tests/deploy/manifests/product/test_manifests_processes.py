"""What the checks believe of a process is what the product does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.checks.generic.quantities import quantity
from deploy.checks.product.processes import (
    STORES_AND_TOPICS,
    STORES_ONLY,
    TOPICS_AND_LETTERS,
    ArgumentsError,
    ContainerProcess,
    process_of,
    read_topics,
    written_topics,
)
from deploy.checks.product.settings import all_settings, known_variables
from marktplatz.assembly import BUILDERS, RoleName, ServiceName, assignments
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.topics import DEAD_LETTERS, RIGHTS, TOPICS, subscribed
from tests.support.memory_store import MemoryStore
from tests.support.publisher import RecordingPublisher

APIS = [ContainerProcess("run", name.value, RoleName.API) for name in BUILDERS]
DATA = Path(__file__).resolve().parents[4] / "data"
WORKERS = [
    *(ContainerProcess("run", name.value, RoleName.WORKER) for name in BUILDERS if name is not ServiceName.CONTRACTS),
    *(ContainerProcess("run", "contracts", RoleName.WORKER, channel) for channel in Channel),
]


def args(*given: str) -> dict[str, object]:
    return {"image": "efa-marktplatz", "args": list(given)}


@pytest.mark.parametrize("process", WORKERS, ids=lambda it: f"{it.service}-{it.channel or it.role}")
def test_the_groups_of_a_process_are_those_that_its_service_consumes_as(process: ContainerProcess) -> None:
    [assignment] = assignments(ServiceName(process.service), RoleName.WORKER, process.channel)
    service = assignment.build(Resources(store=MemoryStore(), publisher=RecordingPublisher(), data_dir=DATA))
    assert process.groups == {consumer.group for consumer in service.consumers}
    consumed = {topic.name for consumer in service.consumers for topic in subscribed(consumer.group)}
    followed = {topic.name for topic in TOPICS if process.service in topic.read_whole_by and process.channel is None}
    assert read_topics(process) == consumed | followed


def test_together_the_workers_read_every_group_and_write_every_topic() -> None:
    assert {group for process in WORKERS for group in process.groups} == set(DEAD_LETTERS)
    written = {topic for process in WORKERS for topic in written_topics(process)}
    ours = {topic.name for topic in TOPICS if not topic.many_writers}
    assert written == ours | {topic.name for topic in DEAD_LETTERS.values()}


def test_an_api_joins_no_group_and_that_of_contracts_writes_nothing() -> None:
    assert ContainerProcess("run", "ordering", RoleName.API).groups == frozenset()
    assert written_topics(ContainerProcess("run", "contracts", RoleName.API)) == frozenset()


@pytest.mark.parametrize("process", [*WORKERS, *APIS], ids=lambda it: f"{it.service}-{it.channel or it.role}")
def test_a_process_writes_topics_if_and_only_if_its_service_publishes(process: ContainerProcess) -> None:
    assert process.role is not None
    [assignment] = assignments(ServiceName(process.service), process.role, process.channel)
    service = assignment.build(Resources(store=MemoryStore(), publisher=RecordingPublisher(), data_dir=DATA))
    assert bool(written_topics(process)) == service.publishes
    assert process.uses_kafka


@pytest.mark.parametrize("process", [*WORKERS, *APIS], ids=lambda it: f"{it.service}-{it.channel or it.role}")
def test_every_api_and_whoever_checks_commands_of_events_follows_the_rights_and_no_other(process: ContainerProcess) -> None:
    assert process.role is not None
    [assignment] = assignments(ServiceName(process.service), process.role, process.channel)
    service = assignment.build(Resources(store=MemoryStore(), publisher=RecordingPublisher(), data_dir=DATA))
    assert (RIGHTS.name in read_topics(process)) == (assignment.api or service.checks_rights)


def test_every_command_that_is_known_by_name_exists() -> None:
    example = {
        "backup": ["/a"],
        "restore": ["/a"],
        "drill": ["/a"],
        "dlq list": ["a"],
        "dlq show": ["a", "0:1"],
        "dlq replay": ["a"],
    }
    example["mark-restored"] = ["--taken-at", "2026-11-24T01:15:00Z"]
    for command in sorted(STORES_ONLY | STORES_AND_TOPICS | TOPICS_AND_LETTERS):
        assert process_of(args(*command.split(), *example.get(command, []))).command == command


def test_arguments_are_read_as_the_command_line_reads_them() -> None:
    assert process_of(args("run", "contracts", "worker", "--channel", "fitko")) == ContainerProcess(
        "run", "contracts", RoleName.WORKER, Channel.FITKO
    )
    assert process_of(args("migrate", "catalog")) == ContainerProcess("migrate", "catalog")
    assert process_of(args("topics", "rebuild", "--no-create")) == ContainerProcess("topics rebuild", "all")
    assert process_of(args("backup", "/a", "--keep", "14")) == ContainerProcess("backup", "all")


@pytest.mark.parametrize(
    "given_",
    [
        (),
        ("--help",),
        ("rnu",),
        ("topics",),
        ("topics", "chek"),
        ("dlq", "list"),
        ("backup", "/a", "--keep", "0"),
        ("run", "ordering"),
        ("run", "orderings", "api"),
        ("run", "contracts", "worker"),
        ("run", "notify", "api", "--channel", "fitko"),
    ],
)
def test_arguments_that_the_command_line_refuses_are_refused(given_: tuple[str, ...]) -> None:
    with pytest.raises(ArgumentsError):
        process_of(args(*given_))


def test_the_variables_of_every_settings_class_are_known() -> None:
    names = {
        "MARKTPLATZ_STORE_URL",
        "MARKTPLATZ_ENVIRONMENT",
        "KAFKA_SSL_CA_FILE",
        "AUTH_JWKS_URL",
        "ORDERING_IDLE_AFTER",
        "NOTIFY_SMTP_HOST",
    }
    assert names <= known_variables()
    assert {found.__module__ for found in all_settings()} >= {f"services.{name.value}.settings" for name in BUILDERS}


@given(st.integers(0, 10**6), st.sampled_from(["Ki", "Mi", "Gi", "k", "M", "G", "m", ""]))
def test_a_quantity_with_a_unit_of_kubernetes_is_one(amount: int, unit: str) -> None:
    assert quantity(f"{amount}{unit}") is not None


@pytest.mark.parametrize(
    ("given_", "value"), [("1Ki", 1024), ("500m", 0.5), ("1.5Gi", 1.5 * 1024**3), ("2e3", 2000), ("3M", 3_000_000)]
)
def test_quantities_mean_what_kubernetes_means(given_: str, value: float) -> None:
    assert quantity(given_) == pytest.approx(value)


@pytest.mark.parametrize("given_", ["", "1KB", "512MiB", "1 Gi", "-1Gi", "Gi", "1,5Gi", "0x10", "1K"])
def test_what_kubernetes_does_not_read_is_no_quantity(given_: str) -> None:
    assert quantity(given_) is None
